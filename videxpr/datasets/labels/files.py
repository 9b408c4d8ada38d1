"""Which files of a path hold labels, and what they are called."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from videxpr.core.errors import SourceError
from videxpr.formats.predictions import PREDICTIONS

Kind = Literal["text", "predictions", "parquet"]
KINDS: Final[dict[Kind, str]] = {
    "text": "text files",
    "predictions": "predictions file",
    "parquet": "Parquet files",
}
"""What each kind is called."""


def find_label_files(path: Path) -> tuple[Kind, Mapping[str, Path]]:
    """Return the kind of the files that would be read, and the files by the names they would have.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
    """
    if path.is_file():
        return _kind(path), {path.stem: path}
    if not path.is_dir():
        raise SourceError(f"no such file or folder: {path}")
    try:
        files = list(_files(path, frozenset()))
    except OSError as exc:
        raise SourceError(f"cannot read the folder {exc.filename}: {exc.strerror}") from exc
    parquet = [file for file in files if file.suffix.lower() == ".parquet"]
    texts = [file for file in files if file.suffix.lower() == ".txt" and file.name != PREDICTIONS]
    predictions = [file for file in files if file.name == PREDICTIONS]
    if parquet:
        return "parquet", _named(parquet, path)
    if texts:
        return "text", _named(texts, path)
    if predictions:
        return "predictions", _named(predictions, path)
    raise SourceError(
        f"{path} holds no labels: neither in it nor in a folder below is there an annotation file "
        f"(NAME.txt), a {PREDICTIONS}, or Parquet of videxpr annotate (NAME.parquet)"
    )


def _kind(file: Path) -> Kind:
    """Return what a single file is, by how it begins."""
    try:
        with file.open("rb") as stream:
            start = stream.read(32).removeprefix(b"\xef\xbb\xbf")
    except OSError as exc:
        raise SourceError(f"cannot read {file}: {exc.strerror or exc}") from exc
    if start.startswith(b"PAR1") or file.suffix.lower() == ".parquet":
        return "parquet"
    return "predictions" if start.startswith(b"image_location") else "text"


def _files(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield the files in and below a folder, by name, but hidden ones and links that lead back up."""
    real = folder.resolve()
    if real in above:
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry, above | {real})
        else:
            yield entry


def _named(files: Sequence[Path], top: Path) -> Mapping[str, Path]:
    """Return files by name, with folders in front where two share it."""
    counts = Counter(file.stem for file in files)
    long = {file: file.relative_to(top).with_suffix("").as_posix() for file in files}
    return {file.stem if counts[file.stem] == 1 else long[file]: file for file in files}
