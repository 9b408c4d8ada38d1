"""Options of this wing."""

from dataclasses import dataclass
from pathlib import Path


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
