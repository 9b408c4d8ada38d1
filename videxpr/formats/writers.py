"""The formats of ``videxpr annotate``: a module and a row of this table for each.

``--format``, its help, ``all`` and `Annotation.save` come from the table. It imports nothing heavy: a
format's module is imported when something is written.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

from videxpr.core.errors import UsageError

ALL: Final = "all"

Missing = Literal["fill", "none"]
"""What text says of frames without a face: filled labels, or -1."""


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as in ``--format``; a format of several files has a row for each.
        suffix: how its files end, behind the video's name; the whole name of a run's file.
        help: what it is, in a few words; empty for the second file of a format.
        scope: what one file holds: a ``video`` (called with path and annotation), a ``person`` (with
            the rank and what becomes of frames without a face besides), ``intervals`` (a video's, with
            `IntervalSettings` besides), or a ``run`` (`Outputs`).
        function: ``module:function`` that writes it, the module within `videxpr.formats`.
        in_all: whether ``all`` means it too.
    """

    name: str
    suffix: str
    help: str
    scope: Literal["video", "person", "intervals", "run"]
    function: str
    in_all: bool = True

    @property
    def write(self) -> Callable[..., None]:
        """The function that writes a file."""
        module, _, name = self.function.partition(":")
        function: Callable[..., None] = getattr(import_module(f"videxpr.formats.{module}"), name)
        return function


def _intervals(name: str, suffix: str, help: str, function: str) -> Format:
    """Return a format of intervals; there are too many for ``all``."""
    return Format(name, suffix, help, "intervals", function, in_all=False)


FORMATS: Final = (
    Format("aff-wild2", ".txt", "a text file a person", "person", "affwild2:write_person"),
    Format(
        "predictions",
        "predictions.txt",
        "one predictions.txt a run",
        "run",
        "predictions:write_predictions",
    ),
    Format("parquet", ".parquet", "everything", "video", "parquet:write_parquet"),
    Format("csv", ".csv", "the same columns", "video", "csv_tables:write_csv"),
    Format(
        "features",
        ".features.npz",
        "the backbone's features and unsmoothed logits, 3.6 kB a face",
        "video",
        "npz:write_features",
        in_all=False,
    ),
    _intervals(
        "intervals", ".intervals.csv", "a CSV row an interval", "interval_csv:write_intervals"
    ),
    _intervals(
        "jsonl", ".intervals.jsonl", "the same as JSON Lines", "json_lines:write_json_lines"
    ),
    _intervals("vtt", ".vtt", "WebVTT captions", "webvtt:write_webvtt"),
    _intervals("srt", ".srt", "SubRip captions", "srt:write_srt"),
    _intervals("eaf", ".eaf", "ELAN", "elan:write_eaf"),
    _intervals("textgrid", ".TextGrid", "Praat", "textgrid:write_textgrid"),
    _intervals("boris", ".boris", "a BORIS project", "boris:write_project"),
    _intervals("boris-paste", ".boris.tsv", "rows to paste into BORIS", "boris:write_rows"),
    _intervals("label-studio", ".label-studio.json", "Label Studio", "label_studio:write_task"),
    _intervals("label-studio", ".label-studio.xml", "", "label_studio:write_configuration"),
)

INTERVALS: Final = tuple(dict.fromkeys(one.name for one in FORMATS if one.scope == "intervals"))
"""What is made of intervals."""

INTERVALS_HELP: Final = ", ".join(
    f"{one.name} ({one.help})" for one in FORMATS if one.scope == "intervals" and one.help
)

DEFAULT: Final = ("aff-wild2", "predictions", "parquet")
"""What annotate writes unasked."""

CHOICES: Final = (*dict.fromkeys(one.name for one in FORMATS), ALL)
HELP: Final = (
    ", ".join(f"{one.name} ({one.help})" for one in FORMATS if one.help)
    + f", or {ALL} ("
    + ", ".join(one.name for one in FORMATS if one.in_all)
    + ")."
)


def chosen_formats(names: Collection[str]) -> tuple[Format, ...]:
    """Return the formats that a user's words mean, in the order of the table."""
    return tuple(one for one in FORMATS if one.name in names or (ALL in names and one.in_all))


def format_of(path: Path) -> Format:
    """Return the format that a file's name asks for.

    Raises:
        UsageError: none ends so.
    """
    known = {one.suffix.lower(): one for one in FORMATS if one.scope != "run"}
    matches = [suffix for suffix in known if path.name.lower().endswith(suffix)]
    if not matches:
        raise UsageError(
            f"cannot save an annotation as {path}: its name must end in {', '.join(known)}"
        )
    return known[max(matches, key=len)]
