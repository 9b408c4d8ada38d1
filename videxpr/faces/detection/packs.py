"""Insightface's model packs: which are published, and where they lie on this machine."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PREFERRED: Final = ("buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc")
"""Packs in the order in which ``auto`` and ``scrfd`` take them; others follow by name."""

MTCNN: Final = "mtcnn"
"""The detector that needs no pack."""

MTCNN_WEIGHTS: Final = ("pnet.pt", "rnet.pt", "onet.pt")
MIN_SCORES: Final = {MTCNN: 0.9, "scrfd": 0.5}
"""Faces with less confidence are not reported, by detector, unless a user says otherwise."""

RELEASE: Final = "https://github.com/deepinsight/insightface/releases/download/v0.7"


@dataclass(frozen=True)
class DetectorPack:
    """One of insightface's model packs, as published.

    Attributes:
        name: what insightface calls it.
        size_bytes: of its zip file.
        sha256: of its zip file.
        model: file name of the face detector in it.
        model_sha256: of the face detector.
        note: what the detector is.
        release: address of the folder with the zip file.
    """

    name: str
    size_bytes: int
    sha256: str
    model: str
    model_sha256: str
    note: str
    release: str = RELEASE

    @property
    def url(self) -> str:
        """Return where its zip file is."""
        return f"{self.release}/{self.name}.zip"


_10G: Final = "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91"
_2_5G: Final = "041f73f47371333d1d17a6fee6c8ab4e6aecabefe398ff32cca4e2d5eaee0af9"
_500M: Final = "5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a"
_L: Final = "80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f"
_M: Final = "d98264bd8f2dc75cbc2ddce2a14e636e02bb857b3051c234b737bf3b614edca9"
_S: Final = "d85a87f503f691807cd8bb97128bdf7a0660326cd9cd02657127fa978bab8b5e"
_SC: Final = "57d31b56b6ffa911c8a73cfc1707c73cab76efe7f13b675a05223bf42de47c72"
_V2: Final = "8e182f14fc6e80b3bfa375b33eb6cff7ee05d8ef7633e738d1c89021dcf0c5c5"

_ALL: Final = (
    DetectorPack("buffalo_l", 288_621_354, _L, "det_10g.onnx", _10G, "SCRFD-10GF"),
    DetectorPack("buffalo_m", 275_951_529, _M, "det_2.5g.onnx", _2_5G, "SCRFD-2.5GF"),
    DetectorPack("buffalo_s", 127_607_557, _S, "det_500m.onnx", _500M, "SCRFD-500MF"),
    DetectorPack("buffalo_sc", 14_969_382, _SC, "det_500m.onnx", _500M, "SCRFD-500MF"),
    DetectorPack("antelopev2", 360_662_982, _V2, "scrfd_10g_bnkps.onnx", _10G, "SCRFD-10GF"),
)
PACKS: Final = {pack.name: pack for pack in _ALL}
"""The packs that can be downloaded, by name."""


@dataclass(frozen=True)
class Pack:
    """A pack on disk.

    Attributes:
        name: what it is called.
        model: the face detector's ONNX file.
        recognition: that of the model which tells people apart; None if there is none.
    """

    name: str
    model: Path
    recognition: Path | None = None


def search_roots(root: Path | None) -> tuple[Path, ...]:
    """Return the folders that may hold packs: under the root given, or else insightface's own."""
    base = root if root is not None else Path.home() / ".insightface"
    return (base / "models", base)


def installed_packs(root: Path | None) -> list[Pack]:
    """Return all packs that hold a detection model, best first."""
    places = [place for place in search_roots(root) if place.is_dir()]
    found = [
        pack for place in places for folder in sorted(place.iterdir()) for pack in _pack(folder)
    ]
    first_of_name = {pack.name: pack for pack in reversed(found)}
    return sorted(first_of_name.values(), key=_preference)


def find_pack(name: str, root: Path | None) -> Pack | None:
    """Return the pack of that name or path, or the best one installed if the name is empty."""
    found = [pack for pack in installed_packs(root) if name in ("", pack.name)]
    path = Path(name)
    if path.suffix == ".onnx" and path.is_file():
        found.append(Pack(path.stem, path, _recognition(path.parent)))
    elif name and path.is_dir():
        found += _pack(path)
    return next(iter(found), None)


def mtcnn_weights() -> list[Path]:
    """Return the files of MTCNN's networks in facenet-pytorch's wheel, which is not imported."""
    found = find_spec("facenet_pytorch")
    folders = [] if found is None else found.submodule_search_locations or []
    return [Path(folder) / "data" / name for folder in folders for name in MTCNN_WEIGHTS]


def _pack(folder: Path) -> list[Pack]:
    """Return the pack in a folder, if it is one."""
    models = [*sorted(folder.glob("det_*.onnx")), *sorted(folder.glob("scrfd*.onnx"))]
    return [Pack(folder.name, model, _recognition(folder)) for model in models[:1]]


def _recognition(folder: Path) -> Path | None:
    """Return the recognition model of a folder: those of WebFace600K, or that of Glint360K."""
    models = [*sorted(folder.glob("w600k_*.onnx")), *sorted(folder.glob("glint*.onnx"))]
    return next(iter(models), None)


def _preference(pack: Pack) -> tuple[int, str]:
    return [*PREFERRED, pack.name].index(pack.name), pack.name
