"""CSV of intervals: one row an interval; of one video, or of many."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from videxpr.core.files import atomic_write
from videxpr.formats.csv_cells import guarded
from videxpr.formats.intervals import DEFAULT, IntervalSettings, rows_of
from videxpr.formats.record import Annotation

COLUMNS: Final = (
    *("video", "start", "end", "duration", "expression", "mean_probability", "peak_probability"),
    *("person", "shot", "coverage", "quality"),
)


def write_intervals(
    path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT
) -> None:
    """Write the intervals of a video."""
    write_rows(path, rows_of(annotation, settings.intervals))


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the intervals of any number of videos."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows({**row, "video": guarded(row["video"])} for row in rows)
