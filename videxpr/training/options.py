"""What a user can choose about training, and what training reports."""

import math
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final, Literal, get_args

from videxpr.core.errors import UsageError
from videxpr.datasets.options import SamplingOptions
from videxpr.model.options import Position, Variant
from videxpr.temporal.options import WindowOptions

SMALLEST_SIZE: Final = 32
SIZE_STEP: Final = 16

MOST_SEED: Final = 2**32 - 1
"""Above it numpy's global generator takes no seed."""

GROWTH_SHARE: Final = 0.7
"""Share of the epochs after which crops have their last size."""


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed; every field is the largest change, or a probability.

    Attributes:
        flip: probability of a mirror image.
        rotation_degrees: rotation to either side.
        shift: displacement as a share of the side.
        scale: relative change of size to either side.
        brightness: relative change to either side.
        contrast: relative change to either side, about the image's mean.
        saturation: relative change to either side, about the image's own gray.
        color: relative change of each channel against the others.
        gray: probability of losing all color.
        gamma: relative change of the exponent of the tone curve to either side.
        downscale: probability of a detour through a smaller size, which blurs.
        compress: probability of JPEG's losses, at the smaller size if there is one.
        noise: largest standard deviation of a sensor's noise, as a share of white.
        erase: probability of a gray rectangle over part of the face.
        background_swap: probability that around the face there is what is around another one.
    """

    flip: float = 0.5
    rotation_degrees: float = 12.0
    shift: float = 0.06
    scale: float = 0.1
    brightness: float = 0.25
    contrast: float = 0.25
    saturation: float = 0.0
    color: float = 0.1
    gray: float = 0.2
    gamma: float = 0.4
    downscale: float = 0.3
    compress: float = 0.3
    noise: float = 0.03
    erase: float = 0.2
    background_swap: float = 0.15

    def __post_init__(self) -> None:
        for one in fields(self):
            value, limit = getattr(self, one.name), 180 if one.name == "rotation_degrees" else 1
            if not 0 <= value <= limit:
                raise UsageError(f"{one.name} lies between 0 and {limit}, not at {value}")


@dataclass(frozen=True)
class LossOptions:
    """What a mistake costs.

    Attributes:
        alpha: plain factor of every class.
        gamma: how much frames that are answered well already are played down; 0 is cross-entropy.
        label_smoothing: share of each label spread over the classes.
        divergence: share of the loss that is the Kullback-Leibler divergence from the smoothed label;
            the focal loss has the rest. The paper speaks of none, the authors' code has 0.2.
    """

    alpha: float = 0.9
    gamma: float = 2.0
    label_smoothing: float = 0.0
    divergence: float = 0.0

    def __post_init__(self) -> None:
        if self.alpha <= 0 or self.gamma < 0:
            raise UsageError(f"alpha ({self.alpha}) is above 0, gamma ({self.gamma}) not below it")
        if not (0 <= self.label_smoothing < 1 and 0 <= self.divergence <= 1):
            raise UsageError(
                f"label smoothing ({self.label_smoothing}) and the divergence's share "
                f"({self.divergence}) lie between 0 and 1"
            )


@dataclass(frozen=True)
class ImageTrainingOptions:
    """How a model is trained on single crops.

    Attributes:
        epochs: passes over the training part; 0 takes a start as it is and calibrates it.
        size: side in pixels to which crops are brought; the model's own is 112.
        first_size: side at which training begins, to grow to `size` over the first part of the
            epochs; None begins with `size`.
        gray: whether color is taken away, in training and ever after.
        batch_size: crops a step.
        learning_rate: highest rate of the one-cycle schedule (AdamW).
        weight_decay: of AdamW.
        dropout: of the features before the head.
        label_smoothing: share of each label spread over the trained classes.
        mixup: both parameters of the beta distribution that says how much of a crop is mixed with
            another one, and their labels alike (Zhang et al., 2018); 0 mixes nothing.
        distillation_weight: share of a label that is what the teachers answer, if there are any.
        balance: exponent of the class counts; 0 draws images as they come, 1 draws classes evenly.
        favor: patterns of file names, and how many times as often images of such names are drawn.
        freeze: last stage of the backbone that is not trained, ``none`` or ``stem`` to ``block4``.
        feature_noise: with a backbone that is frozen whole, by how much of what faces of one
            expression differ by its features are moved, so that the head does not trust a backbone
            that knows the training faces by heart.
        seed: of everything that is drawn.
        augmentation: how far crops are changed.
    """

    epochs: int = 12
    size: int = 112
    first_size: int | None = None
    gray: bool = False
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    dropout: float = 0.2
    label_smoothing: float = 0.1
    mixup: float = 0.0
    distillation_weight: float = 0.7
    balance: float = 0.5
    oversample: tuple[tuple[str, float], ...] = ()
    freeze: str = "none"
    feature_noise: float = 0.0
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name, least in (("epochs", 0), ("batch_size", 2), ("mixup", 0), ("feature_noise", 0),
                            ("weight_decay", 0)):  # fmt: skip
            if not least <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf:
            raise UsageError(f"the learning rate must be above 0, not {self.learning_rate}")
        for name in ("balance", "distillation_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} lies between 0 and 1, not at {getattr(self, name)}")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} is at least 0 and below 1, not {getattr(self, name)}")
        check_seed(self.seed)
        for pattern, factor in self.oversample:
            if not 0 < factor < math.inf:
                raise UsageError(
                    f"images are favored by a factor above 0, {pattern} not by {factor}"
                )
        if self.feature_noise and self.mixup:
            raise UsageError(
                "mixed crops are of no one class: --feature-noise goes without --mixup"
            )
        if self.size < SMALLEST_SIZE:
            raise UsageError(f"size must be at least {SMALLEST_SIZE} pixels, not {self.size}")
        if self.first_size is not None and not SMALLEST_SIZE <= self.first_size <= self.size:
            raise UsageError(
                f"the first size lies between {SMALLEST_SIZE} pixels and the last one ({self.size}), "
                f"not at {self.first_size}"
            )

    def as_text(self) -> dict[str, str]:
        """Every choice as text, fields of the augmentation as ``augmentation.flip`` and the like."""
        return as_text(self)

    def size_in(self, epoch: int) -> int:
        """Side of the crops in an epoch, counted from 0; it grows in steps of `SIZE_STEP`."""
        share = epoch / (GROWTH_SHARE * self.epochs)
        if self.first_size is None or share >= 1 or epoch == self.epochs - 1:
            return self.size
        steps = int(share * (self.size - self.first_size) / SIZE_STEP)
        return self.first_size + SIZE_STEP * steps


def as_text(options: Any, prefix: str = "") -> dict[str, str]:
    """Every field of a dataclass as text, fields of its parts as ``part.field``."""
    result: dict[str, str] = {}
    for one in fields(options):
        inner = getattr(options, one.name)
        if is_dataclass(inner):
            result |= as_text(inner, f"{prefix}{one.name}.")
        else:
            result[prefix + one.name] = str(inner)
    return result


def check_seed(seed: int) -> None:
    """Refuse a seed that some generator would not take.

    Raises:
        UsageError: it is below 0 or above `MOST_SEED`.
    """
    if not 0 <= seed <= MOST_SEED:
        raise UsageError(f"a seed lies between 0 and {MOST_SEED}, not at {seed}")


@dataclass(frozen=True)
class Machine:
    """What training runs on; none of it changes what is learned, but for rounding.

    Attributes:
        accelerator: Lightning's: ``cpu``, ``gpu`` or ``mps``.
        devices: processes on each node, one a GPU; the CPU may have several too.
        nodes: computers that train together.
        precision: Lightning's, e.g. ``32-true``, ``bf16-mixed``, ``16-mixed``; None is ``16-mixed`` on
            a GPU, as the authors train, and ``32-true`` elsewhere.
        workers: processes that read crops.
        threads: threads of torch's operators on the CPU.
    """

    accelerator: str = "cpu"
    devices: int = 1
    nodes: int = 1
    precision: str | None = None
    workers: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        for name, least in (("devices", 1), ("nodes", 1), ("workers", 0), ("threads", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")

    @property
    def precision_or_default(self) -> str:
        """The precision that was chosen, or the accelerator's own."""
        return self.precision or ("16-mixed" if self.accelerator == "gpu" else "32-true")


