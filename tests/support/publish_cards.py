"""What tests of publish cards share."""

from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ModelConfig

SHARES = (0.4, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.0)


CONFIG = ModelConfig(
    variant="backbone",
    backbone="regnet_y_400mf",
    trained_expressions=EXPRESSIONS[:7],
    class_shares=SHARES,
    window=32,
)


TRAINING = TrainingSummary("some | faces\nand more", "recipe <b>", 28_709, 12, 0.71234, None)
