"""What a user can choose about training; defaults are here and nowhere else."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import check_ranges, option, options, preset_values, with_values
from videxpr.core.options import PANEL as RUNNING
from videxpr.datasets.options import PANEL as WINDOWS
from videxpr.datasets.options import SamplingOptions
from videxpr.model.options import BACKBONES, Position, Variant
from videxpr.temporal.options import WindowOptions

DATA, SAVED, MODEL, RECIPE = "Data", "What is written", "Model", "Recipe"
LOSS, AUGMENTATION = "Loss", "Augmentation"

SMALLEST_SIZE: Final = 32
SIZE_STEP: Final = 16

MOST_SEED: Final = 2**32 - 1
"""Above it numpy's global generator takes no seed."""

GROWTH_SHARE: Final = 0.7
"""Share of the epochs after which crops have their last size."""

WINDOW: Final = 64
"""Frames of a window, as in the paper."""


def _seed() -> Any:
    return option(0, "Seed of all that is drawn.", least=0, most=MOST_SEED, panel=RECIPE)


def _change(default: float, help: str, flag: str = "", most: float = 1) -> Any:
    """Declare how far crops are changed."""
    return option(default, help, flag=flag, least=0, most=most, panel=AUGMENTATION)


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed; every field is the largest change, or a probability."""

    flip: float = _change(0.5, "Probability of a mirror image.")
    rotation_degrees: float = _change(12.0, "Rotation to either side, in degrees.", "rotation", 180)
    shift: float = _change(0.06, "Displacement, as a share of the side.")
    scale: float = _change(0.1, "Relative change of size to either side.")
    brightness: float = _change(0.25, "Relative change of brightness to either side.")
    contrast: float = _change(0.25, "Relative change of contrast, about the image's mean.")
    saturation: float = _change(0.0, "Relative change of saturation, about the image's own gray.")
    color: float = _change(0.1, "Relative change of each channel against the others.", "color-cast")
    gray: float = _change(0.2, "Probability of losing all color.", "gray-probability")
    gamma: float = _change(0.4, "Relative change of the tone curve's exponent.", "tone-gamma")
    downscale: float = _change(0.3, "Probability of a detour through a smaller size, which blurs.")
    compress: float = _change(0.3, "Probability of JPEG's losses, at the smaller size.", "jpeg")
    noise: float = _change(0.03, "Largest deviation of a sensor's noise, as a share of white.")
    erase: float = _change(0.2, "Probability of a gray rectangle over part of the face.")
    background_swap: float = _change(
        0.15, "Probability that around the face there is what is around another one."
    )

    def __post_init__(self) -> None:
        check_ranges(self)


FLIP_AND_JITTER: Final = replace(
    Augmentation(**dict.fromkeys((one.name for one in fields(Augmentation)), 0.0)),
    flip=0.5,
    brightness=0.5,
    contrast=0.25,
    saturation=0.25,
)
"""Horizontal flip and color jitter, as far as the authors' code goes."""


@options(LOSS)
class LossOptions:
    """What a mistake costs."""

    alpha: float = option(0.9, "Factor of the focal loss.", above=0)
    gamma: float = option(
        2.0,
        "How much the focal loss plays down frames that are answered well already; 0 is "
        "cross-entropy.",
        least=0,
    )
    label_smoothing: float = option(
        0.0,
        "Share of each label spread over the classes.",
        least=0,
        below=1,
        presets={"authors": 0.1},
    )
    divergence: float = option(
        0.0,
        "Share of the loss that is the Kullback-Leibler divergence from the smoothed label; the focal "
        "loss has the rest.",
        flag="kl-weight",
        least=0,
        most=1,
        presets={"authors": 0.2},
    )


