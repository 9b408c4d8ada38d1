"""Sliding windows over a sequence of features, and the mean of their overlapping answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from videxpr.errors import UsageError
from videxpr.structures import Floats

WINDOWS_AT_ONCE: Final = 16


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


def window_starts(length: int, window: int, options: WindowOptions) -> NDArray[np.int64]:
    """First frames of the windows that cover frames [0, length), in order.

    Raises:
        UsageError: the stride leaves frames between windows.
    """
    if options.stride > window:
        raise UsageError(f"a stride of {options.stride} leaves gaps between windows of {window}")
    last = max(length - window, 0)
    if options.tail == "padded":
        return np.arange(0, last + options.stride, options.stride)
    starts = np.arange(0, last + 1, options.stride)
    return starts if starts[-1] == last else np.append(starts, last)


def cut_windows(features: Floats, starts: NDArray[np.int64], window: int) -> Floats:
    """Windows (W, window, F) of features (T, F); what lies past the end repeats the last frame."""
    positions = starts[:, None] + np.arange(window)
    windows: Floats = features[np.minimum(positions, len(features) - 1)]
    return windows


def sliding_logits(
    features: Floats, classify: Callable[[Floats], Floats], window: int, options: WindowOptions
) -> Floats:
    """Logits for every frame of a sequence, averaged over all windows that hold it.

    Args:
        features: (T, F), T at least 1.
        classify: logits (W, window, C) of windows (W, window, F).
        window: frames in a window.
        options: how the sequence is cut.

    Returns:
        (T, C) float32. Padded frames are left out of the mean.
    """
    length = len(features)
    starts = window_starts(length, window, options)
    total: NDArray[np.float64] | None = None
    count = np.zeros(length)
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        chosen = starts[first : first + WINDOWS_AT_ONCE]
        answers = classify(cut_windows(features, chosen, window))
        if total is None:
            total = np.zeros((length, answers.shape[-1]))
        for start, answer in zip(chosen, answers, strict=True):
            held = min(window, length - start)
            total[start : start + held] += answer[:held]
            count[start : start + held] += 1
    assert total is not None
    return (total / count[:, None]).astype(np.float32)
