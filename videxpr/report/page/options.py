"""What a user can choose about the report."""

from dataclasses import field
from pathlib import Path
from typing import Final

from videxpr.annotation.export.options import recordings_option
from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.core.options import PANEL
from videxpr.temporal.options import IntervalOptions
from videxpr.video.options import BlurOptions

REPORT: Final = "report.html"
SUFFIXES: Final = (".html", ".htm")
GENERATOR: Final = b'<meta name="generator" content="videxpr report">'
"""By which a report is known."""


def is_page(path: Path) -> bool:
    """Return whether a file is a report; an empty one counts as one."""
    with path.open("rb") as file:
        beginning = file.read(4096)
    return not beginning or GENERATOR in beginning


@options()
class ReportCommand:
    """Make one page of what annotate has annotated, to look at in a browser.

    The page is one file that needs no network: a table of the videos, a timeline of each, episodes,
    folders side by side, settings. Frames that were bridged or filled do not count, as in summary.csv.
    Videos are decoded for --thumbnails alone.

    Exit code: 0 if all went well, 1 if a file could not be read (the others are on the page), 2 for
    wrong usage.

    Examples:
        videxpr report annotations
        videxpr report annotations --levels participant,condition -o study.html
        videxpr report before/ after/ -o both.html
        videxpr report annotations --thumbnails --blur faces

    Attributes:
        folders: with Parquet files of annotate, or such files.
        output: the page; None for `REPORT` in the folder, or here if several are named.
        title: of the page.
        levels: names of the folders' levels, the outermost first, between commas.
        thumbnails: whether faces are shown, for which the videos are decoded.
        pictures: what of thumbnails is blurred.
        intervals: how frames become episodes.
        quiet: whether nothing is said but errors.
    """

    folders: tuple[Path, ...] = recordings_option()
    output: Path | None = option(
        None,
        "The page.",
        short="o",
        metavar="FILE.html",
        default_text=f"{REPORT} in the folder, or here if several are named",
    )
    title: str = option("", "Headline of the page.", default_text="the folder's name")
    levels: str = option(
        "",
        "Names for the levels of folders in which videos lie, the outermost first: "
        "participant,condition.",
        metavar="NAME,...",
        default_text="folder1,folder2,...",
    )
    thumbnails: bool = option(
        False,
        "Show each video's main person at the surest moment of each expression. It decodes the videos, "
        "and puts people's faces on the page.",
    )
    pictures: BlurOptions = field(default_factory=BlurOptions)
    intervals: IntervalOptions = field(default_factory=IntervalOptions)
    quiet: bool = option(False, "Say nothing but errors.", short="q", panel=PANEL)

    def __post_init__(self) -> None:
        if self.pictures.blur != "none" and not self.thumbnails:
            raise UsageError("--blur is of pictures, and there are none; add --thumbnails")