@options(RECIPE)
class ClipTrainingOptions:
    """How a model is trained on windows of frames; what each field does is said in its help.

    The defaults are what Phan et al. (2022) say. What the paper does not say (flip and jitter, frozen
    stages) is as in the authors' code, but drawn once a window.
    """

    variant: Variant = option(
        "transformer",
        "Encoder beside the backbone. In the authors' code: only_trans, only_att, combine, "
        "no_att_trans.",
        panel=MODEL,
    )
    backbone: str = option(
        "regnet_y_1_6gf",
        f"{', '.join(BACKBONES)} (Table 2's baseline).",
        metavar="NAME",
        panel=MODEL,
    )
    position: Position = option(
        "none",
        "none: the encoder sees a window as a set, as in the paper; learned: it knows each frame's "
        "place (videxpr's own).",
        panel=MODEL,
    )
    backbone_weights: str = option(
        "imagenet",
        "What the backbone begins with: torchvision's download, random weights, a .pth file "
        "(torchvision's names or VGGFACE's), or a videxpr checkpoint.",
        metavar="imagenet|none|PATH",
        panel=MODEL,
    )
    freeze: str = option(
        "block1",
        "Last stage of the backbone that is not trained: none, stem, block1 ... block4 (block5 of "
        "vgg16). With the whole of it frozen and --augment none, features are computed once. "
        "BatchNorm's statistics move unless the whole is frozen.",
        metavar="STAGE",
        panel=MODEL,
    )
    input_size: int | None = option(
        None,
        "Side to which crops are brought; smaller is faster.",
        flag="size",
        metavar="PIXELS",
        least=SMALLEST_SIZE,
        default_text="that of the backbone's weights, else the crops' own",
        panel=MODEL,
    )
    optimizer: Literal["adam", "adamw"] = option("adam", "Which.", presets={"authors": "adamw"})
    learning_rate: float | None = option(
        None,
        "Of the optimizer.",
        above=0,
        below=1,
        default_text="found by Lightning",
        presets={"authors": 1e-3},
    )
    weight_decay: float = option(0.0, "Of the optimizer.", least=0, presets={"authors": 5e-5})
    plateau: bool = option(
        False,
        "Let the rate fall to a tenth after 10 epochs without a better F1.",
        default_text="off",
        presets={"authors": True},
    )
    loss: LossOptions = field(default_factory=LossOptions)
    dropout: float = option(0.5, "Of the fused features before the head.", least=0, below=1)
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    augment_per: Literal["per-window", "per-frame", "none"] = option(
        "per-window",
        "Whether crops change once a window, or for every frame, as in the authors' code: windows then "
        "flicker.",
        flag="augment",
        presets={"authors": "per-frame"},
        panel=AUGMENTATION,
    )
    augmentation: Augmentation = FLIP_AND_JITTER
    feature_noise: float = option(
        0.0,
        "With a frozen backbone: move its features by so much of what faces of one expression differ "
        "by, so that the encoder does not trust a backbone that knows the training faces by heart; "
        "0.7, say.",
        metavar="STRENGTH",
        least=0,
        most=10,
    )
    single_frames: float = option(
        0.0,
        "Weight of a loss that keeps answers to single frames those of the model without encoder that "
        "--backbone-weights names.",
        metavar="WEIGHT",
        least=0,
        most=1000,
    )
    validation_stride: int = option(
        WINDOW,
        "Frames between the starts of validation windows; fewer than 64 overlap and are averaged, as "
        "annotate does by default.",
        metavar="FRAMES",
        least=1,
        most=WINDOW,
        panel=WINDOWS,
    )
    epochs: int = option(30, "Passes over the training windows.", least=1)
    patience: int | None = option(
        None, "Epochs without a better F1 after which training ends.", least=1, default_text="never"
    )
    seed: int = _seed()

    @property
    def validation(self) -> WindowOptions:
        """How validation videos are cut into windows: as the authors do, unless they overlap."""
        overlap = self.validation_stride < WINDOW
        return WindowOptions(self.validation_stride, "aligned" if overlap else "padded")


RECIPES: Final[Mapping[str, ClipTrainingOptions]] = {
    name: with_values(ClipTrainingOptions(), preset_values(ClipTrainingOptions, name))
    for name in ("paper", "authors")
}
"""``paper`` is what Phan et al. (2022) say, ``authors`` what their code does where it differs."""


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
        0.7, "Share of a label that is the mean answer of the --teacher models.", least=0, most=1
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
    seed: int = _seed()
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
        "Checkpoint whose answers to the same crops the labels are mixed with; repeatable.",
        flag="teacher",
    )


