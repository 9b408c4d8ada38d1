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
from dataclasses import replace
from itertools import chain, takewhile
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from videxpr.core.errors import SourceError
from videxpr.core.names import escaped, is_address, public_address, respelled
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
from videxpr.video.options import OVERLAY
from videxpr.video.sources import (
    UNDECODABLE,
    VIDEO_SUFFIXES,
    Source,
    is_crop_folder,
    is_video_name,
    name_sources,
)

WILDCARDS: Final = frozenset("*?[")

LOGGER: Final = logging.getLogger(__name__)

LINE_END: Final = re.compile(r"\r\n?|\n")
STANDARD_INPUT: Final = Path("/dev/stdin")

SYSTEM_FOLDERS: Final = frozenset({"@eaDir", "#recycle", "$RECYCLE.BIN"})
"""What disk stations and Windows keep in a user's folders: previews, and what was thrown away."""

ENDINGS_SHOWN: Final = 6


def find_sources(arguments: str | Path | Iterable[str | Path]) -> list[Source]:
    """Return all sources that the arguments name, each once, in the order of the arguments.

    What is passed over in folders is logged, in a line for all.

    Args:
        arguments: one or several: files, folders, globs, ``@list.txt``.
    """
    if isinstance(arguments, str | Path):  # text is iterable too, and "/" would be the whole disk
        arguments = [arguments]
    unique: dict[str, Source] = {}
    others: set[Location] = set()
    for source in _expand_each(map(str, arguments), Path(), (), others):
        unique.setdefault(full_path(source.path), source)
    if others:
        LOGGER.warning("no videos by their names, so passed over: %s", _counted(others))
    return name_sources(unique.values())


def _counted(files: Collection[Location]) -> str:
    """Return how many files have which ending, the most frequent ones of many."""
    counts = Counter(escaped(file.suffix.lower()) or "without an ending" for file in files)
    shown = counts.most_common(ENDINGS_SHOWN)
    more = len(files) - sum(count for _, count in shown)
    words = [f"{count} {ending}" for ending, count in shown]
    return ", ".join([*words, f"{more} others"] if more else words)


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
            elif is_video_name(name):
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
