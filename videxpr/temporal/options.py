"""What a user can choose about time: windows, and intervals."""

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


@options("Intervals")
class IntervalOptions:
    """How frames become intervals of one expression.

    Attributes:
        max_gap_seconds: a face that is not detected for longer ends an interval.
        hysteresis: by how much another expression must be more probable to take over.
        min_seconds: what is shown for less belongs to its neighbors; a face that is seen for less gives
            no interval.
    """

    max_gap_seconds: float = option(
        0.5,
        "A face that is missed for longer ends an interval.",
        flag="max-gap",
        metavar="SECONDS",
        least=0,
    )
    hysteresis: float = option(
        0.3,
        "Another expression takes over when it is more probable by so much.",
        least=0,
        below=1,
    )
    min_seconds: float = option(
        0.2,
        "Shorter intervals are given to their neighbors.",
        flag="min-duration",
        metavar="SECONDS",
        least=0,
    )