@options(SAVED)
class CheckpointOptions:
    """The checkpoint that training writes, and what becomes of an earlier run."""

    output: Path = option(
        Path("model.safetensors"),
        "The checkpoint to write (.safetensors). A folder .run (to resume) comes beside it; of clips "
        "also .training.json (to read).",
        short="o",
    )
    data: str = option("", "What the crops are, for the model's card.", default_text="the folder")
    license: str = option("unspecified", "Under which terms the weights may be used.")
    dtype: Literal["float16", "float32"] = option(
        "float32", "How the checkpoint holds its weights."
    )
    resume: bool = option(
        False,
        "Go on after the last whole epoch of an earlier run, if there is one; with the same options, "
        "models and data.",
        panel=RUNNING,
    )
    overwrite: bool = option(False, "Begin an earlier run anew.", panel=RUNNING)


@options(RUNNING)
class Machine:
    """What training runs on; none of it changes what is learned, but for rounding.

    Attributes:
        threads: of torch's operators on the CPU; None is the cores, shared by the devices.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "Kind of device; auto takes a GPU if it can."
    )
    devices: int = option(1, "GPUs (or CPU processes) on each node.", least=1)
    nodes: int = option(1, "Computers that train together.", least=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] | None = option(
        None,
        "Lightning's; bf16-mixed is faster on processors that have it.",
        default_text="16-mixed on a GPU, as the authors train; else 32-true",
    )
    workers: int | None = option(
        None, "Processes that read crops.", least=0, default_text="the cores, with a GPU; else 0"
    )
    threads: int | None = None

    @property
    def accelerator(self) -> str:
        """Lightning's name of the kind of device."""
        return {"cuda": "gpu"}.get(self.device, self.device)

    @property
    def precision_or_default(self) -> str:
        """The precision that was chosen, or the accelerator's own."""
        return self.precision or ("16-mixed" if self.accelerator == "gpu" else "32-true")


def parse_folds(text: str) -> tuple[int, int]:
    """Return which fold of how many, from ``K/N``."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise UsageError(f"--folds must be K/N, e.g. 1/5 for the first of five, not {text!r}")
    return int(match[1]), int(match[2])


@options(DATA)
class TrainClipsCommand:
    """Train backbone and encoder on windows of frames, from Aff-Wild2's folders.

    The epoch with the best validation macro F1 is kept. Each default is what the paper says; a second
    one is what --recipe authors gives.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there."""

    root: Path | None = option(
        None,
        "Aff-Wild2's folder: annotations (EXPR_...) and crops (cropped_aligned...) are found below it.",
        metavar="DATA",
        positional=True,
    )
    annotations: Path | None = option(
        None, "Folder with Train_Set and Validation_Set.", default_text="found below DATA"
    )
    crops: tuple[Path, ...] = option(
        (), "Folder with one folder of crops a name; repeatable.", default_text="found below DATA"
    )
    folds: tuple[int, int] | None = option(
        None,
        "Part both sets anew, by source video, and validate on fold K of N.",
        metavar="K/N",
        parse=parse_folds,
        show=lambda folds: folds and f"{folds[0]}/{folds[1]}",
        default_text="the organizers' sets",
    )
    geometry: Path | None = option(
        None,
        "Geometry of the crops, as videxpr crops measure writes it.",
        default_text="the crop_geometry.json beside the crops, else unverified",
    )
    checkpoint: CheckpointOptions = field(default_factory=CheckpointOptions)
    recipe: Literal["paper", "authors"] = option(
        "paper", "What the paper says, or what the authors' code does.", panel=RECIPE
    )
    training: ClipTrainingOptions = field(default_factory=ClipTrainingOptions)
    machine: Machine = field(default_factory=Machine)


def recipe_base(command: TrainClipsCommand, given: Mapping[str, Any]) -> TrainClipsCommand:
    """Return the options of a recipe, over which others are chosen."""
    return replace(command, training=RECIPES[given.get("recipe", "paper")])


@options(DATA)
class TrainImagesCommand:
    """Train backbone and head on single face crops, one folder an expression.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there."""

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
    checkpoint: CheckpointOptions = CheckpointOptions(dtype="float16")
    start: StartOptions = field(default_factory=StartOptions)
    training: ImageTrainingOptions = field(default_factory=ImageTrainingOptions)
    machine: Machine = field(default_factory=Machine)


def as_text(options: Any, prefix: str = "") -> dict[str, str]:
    """Return every field of a dataclass as text, fields of its parts as ``part.field``."""
    result: dict[str, str] = {}
    for one in fields(options):
        inner = getattr(options, one.name)
        if is_dataclass(inner):
            result |= as_text(inner, f"{prefix}{one.name}.")
        else:
            result[prefix + one.name] = str(inner)
    return result
