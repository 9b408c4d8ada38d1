"""What is annotated, a video or a folder of crops: how it is recognized, and what it is called."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, Literal

from videxpr.core.errors import SourceError
from videxpr.core.image_names import FEW, frame_images
from videxpr.core.names import composed, escaped, is_address, unwritable
from videxpr.core.remote import Location, full_path
from videxpr.video.images import image_size
from videxpr.video.segments import Segment, name_with_segment

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

CROPS: Final = re.compile(r"cropped_aligned.*", re.I)
"""What folders are called that hold one folder of crops a name; Aff-Wild2 comes with two of them."""

BATCH: Final = re.compile(r"batch\d+|cropped_aligned.*", re.I)
"""What is above the names: such folders, and parts of them."""

UNDECODABLE: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Source:
    """One thing to annotate.

    Attributes:
        path: where it is, on this machine or at an address.
        kind: ``video``, ``crops`` (a folder of aligned crops) or ``missing``.
        relative: its path below the argument that named it; outputs keep these folders.
        name: what submissions call it: the file's stem, or the crop folder's name; with folders in
            front where two sources would share it.
        problem: why it is ``missing``.
        more: other folders with crops of it; of a frame that is in several, the first one's counts.
        segment: the stretch of it that is meant; None for the whole.
    """

    path: Location
    kind: Literal["video", "crops", "missing"]
    relative: PurePosixPath
    name: str = ""
    problem: str = ""
    more: tuple[Path, ...] = ()
    segment: Segment | None = None

    @property
    def segment_name(self) -> str:
        """Return the name of its segment; nothing of the whole."""
        return self.segment.name if self.segment else ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return the folders that hold its crops."""
        assert isinstance(self.path, Path), "crops are on this machine"
        return self.path, *self.more

    @property
    def stem(self) -> str:
        """Return the file's name without its ending, or the crop folder's name, and the segment's."""
        stem = self.relative.name if self.kind == "crops" else self.relative.stem
        return f"{stem}.{self.segment.name}" if self.segment else stem

    @property
    def key(self) -> str:
        """Return its relative path without its ending, which its outputs keep."""
        return (self.relative.parent / self.stem).as_posix()

    @property
    def shown(self) -> str:
        """Return its path, and its segment, as messages have it."""
        return name_with_segment(str(self.path), self.segment_name)

    @property
    def printable(self) -> str:
        """Return its relative path, and its segment, as a line of text that any file can hold."""
        return escaped(name_with_segment(self.relative.as_posix(), self.segment_name))


def check_source(source: Source) -> None:
    """Refuse what is not there, and names that no text file can hold.

    Raises:
        SourceError: it says which.
    """
    if source.kind == "missing":
        raise SourceError(source.problem)
    if odd := unwritable(source.relative.as_posix()):
        what = "bytes that are no UTF-8" if UNDECODABLE.match(odd) else repr(odd)
        raise SourceError(f"its name holds {what}, which no text file can hold; rename it")


def is_crop_folder(folder: Path) -> bool:
    """Return whether a folder holds crops: more images of a video's frames than others, and no videos.

    A few images are crops only if they are square: a numbered photo does not make a folder crops.

    Raises:
        OSError: the folder cannot be read.
    """
    names = os.listdir(folder)  # noqa: PTH208 (names alone: there are thousands)
    found = frame_images(names)
    if len(found.frames) <= len(found.others) or any(map(is_video_name, names)):
        return False
    return len(found.frames) >= FEW or all(_may_be_crop(folder / name) for _, name in found.frames)


def _may_be_crop(path: Path) -> bool:
    try:
        width, height = image_size(path)
    except SourceError:
        return True  # it is damaged, which is said when it is read
    return width == height


def is_video_name(name: str) -> bool:
    """Return whether a file in a folder is taken for a video, by its name alone."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in VIDEO_SUFFIXES


def name_sources(sources: Iterable[Source]) -> list[Source]:
    """Return sources with their names, each its own; crops of one name that belong together are one."""
    return _with_names(_told_apart(_merge(sources)))


def _merge(sources: Iterable[Source]) -> list[Source]:
    """Merge crops of one name in two of Aff-Wild2's crop folders, as training does."""
    videos: dict[tuple[str, str], Source] = {}
    for source in sources:
        key = _video_of(source)
        first = videos.setdefault(key, source)
        if first is not source:
            videos[key] = replace(first, more=(*first.more, *source.folders))
    return list(videos.values())


def _video_of(source: Source) -> tuple[str, str]:
    """Return the folder above all crop folders, and the name in them; else the source's own path."""
    own, place = full_path(source.path), _place(source)
    top = next((one for one in place.parents if BATCH.fullmatch(one.name)), None)
    if source.kind != "crops" or top is None:
        return own, ""
    home = next(one for one in (top, *top.parents) if not BATCH.fullmatch(one.name))
    if not any(CROPS.fullmatch(part) for part in top.relative_to(home).parts):
        return own, ""
    return str(home), place.relative_to(top).as_posix()


def _place(source: Source) -> Path:
    """Return a source's full path; ``/s3/bucket/a.mp4`` of one at an address, to be compared alone."""
    path = full_path(source.path)
    return Path("/" + path.replace("://", "/", 1)) if is_address(path) else Path(path)


def _told_apart(sources: list[Source]) -> list[Source]:
    """Give sources of one name the folders in which they differ, which a shell's glob leaves out.

    Names are one here if any file system takes them for one: ``Cam1`` and ``cam1`` are.
    """
    groups: dict[str, list[Source]] = {}
    for source in sources:
        if source.kind != "missing":
            groups.setdefault(composed(source.key).casefold(), []).append(source)
    apart: dict[Source, Source] = {}
    for group in groups.values():
        tops = {_top(source) for source in group}
        if len(tops) > 1:
            with suppress(ValueError):  # on Windows, two drives have nothing in common
                above = os.path.commonpath(tops)
                apart |= {one: replace(one, relative=_below(one, above)) for one in group}
    return _told_apart([apart.get(source, source) for source in sources]) if apart else sources


def _top(source: Source) -> Path:
    """Return the folder below which a source has its relative path."""
    return _place(source).parents[len(source.relative.parts) - 1]


def _below(source: Source, top: str) -> PurePosixPath:
    return PurePosixPath(_place(source).relative_to(top).as_posix())


def _with_names(sources: list[Source]) -> list[Source]:
    counts = Counter(composed(source.stem) for source in sources)
    return [
        replace(source, name=source.stem if counts[composed(source.stem)] == 1 else source.key)
        for source in sources
    ]
