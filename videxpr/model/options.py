"""What a user can choose about this wing; defaults are here and nowhere else."""

from typing import Final, Literal, get_args

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
