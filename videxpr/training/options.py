"""What a user can choose about training, and what training reports."""

import math
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from videxpr.core.errors import UsageError
from videxpr.training.augment import Augmentation

SMALLEST_SIZE: Final = 32
SIZE_STEP: Final = 16

SEED_SPAN: Final = 2**62
MOST_SEED: Final = 2**32 - 1
"""Above it numpy's global generator takes no seed."""

GROWTH_SHARE: Final = 0.7
"""Share of the epochs after which crops have their last size."""


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


def step_seed(seed: int, epoch: int, step: int, rank: int = 0) -> int:
    """What a step draws depends on nothing but its number, so that a resumed run draws the same."""
    return int(np.random.default_rng((seed, epoch, step, rank)).integers(SEED_SPAN))


@dataclass(frozen=True)
class EpochReport:
    """What one epoch gave: 1-based number, mean loss, accuracy and macro F1 on validation, and the
    temperature at which its labels are likeliest."""

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    macro_f1: float
    temperature: float


@dataclass(frozen=True)
class TrainingReport:
    """What a training run gave: the checkpoint, sizes of the parts, figures of the last epoch."""

    checkpoint: Path
    train_images: int
    validation_images: int
    last: EpochReport
