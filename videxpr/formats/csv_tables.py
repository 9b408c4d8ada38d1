"""CSV: a video's rows as in Parquet, and the summary of a run."""

from collections.abc import Sequence
from pathlib import Path

import pandas

from videxpr.core.errors import FormatError
from videxpr.core.files import atomic_write
from videxpr.formats.parquet import row_groups
from videxpr.formats.record import Annotation
from videxpr.video.jobs import Row


def write_csv(path: Path, annotation: Annotation) -> None:
    """Write the same columns as Parquet, nulls as empty cells."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        for number, group in enumerate(row_groups(annotation)):
            table = group.to_pandas(types_mapper=pandas.ArrowDtype)
            table.to_csv(stream, index=False, header=number == 0, lineterminator="\n")


def merge_summary(path: Path, rows: Sequence[Row]) -> None:
    """Write a line a video; lines of other videos that are there already stay as they are.

    Raises:
        FormatError: the file is there already and is no summary.
    """
    old = _read_summary(path) if path.is_file() else None
    if not rows:
        return
    table = pandas.DataFrame(rows, dtype=object)
    if old is not None:
        table = pandas.concat([old[~old["video"].isin(table["video"])], table])
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _read_summary(path: Path) -> pandas.DataFrame:
    """Return the lines of a summary, every cell as its text."""
    try:
        old = pandas.read_csv(path, dtype=object, keep_default_na=False)
    except (OSError, ValueError) as exc:  # pandas' own errors are ValueErrors
        raise FormatError(f"cannot read {path}: {exc}") from exc
    if "video" not in old.columns:
        raise FormatError(f"{path} is no summary of videxpr; move it away or choose another folder")
    return old
