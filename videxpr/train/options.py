"""What a user can choose about training, and what training reports."""

from dataclasses import dataclass, field
from pathlib import Path

from videxpr.augmentation import Augmentation
from videxpr.errors import UsageError


@dataclass(frozen=True)
class StillsOptions:
    """How a model is trained on single crops.

    Attributes:
        epochs: passes over the training part.
        size: side in pixels to which crops are brought; the model's own is 112.
        grey: whether colour is taken away, in training and ever after.
        batch_size: crops a step.
        learning_rate: highest rate of the one-cycle schedule (AdamW).
        weight_decay: of AdamW.
        dropout: of the features before the head.
        label_smoothing: share of each label spread over the trained classes.
        balance: exponent of the class counts; 0 draws images as they come, 1 draws classes evenly.
        precision: Lightning's, e.g. ``32-true``, ``bf16-mixed``, ``16-mixed``.
        workers: processes that read images.
        threads: threads of torch's operators on the CPU.
        seed: of everything that is drawn.
        augmentation: how far crops are changed.
    """

    epochs: int = 12
    size: int = 112
    grey: bool = False
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    dropout: float = 0.2
    label_smoothing: float = 0.1
    balance: float = 0.5
    precision: str = "32-true"
    workers: int = 0
    threads: int = 2
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 2), ("threads", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not self.learning_rate > 0 or not 0 <= self.balance <= 1:
            raise UsageError(
                f"the learning rate ({self.learning_rate}) must be above 0, and the balance "
                f"({self.balance}) between 0 and 1"
            )
        if self.size < 32:
            raise UsageError(f"size must be at least 32 pixels, not {self.size}")


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
