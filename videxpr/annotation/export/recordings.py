"""Which recordings a table is made of, and in which folders they lie."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videxpr.core.errors import FormatError, SourceError, UsageError

if TYPE_CHECKING:
    from videxpr.formats.record import Annotation

SUFFIX: Final = ".parquet"


@dataclass(frozen=True)
class RecordingFile:
    """An annotation on this machine.

    Attributes:
        path: of the Parquet file.
        folders: names of the folders in which it lies, below what was named, the outermost first.
    """

    path: Path
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its path below what was named, without an ending."""
        return "/".join((*self.folders, self.path.stem))


def find_recordings(arguments: Sequence[Path]) -> list[RecordingFile]:
    """Return all Parquet files below folders, by path.

    Where several folders are named, each is a level itself.

    Raises:
        SourceError: there is nothing of that name, it is no Parquet file, or none is in it.
    """
    above = folders_above(arguments)
    found = [one for path in arguments for one in _below(path, above[path])]
    return list({one.path.absolute(): one for one in found}.values())


def read_recordings(
    recordings: Sequence[RecordingFile], errors: list[str], progress: Callable[[int, int], None]
) -> "Iterator[tuple[RecordingFile, Annotation]]":
    """Yield recordings with their annotations, in order.

    Args:
        recordings: which.
        errors: takes why one cannot be read, which is left out.
        progress: called with the recordings that are done, and all of them.
    """
    from videxpr.formats.parquet import read_annotation  # here, as it takes long to import

    for done, file in enumerate(recordings):
        progress(done, len(recordings))
        try:
            annotation = read_annotation(file.path)
        except FormatError as exc:
            errors.append(str(exc))
            continue
        yield file, annotation
    progress(len(recordings), len(recordings))


def level_columns(
    recordings: Sequence[RecordingFile], names: Sequence[str], taken: Collection[str]
) -> list[str]:
    """Return the names of the columns for folders, one for each level that there is.

    Args:
        recordings: in the table.
        names: that the user gave, the outermost first; the others are called by their number.
        taken: the table's other columns.

    Raises:
        UsageError: there are more names than levels, or a column is called so already.
    """
    deepest = max(recordings, key=lambda one: len(one.folders))
    depth = len(deepest.folders)
    if len(names) > depth:
        place = "/".join((*deepest.folders, deepest.path.name))
        noun = "folder" if depth == 1 else "folders"
        raise UsageError(
            f"--levels {','.join(names)} names {len(names)}, and recordings lie in {depth} {noun}, "
            f"such as {place}; name {depth or 'none'}"
        )
    columns = [*names, *(f"folder{number}" for number in range(len(names) + 1, depth + 1))]
    for column in columns:
        if column in taken or columns.count(column) > 1:
            raise UsageError(
                f"--levels: another column is called {column!r} already; take another name"
            )
    return columns


def folders_above(arguments: Sequence[Path]) -> dict[Path, tuple[str, ...]]:
    """Return the level that each of several folders is: what of its path tells it from the others.

    One alone is no level.
    """
    if len(arguments) == 1:
        return {arguments[0]: ()}
    parts = [path.resolve().parts for path in arguments]
    depth = next(
        depth
        for depth in range(1, max(map(len, parts)) + 1)
        if len({own[-depth:] for own in parts}) == len(set(parts))
    )
    return {path: ("/".join(own[-depth:]),) for path, own in zip(arguments, parts, strict=True)}


def _below(path: Path, above: tuple[str, ...]) -> Iterator[RecordingFile]:
    if path.is_file():
        if path.suffix != SUFFIX:
            raise SourceError(
                f"{path} is no Parquet file of videxpr annotate; name such a file, or their folder"
            )
        yield RecordingFile(path, ())
        return
    if not path.is_dir():
        raise SourceError(f"{path}: there is no such folder or file")
    files = sorted(file for file in path.rglob(f"*{SUFFIX}") if file.is_file())
    if not files:
        from videxpr.annotation.run_log import RUN_LOG  # here, as it takes long to import

        why = (
            f"its {RUN_LOG} tells why, and videxpr status prints it"
            if (path / RUN_LOG).is_file()
            else "videxpr annotate writes them (-f parquet, which is among the defaults)"
        )
        raise SourceError(f"{path}: no Parquet file is in it; {why}")
    for file in files:
        yield RecordingFile(file, (*above, *file.relative_to(path).parts[:-1]))
