"""What a user can choose about time: windows and smoothing."""

from typing import Final, Literal

from videxpr.core.option import option, options

PANEL: Final = "Time and model"


@options(PANEL)
class WindowOptions:
    """How a sequence is cut.

    Attributes:
        stride: frames from the start of one window to the start of the next.
        tail: ``aligned`` lets the last window end on the last frame, so that it overlaps the one
            before by more; ``padded`` keeps the stride and pads the last window by its last frame.
    """

    stride: int = option(16, "Frames between the starts of two windows.", metavar="FRAMES", least=1)
    tail: Literal["aligned", "padded"] = "aligned"
