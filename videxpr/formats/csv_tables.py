"""CSV: a video's rows as in Parquet."""

from pathlib import Path

import pandas

from videxpr.core.files import atomic_write
from videxpr.formats.csv_cells import guarded
from videxpr.formats.parquet import row_groups
from videxpr.formats.record import Annotation


def write_csv(path: Path, annotation: Annotation) -> None:
    """Write the same columns as Parquet, nulls as empty cells."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        for number, group in enumerate(row_groups(annotation)):
            table = group.to_pandas(types_mapper=pandas.ArrowDtype)
            table["video"] = guarded(annotation.video)
            table.to_csv(stream, index=False, header=number == 0, lineterminator="\n")
