"""From what the user names to a list of videos and folders of crops.

A source is a file, a folder (searched recursively), a glob (also quoted), or ``@list.txt`` with one
source a line. Folders of crops in Aff-Wild2's layout (``00001.jpg``, ``00002.jpg``, ...) are
recognized by themselves.
"""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, Literal

from videxpr.core.errors import SourceError
from videxpr.core.image_names import FEW, frame_images
from videxpr.core.names import escaped, unwritable
from videxpr.video.images import image_size

# fmt: off
VIDEO_SUFFIXES: Final = frozenset({
    ".264", ".265", ".3g2", ".3gp", ".3gpp", ".apng", ".asf", ".av1", ".avc", ".avi", ".divx", ".dv",
    ".f4v", ".flv", ".gif", ".gxf", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2p", ".m2t", ".m2ts",
    ".m2v", ".m4v", ".mk3d", ".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts",
    ".mxf", ".nut", ".obu", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".tod", ".tp", ".trp", ".ts", ".vob",
    ".vro", ".webm", ".wmv", ".wtv", ".y4m",
})
# fmt: on
"""Endings by which a folder's videos are recognized; a file named outright may have any other."""

WILDCARDS: Final = frozenset("*?[")

CROPS: Final = re.compile(r"cropped_aligned.*", re.I)
"""What folders are called that hold one folder of crops a name; Aff-Wild2 comes with two of them."""

BATCH: Final = re.compile(r"batch\d+|cropped_aligned.*", re.I)
"""What is above the names: such folders, and parts of them."""


@dataclass(frozen=True)
class Source:
    """One thing to annotate.

    Attributes:
        path: where it is.
        kind: ``video``, ``crops`` (a folder of aligned crops) or ``missing``.
        relative: its path below the argument that named it; outputs keep these folders.
        name: what submissions call it: the file's stem, or the crop folder's name; with folders in
            front where two sources would share it.
        problem: why it is ``missing``.
        more: other folders with crops of it; of a frame that is in several, the first one's counts.
    """

    path: Path
    kind: Literal["video", "crops", "missing"]
    relative: PurePosixPath
    name: str = ""
    problem: str = ""
    more: tuple[Path, ...] = ()

    @property
    def stem(self) -> str:
        """Return the file's name without its ending, or the crop folder's name."""
        return self.relative.name if self.kind == "crops" else self.relative.stem

    @property
    def printable(self) -> str:
        """Return its relative path as a line of text that any file can hold."""
        return escaped(self.relative.as_posix())


def check_source(source: Source) -> None:
    """Refuse what is not there, and names that no text file can hold.

    Raises:
        SourceError: it says which.
    """
    if source.kind == "missing":
        raise SourceError(f"nothing to annotate at {source.path}: {source.problem}")
    check_name(source)


def check_name(source: Source) -> None:
    """Refuse a name that no text file can hold.

    Raises:
        SourceError: it says which character is at fault.
    """
    if odd := unwritable(source.relative.as_posix()):
        raise SourceError(f"its name holds {odd!r}, which no text file can hold; rename it")


def find_sources(arguments: Iterable[str]) -> list[Source]:
    """Return all sources that the arguments name, each once, in the order of the arguments.

    Args:
        arguments: files, folders, globs, ``@list.txt``.
    """
    unique: dict[str, Source] = {}
    for argument in arguments:
        for source in _expand(argument, Path(), ()):
            # not resolved: a link is a name of its own
            unique.setdefault(os.path.abspath(source.path), source)  # noqa: PTH100
    return _with_names(_merge(unique.values()))


def is_crop_folder(folder: Path) -> bool:
    """Return whether a folder holds crops: more images of a video's frames than others, and no videos.

    A few images are crops only if they are square: a numbered photo does not make a folder crops.

    Raises:
        OSError: the folder cannot be read.
    """
    names = os.listdir(folder)  # noqa: PTH208 (names alone: there are thousands)
    found = frame_images(names)
    if len(found.frames) <= len(found.others) or any(map(_is_video_name, names)):
        return False
    return len(found.frames) >= FEW or all(_may_be_crop(folder / name) for _, name in found.frames)


def _may_be_crop(path: Path) -> bool:
    try:
        width, height = image_size(path)
    except SourceError:
        return True  # it is damaged, which is said when it is read
    return width == height


