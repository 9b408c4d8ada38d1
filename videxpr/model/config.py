"""What a model is: the choices that its checkpoint states."""

from dataclasses import dataclass
from typing import Final

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.options import BACKBONES, POSITIONS, VARIANTS, Position, Variant

PAPER_NAMES: Final[dict[Variant, str]] = {
    "transformer": "only_trans",
    "attention": "only_att",
    "both": "combine",
    "backbone": "no_att_trans",
}
"""What the code of the method's authors calls the variants."""

LONGEST_WINDOW: Final = 1 << 14
LARGEST_SIDE: Final = 1 << 11
"""In frames and pixels; a file of 1 kB could claim so much that no memory holds it."""


@dataclass(frozen=True)
class ModelConfig:
    """What a model is; stored in its checkpoint.

    Attributes:
        variant: ``transformer`` (backbone and transformer block, the paper's best), ``attention``
            (backbone and bare attention), ``both`` (backbone, attention and transformer in parallel)
            or ``backbone`` (no encoder); `PAPER_NAMES` says what the authors' code calls them.
        backbone: name of a torchvision architecture; the paper's is ``regnet_y_1_6gf``, its
            baseline ``vgg16``.
        position: ``none``, as in the paper: the encoder sees a window as a set of frames; or
            ``learned``, videxpr's own: a vector for each place of the window is added to the
            encoder's input.
        expressions: class names in the order of the logits.
        trained_expressions: those of them that training data had; the others are masked.
        class_shares: share of each expression among the training labels, for logit adjustment; empty
            if it is not known.
        logit_adjustment: strength of logit adjustment that was best on validation data; it is
            applied only when asked for.
        temperature: by which logits are divided, so that probabilities mean what they say on
            validation data; 1 if nobody fitted it.
        crop: geometry of the crops that it was trained on.
        input_size: side in pixels to which `embed` brings the crops before the backbone; the size
            that it was trained at, since another one gives it other features.
        color: false if crops are turned gray first, because it was trained on gray pictures.
        mean: of R, G, B in [0, 1], subtracted from the pixels.
        std: of R, G, B in [0, 1], by which the pixels are then divided.
        window: frames in a window.
    """

    variant: Variant = "transformer"
    backbone: str = "regnet_y_1_6gf"
    position: Position = "none"
    expressions: tuple[str, ...] = EXPRESSIONS
    trained_expressions: tuple[str, ...] = EXPRESSIONS
    class_shares: tuple[float, ...] = ()
    logit_adjustment: float = 0.0
    temperature: float = 1.0
    crop: CropTemplate = ARCFACE
    input_size: int = ARCFACE.size
    color: bool = True
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    window: int = 64

    @property
    def untrained_expressions(self) -> tuple[str, ...]:
        """Return the classes that are never predicted, because no training data had them."""
        return tuple(name for name in self.expressions if name not in self.trained_expressions)

    def __post_init__(self) -> None:
        reason = _unsupported_reason(self)
        if reason:
            raise CheckpointError(reason)


def _unsupported_reason(config: ModelConfig) -> str | None:
    """Return why a configuration cannot be used; None if it can."""
    choices = {"variant": VARIANTS, "backbone": BACKBONES, "position": POSITIONS}
    for name, known in choices.items():
        if getattr(config, name) not in known:
            return f"unknown {name} {getattr(config, name)!r}; known are {', '.join(known)}"
    if config.position != "none" and config.variant == "backbone":
        return "positions are for an encoder, and the variant 'backbone' has none"
    if config.expressions != EXPRESSIONS:
        return (
            f"the model's classes are {', '.join(config.expressions)}, but videxpr writes "
            f"{', '.join(EXPRESSIONS)}, in this order; train it with Aff-Wild2's classes"
        )
    if not config.trained_expressions or not set(config.trained_expressions) <= set(EXPRESSIONS):
        return f"trained classes {config.trained_expressions!r} are not among {EXPRESSIONS}"
    if len(config.class_shares) not in (0, len(EXPRESSIONS)):
        return f"class shares {config.class_shares!r} are not one for each of {EXPRESSIONS}"
    if not 0 < config.temperature < float("inf"):
        return f"temperature {config.temperature!r} is not a positive number"
    sizes = {
        "window": (config.window, 1, LONGEST_WINDOW),
        "crop size": (config.crop.size, 32, LARGEST_SIDE),
        "input size": (config.input_size, 32, LARGEST_SIDE),
    }
    for name, (size, least, most) in sizes.items():
        if not (isinstance(size, int) and least <= size <= most):
            return f"{name} {size!r} is not a whole number from {least} to {most}"
    for name in ("mean", "std"):
        values = getattr(config, name)
        if len(values) != 3 or not all(isinstance(one, int | float) for one in values):
            return f"{name} {values!r} is not three numbers, of red, green and blue"
    return None
