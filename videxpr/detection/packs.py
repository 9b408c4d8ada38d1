"""Where insightface's model packs lie on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PREFERRED: Final = ("buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc")
"""Packs in the order in which ``auto`` and ``scrfd`` take them; others follow by name."""


@dataclass(frozen=True)
class Pack:
    """A face detection model on disk: the pack's name and its ONNX file."""

    name: str
    model: Path


def search_roots(root: Path | None) -> tuple[Path, ...]:
    """Folders that may hold packs: under the root given, or else under insightface's own."""
    base = root if root is not None else Path.home() / ".insightface"
    return (base / "models", base)


def installed_packs(root: Path | None) -> list[Pack]:
    """All packs that hold a detection model, best first."""
    packs: dict[str, Pack] = {}
    for place in search_roots(root):
        for folder in sorted(place.iterdir()) if place.is_dir() else []:
            pack = _pack_in(folder)
            if pack is not None:
                packs.setdefault(pack.name, pack)
    return sorted(packs.values(), key=_preference)


def find_pack(name: str, root: Path | None) -> Pack | None:
    """The pack of that name or path, or the best one installed if the name is empty."""
    installed = next((pack for pack in installed_packs(root) if name in ("", pack.name)), None)
    path = Path(name)
    if installed is not None or not name:
        return installed
    if path.suffix == ".onnx" and path.is_file():
        return Pack(path.stem, path)
    return _pack_in(path) if path.is_dir() else None


def _pack_in(folder: Path) -> Pack | None:
    models = [
        *sorted(folder.glob("det_*.onnx")),
        *sorted(folder.glob("scrfd*.onnx")),
    ]
    return Pack(folder.name, models[0]) if models else None


def _preference(pack: Pack) -> tuple[int, str]:
    rank = PREFERRED.index(pack.name) if pack.name in PREFERRED else len(PREFERRED)
    return rank, pack.name
