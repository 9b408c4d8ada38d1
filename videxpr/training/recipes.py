"""What a user can choose about training on windows, and the two recipes of the method's authors."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from videxpr.core.errors import UsageError
from videxpr.datasets.clips import SamplingOptions
from videxpr.model.config import Position, Variant
from videxpr.temporal.windows import WindowOptions
from videxpr.training.augment import Augmentation
from videxpr.training.losses import LossOptions
from videxpr.training.options import as_text, check_seed

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


RECIPES: Final[Mapping[str, ClipTrainingOptions]] = {
    "paper": ClipTrainingOptions(),
    "authors": ClipTrainingOptions(
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=5e-5,
        plateau=True,
        loss=LossOptions(label_smoothing=0.1, divergence=0.2),
        augment_per="frame",
    ),
}
"""``paper`` is what Phan et al. (2022) say, ``authors`` what their code does where it differs. What
the paper does not say (flip and jitter, frozen stages) is as in the code, but drawn once a window."""


def with_choices(options: ClipTrainingOptions, choices: Mapping[str, Any]) -> ClipTrainingOptions:
    """Options with some of them chosen anew, by the names that `ClipTrainingOptions.as_text` gives.

    Raises:
        UsageError: a value makes no sense.
    """
    parts: dict[str, dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    for name, value in choices.items():
        part, _, inner = name.partition(".")
        if inner:
            parts.setdefault(part, {})[inner] = value
        else:
            plain[name] = value
    changed = {part: replace(getattr(options, part), **inner) for part, inner in parts.items()}
    return replace(options, **plain, **changed)
