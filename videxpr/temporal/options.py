"""What a user can choose about this wing; defaults are here and nowhere else."""

from dataclasses import dataclass
from typing import Literal

from videxpr.core.errors import UsageError


@dataclass(frozen=True)
class WindowOptions:
    """How a sequence is cut.

    Attributes:
        stride: frames from the start of one window to the start of the next.
        tail: ``aligned`` lets the last window end on the last frame, so that it overlaps the one
            before by more; ``padded`` keeps the stride and pads the last window by its last frame.
    """

    stride: int = 16
    tail: Literal["aligned", "padded"] = "aligned"

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise UsageError(f"the stride is at least 1 frame, not {self.stride}")
