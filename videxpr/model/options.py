"""What a user can choose about models: which one answers, and what a new one is made of."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from videxpr.core.option import check_ranges, option

Variant = Literal["transformer", "attention", "both", "backbone"]
VARIANTS: Final[tuple[str, ...]] = get_args(Variant)
Position = Literal["none", "learned"]
POSITIONS: Final[tuple[str, ...]] = get_args(Position)
BACKBONES: Final = (
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_1_6gf",
    "regnet_y_3_2gf",
    "vgg16",
)

STARTER: Final = "starter"
"""The model in the package, and the default of every command."""

FORMS: Final = (
    "starter, another name of videxpr models list, a .safetensors file, a packed folder, or "
    "hf:OWNER/REPO[@REVISION]"
)
METAVAR: Final = "MODEL"


@dataclass(frozen=True)
class ModelOptions:
    """Which models answer.

    Attributes:
        models: names, paths or addresses; several answer as one, by the mean of their probabilities.
        sha256: that the files must have, in the same order; empty leaves it open.
    """

    models: tuple[str, ...] = option(
        (STARTER,),
        f"Expression weights: {FORMS}; repeatable: probabilities are averaged.",
        flag="model",
        short="m",
        metavar=METAVAR,
        panel="Time and model",
    )
    sha256: tuple[str, ...] = option(
        (), "SHA-256 that the files must have.", flag="model-sha256", config_only=True
    )

    def __post_init__(self) -> None:
        check_ranges(self)
