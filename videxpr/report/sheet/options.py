"""What a user can choose about contact sheets."""

from dataclasses import field
from pathlib import Path
from typing import Final

from videxpr.annotation.export.options import recordings_option
from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.core.options import PANEL
from videxpr.video.options import BlurOptions

SHEET: Final = Path("sheet.png")
JPEG: Final = (".jpg", ".jpeg")


@options()
class SheetCommand:
    """Make one picture of faces over time with their labels: the quickest check by eye.

    A row is a person of a video, a column an equal part of its time; the face is the one nearest to the
    middle of the part.

    Exit code: 0 if all went well, 1 if a video could not be shown (the others are), 2 for wrong usage.

    Examples:
        videxpr sheet annotations
        videxpr sheet annotations/talk.parquet --columns 20 -o talk.jpg
        videxpr sheet annotations --blur

    Attributes:
        annotations: Parquet files of annotate, or folders with some.
        output: the picture; its ending says whether PNG or JPEG.
        columns: faces in a row.
        people: most rows of a video.
        pictures: what is blurred.
        quiet: whether nothing is said but errors.
    """

    annotations: tuple[Path, ...] = recordings_option()
    output: Path = option(
        SHEET, "The picture: FILE.png or FILE.jpg.", short="o", metavar="FILE", writes="file"
    )
    columns: int = option(12, "Faces in a row.", metavar="N", least=1, most=60)
    people: int = option(
        4, "Most rows of a video: the people who are seen in most frames.", metavar="N", least=1
    )
    pictures: BlurOptions = field(default_factory=BlurOptions)
    quiet: bool = option(False, "Say nothing but errors.", short="q", panel=PANEL)

    def __post_init__(self) -> None:
        if self.output.suffix.lower() not in (".png", *JPEG):
            raise UsageError(f"--output must end in .png or .jpg, not be {self.output}")
