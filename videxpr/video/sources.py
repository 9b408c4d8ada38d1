"""From what the user names to a list of videos and folders of crops.

A source is a file, a folder (searched recursively), a glob (also quoted), or ``@list.txt`` with one
source a line; each of them may be at an address, as ``s3://bucket/videos``. Folders of crops in
Aff-Wild2's layout (``00001.jpg``, ``00002.jpg``, ...) are recognized by themselves, on this machine.
"""

import codecs
import glob
import logging
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, Literal

from videxpr.core.errors import SourceError
from videxpr.core.image_names import FEW, frame_images
from videxpr.core.names import (
    composed,
    escaped,
    is_address,
    public_address,
    respelled,
    unwritable,
)
from videxpr.core.remote import (
    REQUESTS,
    Location,
    RemoteFile,
    find_files,
    full_path,
    match_files,
    plain_address,
    read_file,
)
from videxpr.video.images import image_size
from videxpr.video.options import OVERLAY
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

WILDCARDS: Final = frozenset("*?[")

CROPS: Final = re.compile(r"cropped_aligned.*", re.I)
"""What folders are called that hold one folder of crops a name; Aff-Wild2 comes with two of them."""

LOGGER: Final = logging.getLogger(__name__)

LINE_END: Final = re.compile(r"\r\n?|\n")
STANDARD_INPUT: Final = Path("/dev/stdin")
UNDECODABLE: Final = re.compile("[\udc80-\udcff]")

SYSTEM_FOLDERS: Final = frozenset({"@eaDir", "#recycle", "$RECYCLE.BIN"})
"""What disk stations and Windows keep in a user's folders: previews, and what was thrown away."""

ENDINGS_SHOWN: Final = 6

BATCH: Final = re.compile(r"batch\d+|cropped_aligned.*", re.I)
"""What is above the names: such folders, and parts of them."""


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


def find_sources(arguments: Iterable[str]) -> list[Source]:
    """Return all sources that the arguments name, each once, in the order of the arguments.

    What is passed over in folders is logged, in a line for all.

    Args:
        arguments: files, folders, globs, ``@list.txt``.
    """
    unique: dict[str, Source] = {}
    others: set[Location] = set()
    for source in _expand_each(arguments, Path(), (), others):
        unique.setdefault(full_path(source.path), source)
    if others:
        LOGGER.warning("no videos by their names, so passed over: %s", _counted(others))
    return _with_names(_told_apart(_merge(unique.values())))


def _counted(files: Collection[Location]) -> str:
    """Return how many files have which ending, the most frequent ones of many."""
    counts = Counter(escaped(file.suffix.lower()) or "without an ending" for file in files)
    shown = counts.most_common(ENDINGS_SHOWN)
    more = len(files) - sum(count for _, count in shown)
    words = [f"{count} {ending}" for ending, count in shown]
    return ", ".join([*words, f"{more} others"] if more else words)


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


def _expand_each(
    arguments: Iterable[str], base: Path, lists: tuple[str, ...], others: set[Location]
) -> Iterator[Source]:
    """Yield the sources of several arguments; many addresses are asked for at the same time."""
    each = list(arguments)

    def expand(argument: str) -> list[Source]:
        return list(_expand(argument, base, lists, others))

    if not any(map(is_address, each)):
        yield from chain.from_iterable(map(expand, each))
        return
    with ThreadPoolExecutor(REQUESTS) as pool:
        yield from chain.from_iterable(pool.map(expand, each))


def _expand(
    argument: str, base: Path, lists: tuple[str, ...], others: set[Location]
) -> Iterator[Source]:
    """Yield the sources of one argument.

    Args:
        argument: a file, a folder, a glob or a list.
        base: the folder from which it is named.
        lists: the list files that led to it.
        others: takes the files that are passed over.
    """
    path = base / argument
    try:
        if not argument:  # "$folder" of a shell in which it is not set
            yield _missing('""', path, "an empty name")
        elif argument.startswith("@") and not path.exists():
            yield from _listed(argument[1:], base, lists, others)
        elif is_address(argument) and not _is_there(path):
            yield from _at_address(plain_address(argument), others)
        elif path.is_file():
            yield Source(path, "video", PurePosixPath(path.name))
        elif path.is_dir():
            found = list(_inside(path, path, frozenset(), others))
            yield from found or [_missing(path, path, "no video in this folder")]
        elif WILDCARDS & set(argument):
            yield from _globbed(argument, base, others)
        elif (spelled := _as_on_disk(path)) != path:
            yield from _expand(str(spelled), Path(), lists, others)
        else:
            yield _missing(path, path, _obstacle(argument, path))
    except OSError as exc:
        yield _missing(path, path, exc.strerror or str(exc))
    except SourceError as exc:  # of an address
        remote = RemoteFile(public_address(plain_address(argument.removeprefix("@"))))
        yield replace(_missing("", remote, ""), problem=str(exc))


