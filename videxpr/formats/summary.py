"""``summary.csv``: a table of a run, a line or more a video."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from videxpr.core.errors import FormatError
from videxpr.core.files import atomic_write, unreadable_reason
from videxpr.formats.csv_cells import table_text, unguarded
from videxpr.video.jobs import Row


def write_summary(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table, whole or not at all; what a row lacks, or has as None, is an empty cell."""
    with atomic_write(path) as temporary:
        temporary.write_text(table_text(columns, rows), encoding="utf-8", newline="")


def merge_summary(path: Path, rows: Sequence[Row]) -> None:
    """Write a line a video; lines of other videos that are there already stay as they are.

    Raises:
        FormatError: the file is there already and is no summary.
    """
    old: Sequence[Row] = read_summary(path) if path.is_file() else []
    if rows:
        videos = {row["video"] for row in rows}
        table = [*(row for row in old if row["video"] not in videos), *rows]
        columns = dict.fromkeys(name for row in [*old, *table] for name in row)
        write_summary(path, list(columns), table)


def read_summary(path: Path) -> list[dict[str, str]]:
    """Return the lines of a summary, every cell as its text.

    Raises:
        FormatError: the file cannot be read, or is no summary.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            columns, rows = table.fieldnames or (), list(table)
    except (OSError, ValueError, csv.Error) as exc:
        raise FormatError(f"cannot read {path}: {unreadable_reason(exc)}") from exc
    if "video" not in columns or any(None in row for row in rows):
        raise FormatError(f"{path} is no summary of videxpr; move it away or choose another folder")
    return [{name: unguarded(text or "") for name, text in row.items()} for row in rows]
