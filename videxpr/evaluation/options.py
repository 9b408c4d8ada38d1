"""What a user can choose about an evaluation; defaults are here and nowhere else."""

from dataclasses import field
from pathlib import Path
from typing import Final

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.core.options import RunOptions
from videxpr.datasets.options import Corruption, Part, folder_labels_option, votes_option
from videxpr.model.options import FORMS, METAVAR, STARTER

FILES: Final = "What is written"
IMAGES: Final = "A model on labeled crops"
BOOTSTRAP: Final = "Bootstrap"


@options()
class EvaluateOptions:
    """How predictions are compared with labels.

    Attributes:
        strict: whether any difference in length is an error, even the usual one of a frame or two.
        bootstrap: resamples of the bootstrap.
        seed: of what the bootstrap draws.
    """

    strict: bool = option(
        False,
        "Any difference in length is an error; without it, up to 2 frames at the end are padded or "
        "cut.",
    )
    bootstrap: int = option(
        2000, "Resamples of the source videos, or of the images.", least=1, panel=BOOTSTRAP
    )
    seed: int = option(0, "Of what is drawn.", least=0, panel=BOOTSTRAP)


@options(IMAGES)
class ImageOptions:
    """Which images of a folder a model is scored on.

    Attributes:
        split: a CSV file with the columns ``image,split``; None takes all images.
        part: which part of the split.
        only: pattern that a file's name must match, e.g. ``fer2013_*``; None takes all.
        votes: file of what several people said of each image, by which it is scored too.
        folder_labels: pattern of the names of images without votes that are scored by their folder.
        corruption: how the images are made worse first, or None.
        batch_size: images that go through the model together.
    """

    split: Path | None = option(
        None, "CSV with the columns image,split.", default_text="all images"
    )
    part: Part = option("test", "Which part of the split.")
    only: str | None = option(
        None,
        "Images whose file names match, e.g. 'fer2013_*'.",
        metavar="PATTERN",
        default_text="all",
    )
    votes: Path | None = votes_option()
    folder_labels: str | None = folder_labels_option()
    corruption: Corruption | None = option(
        None,
        "Make the images worse first, as video does: 32 pixels, JPEG of quality 20, gamma 2, turned, "
        "shifted and scaled, or blurred along a line.",
        flag="corrupt",
        default_text="as they are",
    )
    batch_size: int = 64


@options()
class EvaluateCommand:
    """Score predictions against labels: macro F1 over eight expressions, as Aff-Wild2 has it.

    All labeled frames are pooled; a frame without a prediction counts as wrong.

    Exit code: 0, 1 if writing fails, 2 if files are missing, broken, or do not belong together, or an
    output cannot be written.

    Examples:
        videxpr evaluate annotations/ EXPR_Set/Validation_Set
        videxpr evaluate ours/ labels/ --against theirs/ --json evaluation.json
        videxpr evaluate --images faces/ --split split.csv -m mine.safetensors
        videxpr evaluate --images faces/ --votes ferplus.csv -m mine.safetensors

    Attributes:
        predictions: of videos; None where a model is scored on images.
        labels: of the same videos; None likewise.
        against: other predictions of the videos, to compare with.
        options: how they are compared.
        json: file of every metric; ``-`` is standard output.
        markdown: file of a table; ``-`` is standard output.
        plots: folder of pictures.
        images: folder of labeled crops, for a model's score; None for predictions of videos.
        model: that is scored on images.
        selection: which of the images.
        run: where the model computes, and what is said.
    """

    predictions: Path | None = option(
        None,
        "What videxpr annotate wrote: a folder of Parquet or text files, a predictions.txt, or one "
        "file.",
        positional=True,
    )
    labels: Path | None = option(
        None,
        "Annotation files of Aff-Wild2, e.g. .../Validation_Set, or one file.",
        positional=True,
    )
    against: Path | None = option(
        None,
        "Other predictions: the difference in macro F1 by paired bootstrap.",
        metavar="B",
        default_text="none",
    )
    options: EvaluateOptions = field(default_factory=EvaluateOptions)
    json: Path | None = option(
        None,
        "Every metric as JSON; - is standard output, and then nothing else goes there.",
        metavar="FILE|-",
        default_text="none",
        writes="file",
        panel=FILES,
        changes_results=False,
    )
    markdown: Path | None = option(
        None,
        "A table of F1 x 100 for a paper; - is standard output.",
        metavar="FILE|-",
        default_text="none",
        writes="file",
        panel=FILES,
        changes_results=False,
    )
    plots: Path | None = option(
        None,
        "Where confusion.png, per_class.png and, with --images, reliability.png go.",
        metavar="FOLDER",
        default_text="none",
        writes="folder",
        panel=FILES,
        changes_results=False,
    )
    images: Path | None = option(
        None,
        "Face crops, one folder a class: scores a model instead of predictions.",
        metavar="FOLDER",
        panel=IMAGES,
    )
    model: str = option(STARTER, f"{FORMS}.", short="m", metavar=METAVAR, panel=IMAGES)
    selection: ImageOptions = field(default_factory=ImageOptions)
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        if self.json is not None and self.json == self.markdown:
            raise UsageError(f"--json and --markdown cannot both be written to {self.json}")
        if self.images is not None and (self.predictions or self.against or self.options.strict):
            raise UsageError(
                "--images scores a model on crops: leave out PREDICTIONS, --against, --strict"
            )
