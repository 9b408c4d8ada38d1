"""What a user can choose about tables of annotations that are there already."""

import re
from dataclasses import MISSING, field
from pathlib import Path
from typing import Any, Final

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.core.options import PANEL
from videxpr.formats import writers
from videxpr.temporal.options import IntervalOptions

TABLE: Final = Path("table.csv")
FILES: Final = Path("exports")
"""Not the folder of the Parquet files: there annotate would take them for another program's."""

WIDTH: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+) *(ms|s|min|m|h)?")
UNITS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
LEVEL: Final = re.compile(r"[^\W\d]\w*")
"""What R, SPSS and pandas take for the name of a column."""


def recordings_option() -> Any:
    """Declare the option that names recordings, for every command that reads what annotate wrote."""
    text = "Output folders of videxpr annotate, or Parquet files."
    return option(MISSING, text, positional=True)


def parse_width(text: str) -> float:
    """Return the seconds of a width such as ``1s``, ``500ms`` or ``2min``."""
    match = WIDTH.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise UsageError(f"--bin must be a width such as 1s, 500ms or 2min, not {text!r}")
    return float(match[1]) * UNITS[match[2] or ""]


def level_names(text: str) -> tuple[str, ...]:
    """Return the names between commas."""
    return tuple(name.strip() for name in text.split(",")) if text else ()


@options("Table")
class TableOptions:
    """What a row is, and what stands in it.

    Attributes:
        bin_seconds: width of the bins; None takes the whole of a recording, or of a segment.
        long: whether a row is an expression of a bin of a person.
        wide: whether a row is a person of a recording, with columns for each bin.
        levels: names of the columns for folders, the outermost first, between commas.
        episodes: whether there are columns for them.
        segments: a table of stretches; only those are taken.
        decimal_comma: whether numbers have commas, and semicolons stand between cells.
    """

    bin_seconds: float | None = option(
        None,
        "A row a bin of this width: 1s, 500ms, 2min.",
        flag="bin",
        metavar="WIDTH",
        parse=parse_width,
        show=lambda seconds: seconds and f"{seconds:.10g}s",
        default_text="the whole recording",
    )
    long: bool = option(False, "A row for each expression of each bin.")
    wide: bool = option(
        False, "A row for each person of a recording; each bin has columns of its own."
    )
    levels: str = option(
        "",
        "Names for the columns that say in which folders a recording lies, the outermost first: "
        "participant,session.",
        metavar="NAME,...",
        default_text="folder1,folder2,...",
    )
    episodes: bool = option(
        False,
        "Add how often each expression begins, how long it lasts then, how often that is a minute of "
        "the face, and how soon it begins first.",
    )
    segments: Path | None = option(
        None,
        "Only the stretches that this table lists: columns video, start, end and name. The name "
        "becomes a column, and bins begin at each start.",
        metavar="FILE.csv",
    )
    decimal_comma: bool = option(
        False, "Write 0,5 for 0.5, and semicolons between cells: for Excel in much of Europe."
    )

    def __post_init__(self) -> None:
        if self.long and self.wide:
            raise UsageError("--long and --wide are two ways to write the same; choose one")
        if self.wide and self.bin_seconds is None:
            raise UsageError("--wide gives columns to bins; say how wide they are: --bin 1s")
        for name in self.level_names:
            if not LEVEL.fullmatch(name):
                raise UsageError(
                    f"--levels: {name!r} is no name for a column; write letters, digits and _"
                )

    @property
    def level_names(self) -> tuple[str, ...]:
        """The names that were given."""
        return level_names(self.levels)


@options("Filters")
class FilterOptions:
    """What is good enough to count; what is taken away is counted.

    Attributes:
        main: whether others than the person who is seen most are left out.
        min_quality: of a face in a frame.
        min_confidence: of the probability of a frame's label.
        min_coverage: share of the frames of a row in which the face was seen.
    """

    main: bool = option(
        False, "Only the person who is seen in most frames of a recording, whoever else is there."
    )
    min_quality: float = option(
        0.0,
        "Frames whose face has less are as if it was not seen: the detector's confidence, less for "
        "faces below 112 pixels.",
        least=0,
        most=1,
    )
    min_confidence: float = option(
        0.0,
        "Frames whose label is less probable are as if the face was not seen.",
        least=0,
        most=1,
    )
    min_coverage: float = option(
        0.0,
        "Rows in which the face was seen in a smaller share of the frames are left out.",
        least=0,
        most=1,
    )


@options("Files of intervals")
class FileOptions:
    """Which files are made of intervals, in place of a table.

    Attributes:
        formats: of intervals; without any, a table is made.
        overwrite: whether files that are there are replaced.
    """

    formats: tuple[str, ...] = option(
        (),
        f"Write files of intervals instead of a table: {writers.INTERVALS_HELP}.",
        flag="to",
        choices=writers.INTERVALS,
    )
    overwrite: bool = option(
        False, "Replace files that are there; without it, nothing is written if there are any."
    )


@options()
class ExportCommand:
    """Make one table, or files for annotators, of what annotate has annotated; no video is decoded.

    They are made from Parquet files, in all folders below those named. In tables, frames that were
    bridged or filled do not count, as in summary.csv.

    Exit code: 0 if all went well, 1 if a file could not be read (the others are in the table), 2 for
    wrong usage.

    Examples:
        videxpr export annotations
        videxpr export annotations --bin 1min --long --levels participant,session -o study.csv
        videxpr export annotations --segments trials.csv --min-coverage 0.5
        videxpr export annotations --bin 10s --wide --decimal-comma
        videxpr export annotations --to eaf,boris -o for-coders

    Attributes:
        folders: with Parquet files of annotate, or such files.
        output: the table, or the folder for files; None for `TABLE` or `FILES`.
        table: what it looks like.
        filters: what counts.
        intervals: how frames become intervals, which tables count as episodes.
        files: what is made in place of a table.
        quiet: whether nothing is said but errors.
    """

    folders: tuple[Path, ...] = recordings_option()
    output: Path | None = option(
        None,
        "Where the table goes, - is standard output; with --to, the folder for files.",
        short="o",
        default_text=f"{TABLE}; with --to {FILES}",
    )
    table: TableOptions = field(default_factory=TableOptions)
    filters: FilterOptions = field(default_factory=FilterOptions)
    intervals: IntervalOptions = field(default_factory=IntervalOptions)
    files: FileOptions = field(default_factory=FileOptions)
    quiet: bool = option(False, "Say nothing but errors.", short="q", panel=PANEL)