def _listed(
    argument: str, base: Path, lists: tuple[str, ...], others: set[Location]
) -> Iterator[Source]:
    """Yield the sources in a text file, one a line, below its folder.

    A line that begins with ``#`` is a comment unless there is a file of that name. The list's own name
    is left out, which ``ls > list.txt`` puts in it.
    """
    file = STANDARD_INPUT if argument == "-" else base / argument
    if is_address(argument) and not _is_there(file):
        yield from _listed_at(plain_address(argument), lists, others)
        return
    real = file.resolve()
    if str(real) in lists:
        yield _missing(file, file, "this list names itself")
        return
    if not file.exists():
        yield _missing(file, file, "no such list")
        return
    is_piped = file.is_relative_to(STANDARD_INPUT.parent)  # as a shell's <(...)
    above = Path() if is_piped else file.parent
    lines = _read_list(file, above)
    if lines is None:
        yield _missing(file, file, "this list is not UTF-8 text")
        return
    named = [text for line in lines if (text := _named_in(line, above))]
    listed = [text for text in named if (above / text).resolve() != real]
    yield from _expand_each(listed, above, (*lists, str(real)), others)


def _named_in(line: str, above: Path) -> str:
    """Return what a line of a list names; nothing if it is blank or a comment."""
    if line and _is_there(above / line):
        return line
    text = line.strip()
    return "" if text.startswith("#") else text


def _read_list(file: Path, above: Path) -> list[str] | None:
    """Return the lines of a list; None if it is no text, or not UTF-8 though its files' names are."""
    text = file.read_bytes().removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    lines = LINE_END.split(text)
    odd = [line for line in lines if not line.isascii() and UNDECODABLE.search(line)]
    return None if "\0" in text or not all(_is_there(above / line) for line in odd) else lines


def _at_address(address: str, others: set[Location]) -> Iterator[Source]:
    """Yield the videos at an address: that file, those below it, or those that a pattern matches.

    Raises:
        SourceError: the address cannot be used, or its store does not answer.
    """
    files, top, endings = find_files(address), address, VIDEO_SUFFIXES
    if [one.address for one in files] == [address]:
        yield Source(files[0], "video", PurePosixPath(files[0].name))
        return
    if not files and WILDCARDS & set(address):
        files = match_files(address)
        top = "/".join(takewhile(lambda part: not WILDCARDS & set(part), address.split("/")))
        endings = VIDEO_SUFFIXES | {PurePath(address).suffix.lower()} - {""}
    found: list[Source] = []
    for file in files:
        below = PurePosixPath(file.address.removeprefix(top).lstrip("/"))
        if ".." in re.split(r"[/\\]", str(below)):
            found.append(_missing(file, file, "a name with .. would leave the output folder"))
        elif any(part.startswith(".") or part in SYSTEM_FOLDERS for part in below.parts):
            continue
        elif file.suffix.lower() in endings:
            found.append(Source(file, "video", below))
        else:
            others.add(file)
    problem = "no video in this folder" if files else "no such bucket, folder or file"
    yield from found or [_missing(address, RemoteFile(address), problem)]


def _listed_at(address: str, lists: tuple[str, ...], others: set[Location]) -> Iterator[Source]:
    """Yield the sources in a list at an address: addresses, and names below the list's own folder.

    Raises:
        SourceError: it cannot be read.
    """
    if address in lists:
        raise SourceError(f"{address}: this list names itself")
    try:
        text = read_file(address).removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as exc:
        raise SourceError(f"{address}: this list is not UTF-8 text") from exc
    named = [line.strip() for line in LINE_END.split(text) if line.strip()]
    full = [_below_list(one, address) for one in named if not one.startswith("#")]
    listed = [one for one in full if one != address]  # of a listing that holds itself
    yield from _expand_each(listed, Path(), (*lists, address), others)