Optimizer = Literal["adam", "adamw"]


AugmentPer = Literal["window", "frame", "none"]


WINDOW: Final = 64


FLIP_AND_JITTER: Final = Augmentation(
    flip=0.5,
    rotation_degrees=0,
    shift=0,
    scale=0,
    brightness=0.5,
    contrast=0.25,
    saturation=0.25,
    color=0,
    gray=0,
    gamma=0,
    downscale=0,
    compress=0,
    noise=0,
    erase=0,
    background_swap=0,
)


"""Horizontal flip and color jitter, as far as the authors' code goes."""


NOT_OVERLAPPING: Final = WindowOptions(stride=WINDOW, tail="padded")


@dataclass(frozen=True)
class ClipTrainingOptions:
    """How a model is trained on windows of frames.

    Attributes:
        variant: which encoder, see `videxpr.model.network.ModelConfig`.
        backbone: torchvision's name.
        position: whether the encoder knows a frame's place in its window.
        backbone_weights: ``imagenet``, ``none``, or a file, see `videxpr.model.pretrained`.
        freeze: the last stage of the backbone that is not trained, and with it all before: ``none``,
            ``stem``, ``block1`` to ``block4`` (``block5`` of VGG16). BatchNorm's statistics keep
            moving, as in the authors' code, unless the whole backbone is frozen.
        input_size: side in pixels to which crops are brought; None leaves it to the weights that the
            backbone begins with, else to the crops.
        optimizer: ``adam`` or ``adamw``.
        learning_rate: None lets Lightning's finder choose it.
        weight_decay: of the optimizer.
        plateau: whether the rate falls to a tenth after 10 epochs without a better F1.
        loss: the focal loss.
        dropout: of the fused features before the head.
        sampling: which windows an epoch has.
        augment_per: whether changes are drawn once a window, for each frame (a window then flickers),
            or not at all.
        augmentation: how far crops are changed.
        feature_noise: how far the features of a frozen backbone are moved, see `FeatureNoise`.
        single_frames: weight of a loss that keeps answers to single frames those of the head that the
            backbone came with, see `SingleFrames`; 0 leaves it out.
        validation: how validation videos are cut into windows, by the predictor that annotates.
        epochs: passes over the training windows.
        patience: epochs without a better F1 after which training ends; None never.
        seed: of all that is drawn.
    """

    variant: Variant = "transformer"
    backbone: str = "regnet_y_1_6gf"
    position: Position = "none"
    backbone_weights: str = "imagenet"
    freeze: str = "block1"
    input_size: int | None = None
    optimizer: Optimizer = "adam"
    learning_rate: float | None = None
    weight_decay: float = 0.0
    plateau: bool = False
    loss: LossOptions = field(default_factory=LossOptions)
    dropout: float = 0.5
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    augment_per: AugmentPer = "window"
    augmentation: Augmentation = FLIP_AND_JITTER
    feature_noise: float = 0.0
    single_frames: float = 0.0
    validation: WindowOptions = NOT_OVERLAPPING
    epochs: int = 30
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (("optimizer", Optimizer), ("augment_per", AugmentPer)):
            if getattr(self, name) not in get_args(known):
                raise UsageError(
                    f"unknown {name} {getattr(self, name)!r}; choose {', '.join(get_args(known))}"
                )
        if self.epochs < 1 or (self.patience is not None and self.patience < 1):
            raise UsageError(
                f"epochs ({self.epochs}) and patience ({self.patience}) are at least 1"
            )
        if self.learning_rate is not None and not 0 < self.learning_rate < 1:
            raise UsageError(f"a learning rate lies between 0 and 1, not at {self.learning_rate}")
        if not (0 <= self.feature_noise < 10 and 0 <= self.single_frames < 1000):
            raise UsageError(
                f"feature noise ({self.feature_noise}) lies between 0 and 10, and the weight of single "
                f"frames ({self.single_frames}) between 0 and 1000"
            )
        if not 0 <= self.dropout < 1 or self.weight_decay < 0:
            raise UsageError(
                f"dropout ({self.dropout}) lies between 0 and 1, and weight decay "
                f"({self.weight_decay}) not below 0"
            )
        check_seed(self.seed)

    def as_text(self) -> dict[str, str]:
        """Every choice as text, fields of its parts as ``loss.gamma`` and the like."""
        return as_text(self)
