"""A model's configuration and training in words."""

from collections.abc import Iterator
from typing import Literal

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.config import PAPER_NAMES, ModelConfig
from videxpr.model.header import TrainingSummary


def describe_variant(config: ModelConfig) -> str:
    """The variant, and what the authors' code calls it."""
    return f"{config.variant} ({PAPER_NAMES[config.variant]} in the authors' code)"


def describe_position(config: ModelConfig) -> str:
    """Whether the order of frames counts."""
    if config.variant == "backbone":
        return "none: every frame is judged by itself"
    known = {
        "none": "none: a window is a set of frames, as in the paper",
        "learned": "learned: the order of frames counts",
    }
    return known[config.position]


def describe_crop(crop: CropTemplate) -> str:
    """The crops that it was trained on."""
    size = f"{crop.size} x {crop.size} pixels"
    if crop.name == UNVERIFIED.name:
        return f"unverified, {size}: nobody measured the crops, ArcFace's template is assumed"
    return f"{crop.name}, {size}"


def describe_input(config: ModelConfig) -> str:
    """What the backbone sees of a crop."""
    kind = "in color" if config.color else "in gray"
    return f"{config.input_size} x {config.input_size} pixels, {kind}"


def describe_temperature(config: ModelConfig) -> str:
    """By what logits are divided, and who found it."""
    if config.temperature == 1:
        return "temperature 1, which changes nothing"
    return f"temperature {config.temperature:.3g}, fitted on validation; always applied"


def describe_unit(config: ModelConfig, training: TrainingSummary) -> Literal["frames", "images"]:
    """What it was trained on and validated with: an encoder always on frames, in windows, and a
    backbone alone where its options say so."""
    in_windows = config.variant != "backbone" or "sampling.batch_size" in training.options
    return "frames" if in_windows else "images"


def describe_epochs(config: ModelConfig, training: TrainingSummary) -> str:
    """How many epochs the weights have had and, where it is known, of how many they were the best."""
    if not training.epochs:
        return "not stated"
    planned = training.options.get("epochs")
    of_windows = describe_unit(config, training) == "frames"
    return f"{training.epochs} of {planned}" if of_windows and planned else str(training.epochs)


def macro_f1s(config: ModelConfig, training: TrainingSummary) -> Iterator[tuple[str, float]]:
    """The macro F1 on the validation part by what it is the mean over; nothing if nobody measured."""
    value, trained = training.validation_macro_f1, len(config.trained_expressions)
    if value is None:
        return
    if describe_unit(config, training) == "images":
        yield "the trained expressions that occur", value
        return
    yield "all eight expressions", value
    if config.untrained_expressions:  # their F1 is 0
        yield f"the {trained} trained ones", value * len(EXPRESSIONS) / trained