def _below_list(line: str, address: str) -> str:
    """Return what a line of a list at an address names, which is never a file on this machine."""
    mark, name = ("@", line[1:]) if line.startswith("@") else ("", line)
    return line if is_address(name) else f"{mark}{address.rpartition('/')[0]}/{name}"


def _globbed(pattern: str, base: Path, others: set[Location]) -> Iterator[Source]:
    """Yield what a pattern matches; of files, those with a video's ending or with the pattern's own."""
    fixed = base.joinpath(*takewhile(lambda part: not WILDCARDS & set(part), Path(pattern).parts))
    endings = VIDEO_SUFFIXES | {Path(pattern).suffix.lower()} - {""}
    found: list[Source] = []
    for match in sorted(base / name for name in glob.glob(pattern, root_dir=base, recursive=True)):
        if SYSTEM_FOLDERS & set(match.relative_to(fixed).parts):
            continue
        if match.is_dir():
            found += _inside(match, fixed, frozenset(), others)
        elif match.suffix.lower() in endings:
            found.append(_file(match, fixed))
        else:
            others.add(match)
    yield from found or [_missing(path := base / pattern, path, "this pattern matches no video")]


def _inside(
    folder: Path, top: Path, above: frozenset[Path], others: set[Location]
) -> Iterator[Source]:
    """Yield videos and crop folders in and below a folder, by name.

    Overlays and hidden entries are skipped, what macOS leaves beside a file (``._cam1.mp4``) among
    these. Links that lead back to a folder above are passed over, and so are files that no video is
    named like.
    """
    try:
        real, is_crops = folder.resolve(), is_crop_folder(folder)
        with os.scandir(folder) as found:
            entries = [(entry.name, _is_folder(entry)) for entry in found]
    except OSError as exc:
        yield _missing(folder, folder, exc.strerror or str(exc))
        return
    if real in above:
        LOGGER.warning("passed over %s, a link to a folder above it", escaped(str(folder)))
    elif is_crops:
        yield Source(folder, "crops", _relative(folder, top))
    else:
        for name, is_folder in sorted(entries):
            if name.startswith(".") or name in SYSTEM_FOLDERS or name.endswith(OVERLAY):
                continue
            if is_folder:
                yield from _inside(folder / name, top, above | {real}, others)
            elif _is_video_name(name):
                yield _file(folder / name, top)
            else:
                others.add(folder / name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a folder or a link to one; a link to itself is none, and no error."""
    return os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()  # noqa: PTH112


def _file(path: Path, top: Path) -> Source:
    """Return what is called like a video: it may be a pipe, or a link to nothing."""
    if not _is_there(path) or not path.is_file():
        return _missing(path, path, _obstacle(path.name, path))
    return Source(path, "video", _relative(path, top))


def _relative(path: Path, top: Path) -> PurePosixPath:
    """Return a path below a folder; its name alone if it is that folder, or ``..`` leads out of it.

    Outputs keep it, and must not leave theirs: ``clips/*/../../talk.mp4`` does.
    """
    place, above = Path(full_path(path)), Path(full_path(top))
    is_below = above in place.parents
    return PurePosixPath(place.relative_to(above).as_posix() if is_below else place.name)


def _as_on_disk(path: Path) -> Path:
    """Return a path as folders spell it, where only Unicode's spelling differs; else as it is."""
    if _is_there(path) or path == path.parent:
        return path
    above = _as_on_disk(path.parent)
    if not above.is_dir():
        return path
    return above / respelled([path.name], os.listdir(above))[path.name]  # noqa: PTH208


def _is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 (a name that is too long is not there, and no error)


def _obstacle(argument: str, path: Path) -> str:
    """Return why there is no file or folder."""
    if argument == "-":
        return "a video cannot be read from standard input; save it to a file"
    if _is_there(path):
        return "a pipe or device cannot be searched; save the video to a file"
    return "a link to nothing" if path.is_symlink() else "no such file or folder"


def _missing(shown: str | Location, path: Location, problem: str) -> Source:
    """Return what is not there, as the user named it."""
    name = PurePosixPath(path.name or str(path))
    return Source(path, "missing", name, problem=f"{escaped(str(shown))}: {problem}")


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
