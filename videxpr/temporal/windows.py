"""Sliding windows over a sequence of features, and the mean of their overlapping logits."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import UsageError
from videxpr.core.structures import Floats
from videxpr.temporal.options import WindowOptions

WINDOWS_AT_ONCE: Final = 4
"""Windows that go through the model together; a batch is of one sequence."""

Classify = Callable[[Floats], Floats]
"""Logits (W, window, C) of windows (W, window, F)."""


def window_starts(length: int, window: int, options: WindowOptions) -> NDArray[np.int64]:
    """Return the first frames of the windows that cover frames [0, length), in order.

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
    """Return windows (W, window, F) of features (T, F), padded by the last frame."""
    positions = starts[:, None] + np.arange(window)
    windows: Floats = features[np.minimum(positions, len(features) - 1)]
    return windows


def sliding_logits(
    features: Floats, classify: Classify, window: int, options: WindowOptions
) -> Floats:
    """Return logits for every frame of a sequence, averaged over all windows that hold it.

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
    """`sliding_logits` as a stream: logits are emitted as soon as they are final.

    That is when no later frame can change them and a batch of `WINDOWS_AT_ONCE` windows is full.
    Features and sums are buffered from the first frame without logits on. However the sequence is cut
    into chunks, the same windows go through the model in the same batches, so that its logits are the
    same to the last bit.
    """

    def __init__(self, classify: Classify, window: int, options: WindowOptions) -> None:
        """Begin a sequence.

        Args:
            classify: as of `sliding_logits`.
            window: frames in a window.
            options: how the sequence is cut.
        """
        window_starts(1, window, options)  # refuses a stride that leaves gaps
        self._classify = classify
        self._window = window
        self._options = options
        self._length = 0
        self._classified = 0  # windows
        self._first = 0  # frame that the buffer begins with
        self._chunks: list[Floats] = []
        self._sums = np.zeros((0, 0))  # of logits, and in the last column how many they are

    @property
    def buffered(self) -> int:
        """Return the number of frames whose features are buffered."""
        return self._length - self._first

    def add(self, features: Floats) -> list[Floats]:
        """Take the features (T, F) of the next frames; return the logits that are final now.

        Returns:
            (T, C) logits, none or more arrays, of the frames after those emitted before.
        """
        self._chunks.append(features)
        self._length += len(features)
        finalized = []
        while self._length >= self._batch()[-1] + self._window:
            self._accumulate(self._batch())
            finalized.append(self._emit(self._finalized_frames()))
        if finalized:  # a view would keep all features in memory
            self._chunks = [self._chunks[0].copy()]
        return finalized

    def finish(self) -> list[Floats]:
        """End the sequence, which has at least one frame; return the logits that are left."""
        starts = window_starts(self._length, self._window, self._options)[self._classified :]
        for first in range(0, len(starts), WINDOWS_AT_ONCE):
            self._accumulate(starts[first : first + WINDOWS_AT_ONCE])
        return [self._emit(self._length)] if self.buffered else []

    def _batch(self) -> NDArray[np.int64]:
        """Return the first frames of the next batch of windows, as if the sequence never ended."""
        return (self._classified + np.arange(WINDOWS_AT_ONCE)) * self._options.stride

    def _finalized_frames(self) -> int:
        """Return the frame before which neither the next window nor a last, aligned one can begin."""
        following = self._classified * self._options.stride
        if self._options.tail == "padded":
            return following
        return min(following, self._length - self._window)

    def _accumulate(self, starts: NDArray[np.int64]) -> None:
        """Classify windows, and add their logits to the sums of the frames."""
        features = np.concatenate(self._chunks) if len(self._chunks) > 1 else self._chunks[0]
        self._chunks = [features]
        logits = self._classify(cut_windows(features, starts - self._first, self._window))
        counted = np.concatenate([logits, np.ones((*logits.shape[:2], 1))], axis=2)
        width = counted.shape[2]
        new = np.zeros((self.buffered - len(self._sums), width))  # no window has held these so far
        self._sums = np.concatenate([self._sums.reshape(-1, width), new])
        for start, own in zip(starts - self._first, counted, strict=True):
            reach = min(self._window, self.buffered - start)
            self._sums[start : start + reach] += own[:reach]
        self._classified += len(starts)

    def _emit(self, end: int) -> Floats:
        """Return the mean logits of the frames before `end`, and drop these from the buffer."""
        count = end - self._first
        means = self._sums[:count, :-1] / self._sums[:count, -1:]
        self._sums = self._sums[count:]
        self._chunks = [self._chunks[0][count:]]
        self._first = end
        return means.astype(np.float32)
