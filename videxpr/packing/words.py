"""A model's configuration in words."""

from videxpr.model.config import AUTHORS_NAMES, ModelConfig
from videxpr.structures import UNVERIFIED, CropTemplate


def variant_in_words(config: ModelConfig) -> str:
    """The variant, and what the authors' code calls it."""
    theirs = {ours: name for name, ours in AUTHORS_NAMES.items()}
    return f"{config.variant} ({theirs[config.variant]} in the authors' code)"


def position_in_words(config: ModelConfig) -> str:
    """Whether the order of frames counts."""
    if config.variant == "backbone":
        return "none: every frame is judged by itself"
    known = {
        "none": "none: a window is a set of frames, as in the paper",
        "learned": "learned: the order of frames counts",
    }
    return known[config.position]


def crop_in_words(crop: CropTemplate) -> str:
    """The crops that it was trained on."""
    size = f"{crop.size} x {crop.size} pixels"
    if crop.name == UNVERIFIED.name:
        return f"unverified, {size}: nobody measured the crops, ArcFace's template is assumed"
    return f"{crop.name}, {size}"


def input_in_words(config: ModelConfig) -> str:
    """What the backbone sees of a crop."""
    kind = "in colour" if config.colour else "in grey"
    return f"{config.input_size} x {config.input_size} pixels, {kind}"
