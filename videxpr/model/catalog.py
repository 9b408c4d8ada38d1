"""Which models there are: for expressions, by the registries, and for finding faces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from videxpr.core.errors import CheckpointError, UsageError, did_you_mean
from videxpr.core.files import sha256_of
from videxpr.faces.detection.packs import (
    MTCNN,
    PACKS,
    DetectorPack,
    find_pack,
    installed_packs,
    search_roots,
)
from videxpr.model.hub.download import Progress, fetch, unpack
from videxpr.model.hub.huggingface import PREFIX, WEIGHTS
from videxpr.model.hub.registry import RegisteredModel, find_registered, registered_models
from videxpr.model.hub.resolve import cached_file
from videxpr.model.options import NEWEST_STARTER, STARTER

PACK_LICENSE: Final = "non-commercial research only"
PACK_TERMS: Final = "https://github.com/deepinsight/insightface#license"
"""Of insightface's models; its code is under the MIT license, they are not."""


@dataclass(frozen=True)
class ListedModel:
    """What is known of a model, and what is here of it.

    Attributes:
        name: what it is called in the commands.
        kind: ``expressions`` or ``detector``.
        state: whether it can be used now.
        path: its file, or None if it has none here.
        size_bytes: of that file, or of the download where there is none; None if unknown.
        sha256: of that file, or of the download where its registry states it; None if unknown.
        license: under which terms it may be used.
        note: what it is, in a few words, or why it is missing.
        url: an http or https address that its registry states; empty if it states none.
        registry: the file that names it; None of a detector.
    """

    name: str
    kind: Literal["expressions", "detector"]
    state: Literal["in the package", "installed", "not installed", "missing"]
    path: Path | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    license: str = "unknown"
    note: str = ""
    url: str = ""
    registry: Path | None = None


@dataclass(frozen=True)
class DownloadedPack:
    """A pack that is installed now; `files` were unpacked just now, none if it was there before."""

    pack: DetectorPack
    model: Path
    files: tuple[Path, ...]


def list_models(root: Path | None = None) -> list[ListedModel]:
    """Return the expression models of the registries, then the detectors, packs of other makers last.

    Args:
        root: folder that holds packs; None is insightface's own, ``~/.insightface``.

    Raises:
        FormatError: the user's registry cannot be read, or gives a name that is taken.
    """
    here = {found.name: found.model for found in installed_packs(root)}
    names = dict.fromkeys((*PACKS, *here))
    detectors = [_MTCNN, *(_detector(name, here.get(name)) for name in names)]
    return [*map(_expressions, registered_models().values()), *detectors]


def is_expression_model(asked: str) -> bool:
    """Return whether a name or a path means expression weights, there or not, and no face detector."""
    if asked.startswith(PREFIX) or asked.endswith(".safetensors"):
        return True
    if asked in (MTCNN, *PACKS):
        return False
    return (Path(asked) / WEIGHTS).is_file() or find_registered(asked) is not None


def is_downloaded(asked: str) -> bool:
    """Return whether weights come from the network: from the Hub, or from a registered address."""
    model = find_registered(asked)
    return asked.startswith(PREFIX) or (model is not None and model.url != "")


def absent_model(asked: str) -> ListedModel | None:
    """Return the registered model of that name if it is still to be downloaded, else None."""
    model = find_registered(asked) if is_downloaded(asked) else None
    return None if model is None or cached_file(model).is_file() else _expressions(model)


def find_detector(name: str, root: Path | None = None) -> ListedModel:
    """Return the detector of that name, or in that pack's folder or ONNX file.

    Args:
        name: of a detector, or the path of a pack's folder or of an ONNX file.
        root: folder that holds packs; None is insightface's own, ``~/.insightface``.

    Raises:
        UsageError: there is none.
    """
    if name == MTCNN:
        return _MTCNN
    found = find_pack(name, root) if name else None
    if found is not None:
        return _detector(found.name, found.model)
    if name in PACKS:
        return _detector(name, None)
    raise _unknown(
        name,
        (*registered_models(), MTCNN, *PACKS),
        f"packs under {search_roots(root)[0]}, hf:OWNER/REPO, paths of .safetensors files, of folders "
        f"with {WEIGHTS} or a pack, and of .onnx files",
    )


