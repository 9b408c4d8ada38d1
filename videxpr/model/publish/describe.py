"""A model's configuration and training in words, for its card and for ``videxpr models show``."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.config import PAPER_NAMES, ModelConfig
from videxpr.model.header import TrainingSummary

POSITIONS: Final = {
    "none": "none: a window is a set of frames, as in the paper",
    "learned": "learned: the order of frames counts",
    "alone": "none: every frame is judged by itself",
}
"""What a position says; ``alone`` stands for that of a backbone without an encoder."""


def config_facts(config: ModelConfig) -> dict[str, str]:
    """Return what a model is, by labels of a few words."""
    position = "alone" if config.variant == "backbone" else config.position
    fitted = f"temperature {config.temperature:.3g}, fitted on validation; always applied"
    side = config.input_size
    facts = {
        "variant": describe_variant(config),
        "backbone": config.backbone,
        "position": POSITIONS[position],
        "window": f"{config.window} frames",
        "trained": ", ".join(config.trained_expressions),
        "untrained": ", ".join(config.untrained_expressions) or "none",
        "calibrated": "temperature 1, which changes nothing" if config.temperature == 1 else fitted,
        "crop": describe_crop(config.crop),
        "input": f"{side} x {side} pixels, in {'color' if config.color else 'gray'}",
        "landmarks": ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks),
    }
    if config.logit_adjustment:
        facts["adjustment"] = f"{config.logit_adjustment:g} was best; applied only when asked for"
    return facts


def training_facts(
    config: ModelConfig, training: TrainingSummary, paper: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return how a model was trained, by labels of a few words.

    Args:
        config: what the model is.
        training: how it came about.
        paper: options of the recipe ``paper`` for windows; those that differ are listed.
    """
    unit = describe_unit(config, training)
    facts = {
        "data": training.data,
        "recipe": training.recipe,
        unit: f"{training.images:,}" if training.images else "not stated",
        "epochs": describe_epochs(config, training),
    }
    if paper and unit == "frames" and training.options:
        others = [
            f"{name} {value}"
            for name, value in training.options.items()
            if not _are_alike(value, paper.get(name, value))  # other versions have other options
        ]
        facts["options unlike the recipe paper's"] = ", ".join(others) or "none"
    if config.class_shares:
        shares = zip(config.expressions, config.class_shares, strict=True)
        facts["labels"] = ", ".join(f"{name} {share:.1%}" for name, share in shares)
    accuracy = training.validation_accuracy
    f1s = [f"{value:.3f} over {classes}" for classes, value in macro_f1s(config, training)]
    measured = {
        "accuracy": "" if accuracy is None else f"{accuracy:.3f}",
        "macro F1": ", ".join(f1s),
    }
    return facts | {
        label: f"{value}, on the validation part's {unit}" if value else "not measured"
        for label, value in measured.items()
    }


def _are_alike(value: str, other: str) -> bool:
    """Return whether two texts are of one value: ``0`` is ``0.0``."""
    try:
        return float(value) == float(other)
    except ValueError:
        return value == other


def describe_variant(config: ModelConfig) -> str:
    """Return the variant, and what the authors' code calls it."""
    return f"{config.variant} ({PAPER_NAMES[config.variant]} in the authors' code)"


def describe_crop(crop: CropTemplate) -> str:
    """Return the crops that it was trained on."""
    size = f"{crop.size} x {crop.size} pixels"
    if crop.name == UNVERIFIED.name:
        return f"unverified, {size}: nobody measured the crops, ArcFace's template is assumed"
    return f"{crop.name}, {size}"


def describe_unit(config: ModelConfig, training: TrainingSummary) -> Literal["frames", "images"]:
    """Return what it was trained on and validated with.

    An encoder is always trained on frames, in windows; a backbone alone where its options say so.
    """
    in_windows = config.variant != "backbone" or "sampling.batch_size" in training.options
    return "frames" if in_windows else "images"


def describe_epochs(config: ModelConfig, training: TrainingSummary) -> str:
    """Return the epochs the weights had and, where it is known, of how many they were the best."""
    if not training.epochs:
        return "not stated"
    planned = training.options.get("epochs")
    of_windows = describe_unit(config, training) == "frames"
    return f"{training.epochs} of {planned}" if of_windows and planned else str(training.epochs)


def macro_f1s(config: ModelConfig, training: TrainingSummary) -> Iterator[tuple[str, float]]:
    """Yield the macro F1 on the validation part by what it is the mean over; nothing if unmeasured."""
    value, trained = training.validation_macro_f1, len(config.trained_expressions)
    if value is None:
        return
    if describe_unit(config, training) == "images":
        yield "the trained expressions that occur", value
        return
    yield "all eight expressions", value
    if config.untrained_expressions:  # their F1 is 0
        yield f"the {trained} trained ones", value * len(EXPRESSIONS) / trained
