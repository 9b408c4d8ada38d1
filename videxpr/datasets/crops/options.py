"""What a user can choose about crops; defaults are here and nowhere else."""

from dataclasses import MISSING, field
from pathlib import Path
from typing import Final

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import UsageError
from videxpr.core.names import unwritable
from videxpr.core.option import option, options
from videxpr.core.options import RunOptions
from videxpr.faces.options import PANEL as FACES
from videxpr.faces.options import DetectionOptions, FaceOptions

SMALLEST: Final = 32
LARGEST: Final = 1024
"""Sides of a crop in pixels; models want 112."""

WHAT: Final = "What is written"


@options(FACES)
class CropOptions:
    """Everything that decides which faces are cut out of a video, and how.

    Attributes:
        template: geometry of the crops.
        people: how many persons of a shot are cut out, 1 or 2: Aff-Wild2 has names for no more.
        quality: of the JPEG files.
        faces: how faces are detected and tracked.
    """

    template: CropTemplate = ARCFACE
    people: int = option(
        1,
        "How many persons of a shot get crops; the second one's go to NAME_left or NAME_right.",
        metavar="1|2",
        least=1,
        most=2,
    )
    quality: int = option(95, "Of the JPEG files.", least=1, most=100, panel=WHAT)
    faces: FaceOptions = field(default_factory=FaceOptions)

    def __post_init__(self) -> None:
        if not SMALLEST <= self.template.size <= LARGEST:
            raise UsageError(
                f"crops have a side of {SMALLEST} to {LARGEST} pixels, not {self.template.size}"
            )


@options(WHAT)
class CropsMakeCommand:
    """Cut the aligned face of the main person out of every frame of every video.

    The result is laid out like Aff-Wild2: put annotation files beside it and train, or annotate it.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done), 2 if it
    could not begin (nothing is done), 130 after Ctrl-C and 143 after SIGTERM (what is done is kept, and
    the same command goes on from there).

    Examples:
        videxpr crops make videos/ -o crops
        videxpr crops make talk.mp4 --people 2 --size 224
        videxpr crops make videos/ --geometry measured_geometry.json

    Attributes:
        sources: videos.
        directory: where crops go.
        geometry: file of a measured geometry; None is ArcFace's.
        size: side of the crops in pixels; None is the geometry's.
        overwrite: whether videos that have crops are cropped again.
        crops: how videos are cropped.
        run: where it computes, and what it says.
    """

    sources: tuple[str, ...] = option(
        MISSING,
        "Videos, folders (searched recursively), globs (also quoted), or @list.txt with one source a "
        "line.",
        positional=True,
    )
    directory: Path = option(
        Path("crops"),
        "Where cropped_aligned/NAME/00001.jpg, crop_geometry.json and summary.csv go.",
        flag="output-dir",
        short="o",
        changes_results=False,
        writes="folder",
    )
    geometry: Path | None = option(
        None,
        "Geometry of the crops, as videxpr crops measure writes it.",
        metavar="FILE",
        default_text="ArcFace's",
    )
    size: int | None = option(
        None,
        "Side of the crops; videxpr's models want 112.",
        metavar="PIXELS",
        least=SMALLEST,
        most=LARGEST,
        default_text="the geometry's",
    )
    overwrite: bool = option(False, "Crop videos again that have crops.", changes_results=False)
    crops: CropOptions = field(default_factory=CropOptions)
    run: RunOptions = field(default_factory=RunOptions)


@options()
class MeasureOptions:
    """How crops are measured.

    Attributes:
        sample: number of crops, drawn evenly from all folders.
        seed: of the drawing.
        name: what the measured geometry is called.
    """

    sample: int = option(1000, "Crops to look at, drawn evenly from all folders.", least=1)
    seed: int = option(0, "Of the drawing.", least=0)
    name: str = option("measured", "What the geometry is called.")

    def __post_init__(self) -> None:
        if not self.name.strip() or unwritable(self.name):
            raise UsageError(f"--name {self.name!r} must be a name in one line")


@options()
class CropsMeasureCommand:
    """Measure to which geometry crops were aligned, and compare it with ArcFace's.

    Take the detector with which you will annotate: detectors differ among themselves by up to a pixel.
    Give the file to train clips --geometry, so that annotate aligns raw video in the same way.

    Exit code: 0, 1 if writing fails, 2 for wrong usage, such as a folder that is not there.

    Examples:
        videxpr crops measure cropped_aligned/
        videxpr crops measure cropped_aligned/ -o affwild2.json --plot crops.png

    Attributes:
        folder: of crops.
        output: the geometry to write.
        plot: picture to draw; None draws none.
        measuring: how crops are measured.
        detection: which detector looks for faces.
        run: where it computes, and what it says.
    """

    folder: Path = option(
        MISSING,
        "Aff-Wild2's cropped_aligned, or any folder with crops; searched recursively.",
        positional=True,
    )
    output: Path = option(
        Path("measured_geometry.json"),
        "The measured geometry to write (JSON).",
        short="o",
        writes="file",
    )
    plot: Path | None = option(
        None,
        "Draw the mean crop with ArcFace's points and the measured ones.",
        metavar="FILE.png",
        default_text="none",
        writes="file",
    )
    measuring: MeasureOptions = field(default_factory=MeasureOptions)
    detection: DetectionOptions = field(default_factory=DetectionOptions)
    run: RunOptions = field(default_factory=RunOptions)