def download_pack(
    name: str, root: Path | None = None, progress: Progress | None = None
) -> DownloadedPack:
    """Install one of `PACKS` in ``ROOT/models/NAME``, unless it is there already.

    All models of the pack are unpacked, though videxpr reads two of them at most: insightface
    takes a folder that exists for a whole pack, so a part of one would break other programs that
    share the root. A zip file that someone put at ``ROOT/models/NAME.zip`` is used, and kept.

    Args:
        name: of the pack.
        root: folder that holds packs; None is insightface's own, ``~/.insightface``.
        progress: called with the bytes of the download as they come.

    Raises:
        UsageError: there is no such pack.
        DownloadError: it cannot be fetched, or is not the published one.
        OutputError: it cannot be written.
    """
    pack = _downloadable(name)
    here = next((found.model for found in installed_packs(root) if found.name == name), None)
    if here is not None and sha256_of(here) == pack.model_sha256:
        return DownloadedPack(pack, here, ())
    folder = search_roots(root)[0] / name
    archive = folder.with_name(f"{name}.zip")
    brought = archive.is_file()
    fetch(pack.url, archive, pack.sha256, progress)
    try:
        files = unpack(archive, folder, ".onnx")
    finally:
        if not brought:
            archive.unlink()
    return DownloadedPack(pack, folder / pack.model, files)


_MTCNN: Final = ListedModel(
    MTCNN, "detector", "in the package", license="MIT", note="comes with facenet-pytorch"
)


def _expressions(model: RegisteredModel) -> ListedModel:
    """Return a registered model, by what its file says of itself if it is here."""
    from videxpr.model.header import read_card

    file = cached_file(model)
    row = ListedModel(model.name, "expressions", "not installed", license=model.license)
    row = replace(row, url=model.url, registry=model.registry)
    if model.url and not file.is_file():
        return replace(row, size_bytes=model.size_bytes, sha256=model.sha256, note=model.note)
    try:
        card = read_card(file if model.url else model.name)  # by its name it might be downloaded
    except CheckpointError as exc:
        return replace(row, state="missing", note=str(exc))
    if model.url and card.sha256 != model.sha256:
        return replace(row, note=f"{file} is not the registered file")
    size, note = file.stat().st_size, f"{card.config.variant}, trained on {card.training.data}"
    row = replace(row, path=file, size_bytes=size, sha256=card.sha256, license=card.license)
    return replace(row, state="in the package" if model.in_package else "installed", note=note)


def _detector(name: str, model: Path | None) -> ListedModel:
    """Return the pack of that name, installed with that file or, if it is in `PACKS`, not."""
    if model is None:
        size, note = PACKS[name].size_bytes, PACKS[name].note
        row = ListedModel(name, "detector", "not installed", size_bytes=size)
        return replace(row, license=PACK_LICENSE, note=note)
    sha256 = sha256_of(model)
    row = ListedModel(name, "detector", "installed", model, model.stat().st_size, sha256)
    same = [pack for pack in PACKS.values() if pack.model_sha256 == sha256]
    if same:
        note = f"{same[0].note}, as published in {', '.join(pack.name for pack in same)}"
        return replace(row, license=PACK_LICENSE, note=note)
    return replace(row, note="not as published" if name in PACKS else "unknown to videxpr")


def _downloadable(name: str) -> DetectorPack:
    if name in (STARTER, NEWEST_STARTER, MTCNN):
        raise UsageError(f"{name} comes with videxpr; there is nothing to download")
    if name not in PACKS:
        addressed = [model.name for model in registered_models().values() if model.url]
        raise _unknown(name, (*addressed, *PACKS), "hf:OWNER/REPO")
    return PACKS[name]


def _unknown(name: str, names: Sequence[str], more: str) -> UsageError:
    """Return the error for a name that is none of those that would do."""
    hint = did_you_mean(name.lower(), names)
    known = f"{hint} Known" if hint else "; known"
    return UsageError(f"no model {name!r}{known} are {', '.join(names)}, and {more}")
