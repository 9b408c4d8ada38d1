"""JSON Lines of intervals: one object a line, with the columns of the CSV."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from videxpr.formats.intervals import DEFAULT, IntervalSettings, rows_of, write_text
from videxpr.formats.record import Annotation


def write_json_lines(
    path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT
) -> None:
    """Write the intervals of a video."""
    write_rows(path, rows_of(annotation, settings.intervals))


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the intervals of any number of videos."""
    write_text(path, "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows))
