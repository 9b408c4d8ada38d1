"""What a user can choose about training on single crops."""

from dataclasses import MISSING, field
from pathlib import Path
from typing import Final

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.datasets.options import FOLDER_LABELS_ALONE, folder_labels_option, votes_option
from videxpr.training.options import (
    DATA,
    MODEL,
    RECIPE,
    SMALLEST_SIZE,
    Augmentation,
    CheckpointOptions,
    Machine,
    seed_option,
)

SIZE_STEP: Final = 16
GROWTH_SHARE: Final = 0.7
"""Share of the epochs after which crops have their last size."""


def parse_oversample(text: str) -> tuple[str, float]:
    """Return a pattern of file names and how many times as often such images are drawn."""
    pattern, _, factor = text.rpartition("=")
    try:
        return pattern, float(factor)
    except ValueError as exc:
        raise UsageError(
            f"--oversample must be PATTERN=FACTOR, e.g. 'web_*=5', not {text!r}"
        ) from exc


@options(RECIPE)
class ImageTrainingOptions:
    """How a model is trained on single crops; what each field does is said in its help."""

    epochs: int = option(
        12, "Passes over the images; 0 only calibrates what --initial gives.", least=0
    )
    size: int = option(
        112,
        "Side to which crops are brought; smaller is faster.",
        metavar="PIXELS",
        least=SMALLEST_SIZE,
        panel=MODEL,
    )
    first_size: int | None = option(
        None,
        "Side at which training begins, to grow to --size over the first part of the epochs.",
        metavar="PIXELS",
        least=SMALLEST_SIZE,
        default_text="--size",
        panel=MODEL,
    )
    gray: bool = option(
        False,
        "Take color away, in training and ever after, for data in which color gives the class away.",
        panel=MODEL,
    )
    batch_size: int = option(64, "Images a step.", least=2)
    learning_rate: float = option(
        1.5e-3, "Highest rate of the one-cycle schedule (AdamW).", above=0
    )
    weight_decay: float = option(0.02, "Of AdamW.", least=0)
    dropout: float = option(0.2, "Of the features before the head.", least=0, below=1)
    label_smoothing: float = option(
        0.1, "Share of each label spread over the trained classes.", least=0, below=1
    )
    mixup: float = option(
        0.0,
        "Both parameters of the beta distribution by which crops and their labels are mixed; 0 mixes "
        "nothing.",
        least=0,
    )
    distillation_weight: float = option(
        0.7,
        "Share of a label that is the mean prediction of the --teacher models.",
        least=0,
        most=1,
    )
    balance: float = option(
        0.5,
        "Exponent of the class counts: 0 draws images as they come, 1 draws classes evenly.",
        least=0,
        most=1,
    )
    oversample: tuple[tuple[str, float], ...] = option(
        (),
        "Draw images of such file names so many times as often ('web_*=5'), when sources are of "
        "different size; repeatable.",
        metavar="PATTERN=FACTOR",
        parse=parse_oversample,
        show=lambda pair: f"{pair[0]}={pair[1]:g}",
    )
    freeze: str = option(
        "none",
        "Last stage of the backbone that is not trained: none, stem, block1 ... block4.",
        metavar="STAGE",
        panel=MODEL,
    )
    feature_noise: float = option(
        0.0,
        "With a frozen backbone: move its features by so much of what faces of one expression differ "
        "by, so that the head does not trust a backbone that knows the training faces by heart.",
        metavar="STRENGTH",
        least=0,
    )
    seed: int = seed_option()
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for pattern, factor in self.oversample:
            if not 0 < factor < float("inf"):
                raise UsageError(
                    f"--oversample must have a factor above 0, not {pattern}={factor:g}"
                )
        if self.feature_noise and self.mixup:
            raise UsageError(
                "mixed crops are of no one class: --feature-noise goes without --mixup"
            )
        if self.first_size is not None and self.first_size > self.size:
            raise UsageError(
                f"--first-size must be at most --size ({self.size}), not {self.first_size}"
            )

    def size_in(self, epoch: int) -> int:
        """Return the crops' side in an epoch, counted from 0; it grows in steps of `SIZE_STEP`."""
        share = epoch / (GROWTH_SHARE * self.epochs)
        if self.first_size is None or share >= 1 or epoch == self.epochs - 1:
            return self.size
        steps = int(share * (self.size - self.first_size) / SIZE_STEP)
        return self.first_size + SIZE_STEP * steps


@options(MODEL)
class StartOptions:
    """What a model on images begins with, and who teaches it."""

    initial: tuple[Path, ...] = option(
        (),
        "Checkpoint to start from, head included; its encoder is left out. Repeatable: the mean of all "
        "their weights.",
    )
    backbone_weights: str = option(
        "none",
        "What the backbone begins with, without --initial: torchvision's download, random weights, or "
        "a .pth file.",
        metavar="imagenet|none|PATH",
    )
    teachers: tuple[Path, ...] = option(
        (),
        "Checkpoint whose predictions for the same crops the labels are mixed with; repeatable.",
        flag="teacher",
    )


@options(DATA)
class TrainImagesCommand:
    """Train backbone and head on single face crops, one folder an expression.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there, 130 after Ctrl-C and 143 after SIGTERM (all but the last minutes is
    kept, --resume goes on from there).

    Examples:
        videxpr train images faces/ --split split.csv -o mine.safetensors
        videxpr train images faces/ --backbone-weights imagenet --mixup 0.2 --oversample 'web_*=5'
        videxpr train images faces/ --votes ferplus.csv --folder-labels 'web_*' -o mine.safetensors
        videxpr train images faces/ --initial a.safetensors --initial b.safetensors --epochs 0
    """

    folder: Path = option(
        MISSING,
        "Aligned face crops, one folder a class (names of the eight expressions, any case).",
        metavar="FOLDER",
        positional=True,
    )
    split: Path | None = option(
        None,
        "CSV with the columns image,split (train, validation, test).",
        default_text="a tenth is drawn for validation, copies of an image on one side",
    )
    votes: Path | None = votes_option()
    folder_labels: str | None = folder_labels_option()
    checkpoint: CheckpointOptions = CheckpointOptions(dtype="float16")
    start: StartOptions = field(default_factory=StartOptions)
    training: ImageTrainingOptions = field(default_factory=ImageTrainingOptions)
    machine: Machine = field(default_factory=Machine)

    def __post_init__(self) -> None:
        if self.folder_labels and self.votes is None:
            raise UsageError(FOLDER_LABELS_ALONE)
