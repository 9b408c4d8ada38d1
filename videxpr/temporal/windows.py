"""Sliding windows over a sequence of features, and the mean of their overlapping answers."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import UsageError
from videxpr.core.structures import Floats
from videxpr.temporal.options import WindowOptions

WINDOWS_AT_ONCE: Final = 4

Classify = Callable[[Floats], Floats]
"""Logits (W, window, C) of windows (W, window, F)."""


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
    features: Floats, classify: Classify, window: int, options: WindowOptions
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
    stream = LogitStream(classify, window, options)
    return np.concatenate([*stream.add(features), *stream.finish()])


class LogitStream:
    """The logits of one sequence that comes bit by bit: `sliding_logits`, given out early.

    A frame's logits come as soon as no later frame can change them and a batch of `WINDOWS_AT_ONCE`
    windows is full. Features and sums are held from the first frame without logits on. However the
    sequence is cut into bits, the same windows go through the model in the same batches, so that its
    logits are the same to the last bit.
    """

    def __init__(self, classify: Classify, window: int, options: WindowOptions) -> None:
        """Args: as of `sliding_logits`."""
        window_starts(1, window, options)  # refuses a stride that leaves gaps
        self._classify = classify
        self._window = window
        self._options = options
        self._length = 0
        self._classified = 0  # windows
        self._first = 0  # frame that what is held begins with
        self._bits: list[Floats] = []
        self._sums = np.zeros((0, 0))
        self._counts = np.zeros(0)

    @property
    def buffered(self) -> int:
        """Number of frames whose features are held."""
        return self._length - self._first

    def add(self, features: Floats) -> list[Floats]:
        """Take the features (T, F) of the next frames; what that settles.

        Returns:
            (T, C) logits, none or more arrays, of the frames after those given out before.
        """
        self._bits.append(features)
        self._length += len(features)
        finalized = []
        while self._length >= self._batch()[-1] + self._window:
            self._sum_up(self._batch())
            finalized.append(self._emitted(self._finalized_frames()))
        if finalized:  # what is held is a view of all, which shall not be held
            self._bits = [self._bits[0].copy()]
        return finalized

    def finish(self) -> list[Floats]:
        """End the sequence, which has at least one frame: the logits of all that are left."""
        starts = window_starts(self._length, self._window, self._options)[self._classified :]
        for first in range(0, len(starts), WINDOWS_AT_ONCE):
            self._sum_up(starts[first : first + WINDOWS_AT_ONCE])
        return [self._emitted(self._length)] if self.buffered else []

    def _batch(self) -> NDArray[np.int64]:
        """First frames of the next batch of windows, if the sequence is long enough for them all."""
        return (self._classified + np.arange(WINDOWS_AT_ONCE)) * self._options.stride

    def _finalized_frames(self) -> int:
        """Frames before which neither the next window nor a last, aligned one can begin."""
        following = self._classified * self._options.stride
        if self._options.tail == "padded":
            return following
        return min(following, self._length - self._window)

    def _sum_up(self, starts: NDArray[np.int64]) -> None:
        """Classify windows, and add their logits to those of the frames."""
        features = np.concatenate(self._bits) if len(self._bits) > 1 else self._bits[0]
        self._bits = [features]
        answers = self._classify(cut_windows(features, starts - self._first, self._window))
        self._make_room(answers.shape[-1])
        for start, answer in zip(starts - self._first, answers, strict=True):
            reach = min(self._window, self.buffered - start)
            self._sums[start : start + reach] += answer[:reach]
            self._counts[start : start + reach] += 1
        self._classified += len(starts)

    def _make_room(self, classes: int) -> None:
        """Zeros for the frames that no window has held so far."""
        missing = self.buffered - len(self._counts)
        if missing:
            sums = self._sums.reshape(-1, classes)
            self._sums = np.concatenate([sums, np.zeros((missing, classes))])
            self._counts = np.concatenate([self._counts, np.zeros(missing)])

    def _emitted(self, end: int) -> Floats:
        """Mean logits of the frames before `end`, which are let go."""
        count = end - self._first
        means = (self._sums[:count] / self._counts[:count, None]).astype(np.float32)
        self._sums, self._counts = self._sums[count:], self._counts[count:]
        self._bits = [self._bits[0][count:]]
        self._first = end
        return means
