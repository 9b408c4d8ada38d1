"""What training reports of an epoch, and of a whole run on images."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClipEpochReport:
    """What one epoch on clips gave.

    Attributes:
        epoch: from 1.
        epochs: that there will be.
        loss: mean over the labeled frames of its training windows.
        macro_f1: on validation, over eight classes, without logit adjustment.
        accuracy: on validation.
        frames: labeled frames of validation that were counted.
        logit_adjustment: strength with which the macro F1 would be highest.
        adjusted_macro_f1: the macro F1 with it.
        temperature: at which the labels of validation are likeliest.
        learning_rate: of the epoch's last step.
    """

    epoch: int
    epochs: int
    loss: float
    macro_f1: float
    accuracy: float
    frames: int
    logit_adjustment: float
    adjusted_macro_f1: float
    temperature: float
    learning_rate: float


@dataclass(frozen=True)
class ImageEpochReport:
    """What one epoch on images gave.

    Attributes:
        epoch: from 1.
        epochs: that there will be.
        loss: mean over its steps.
        accuracy: on validation.
        macro_f1: on validation, over the trained classes.
        temperature: at which the labels of validation are likeliest.
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    macro_f1: float
    temperature: float


@dataclass(frozen=True)
class ImageTrainingReport:
    """What a run on images gave.

    Attributes:
        checkpoint: that was written.
        train_images: in the training part.
        validation_images: in the validation part.
        last: metrics of the last epoch.
    """

    checkpoint: Path
    train_images: int
    validation_images: int
    last: ImageEpochReport