def _is_video_name(name: str) -> bool:
    return not name.startswith(".") and PurePath(name).suffix.lower() in VIDEO_SUFFIXES


def _expand(argument: str, base: Path, lists: tuple[Path, ...]) -> Iterator[Source]:
    """Yield the sources of one argument below `base`; `lists` are the list files that led to it."""
    path = base / argument
    try:
        if argument.startswith("@") and not path.exists():
            yield from _listed(base / argument[1:], lists)
        elif path.is_file():
            yield Source(path, "video", PurePosixPath(path.name))
        elif path.is_dir():
            found = list(_inside(path, path, frozenset()))
            yield from found or [_missing(path, "no video in this folder")]
        elif WILDCARDS & set(argument):
            yield from _globbed(argument, base)
        else:
            yield _missing(path, "no such file or folder")
    except OSError as exc:
        yield _missing(path, exc.strerror or str(exc))


def _listed(file: Path, lists: tuple[Path, ...]) -> Iterator[Source]:
    """Yield the sources in a text file, one a line, below its folder; ``#`` begins a comment."""
    if file.resolve() in lists:
        yield _missing(file, "this list names itself")
        return
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        yield _missing(file, "no such list")
        return
    except UnicodeDecodeError:
        yield _missing(file, "this list is not UTF-8 text")
        return
    for line in lines:
        text = line.strip()
        if text and not text.startswith("#"):
            yield from _expand(text, file.parent, (*lists, file.resolve()))


def _globbed(pattern: str, base: Path) -> Iterator[Source]:
    """Yield what a pattern matches; of files, those with a video's ending or with the pattern's own."""
    fixed = base.joinpath(*takewhile(lambda part: not WILDCARDS & set(part), Path(pattern).parts))
    endings = VIDEO_SUFFIXES | {Path(pattern).suffix.lower()} - {""}
    found: list[Source] = []
    for match in sorted(base / name for name in glob.glob(pattern, root_dir=base, recursive=True)):
        if match.is_dir():
            found += _inside(match, fixed, frozenset())
        elif match.suffix.lower() in endings:
            found.append(Source(match, "video", PurePosixPath(match.relative_to(fixed).as_posix())))
    yield from found or [_missing(base / pattern, "this pattern matches no video")]


def _inside(folder: Path, top: Path, above: frozenset[Path]) -> Iterator[Source]:
    """Yield videos and crop folders in and below a folder, by name.

    Hidden entries are skipped, and so are links that lead back to a folder above.
    """
    real = folder.resolve()
    if real in above:
        return
    if is_crop_folder(folder):
        below = folder.relative_to(top).as_posix()
        yield Source(folder, "crops", PurePosixPath(folder.name if below == "." else below))
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _inside(entry, top, above | {real})
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            yield Source(entry, "video", PurePosixPath(entry.relative_to(top).as_posix()))


def _missing(path: Path, problem: str) -> Source:
    return Source(path, "missing", PurePosixPath(path.name or str(path)), problem=problem)


def _merge(sources: Iterable[Source]) -> list[Source]:
    """Merge crops of one name in two of Aff-Wild2's crop folders, as training does."""
    videos: dict[tuple[Path, str], Source] = {}
    for source in sources:
        key = _video_of(source)
        first = videos.setdefault(key, source)
        if first is not source:
            videos[key] = replace(first, more=(*first.more, source.path))
    return list(videos.values())


def _video_of(source: Source) -> tuple[Path, str]:
    """Return the folder above all crop folders, and the name in them; else the source's own path."""
    place = Path(os.path.abspath(source.path))  # noqa: PTH100
    top = next((one for one in place.parents if BATCH.fullmatch(one.name)), None)
    if source.kind != "crops" or top is None:
        return place, ""
    home = next(one for one in (top, *top.parents) if not BATCH.fullmatch(one.name))
    if not any(CROPS.fullmatch(part) for part in top.relative_to(home).parts):
        return place, ""
    return home, place.relative_to(top).as_posix()


def _with_names(sources: list[Source]) -> list[Source]:
    counts = Counter(source.stem for source in sources)
    return [
        replace(source, name=source.stem if counts[source.stem] == 1 else _path_name(source))
        for source in sources
    ]


def _path_name(source: Source) -> str:
    return (source.relative.parent / source.stem).as_posix()
