"""Moving means of probabilities, over a span of seconds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats, Times

TOLERANCE_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; frames at the very edge of a span belong to it."""


def moving_mean(probabilities: Floats, times: Times, span_seconds: float) -> Floats:
    """Return the centered moving mean over a span of seconds; at the edges over what is there.

    Args:
        probabilities: (T, C); columns that are NaN throughout stay so.
        times: (T,) seconds, rising.
        span_seconds: width of the span; a frame counts if it lies within half of it to either side.
            0 changes nothing.

    Returns:
        (T, C) float32.
    """
    mean = MovingMean(span_seconds)
    return np.concatenate([mean.add(probabilities, times), mean.finish()])


class MovingMean:
    """`moving_mean` as a stream: each mean is emitted once a later frame is beyond its span.

    However the rows are cut into chunks, the means are the same to the last bit.
    """

    def __init__(self, span_seconds: float) -> None:
        """Begin a stream.

        Args:
            span_seconds: as of `moving_mean`.
        """
        self._half_span = span_seconds / 2 + TOLERANCE_SECONDS if span_seconds > 0 else 0.0
        self._times: Times = np.zeros(0)  # of the buffered rows
        self._sums = np.zeros((1, 0))  # cumulative: before each buffered row, and of all of them
        self._emitted = 0  # buffered rows whose mean is out already

    def add(self, probabilities: Floats, times: Times) -> Floats:
        """Take the next rows (T, C) and their times (T,).

        Returns:
            (S, C) float32 means of the rows that follow those emitted before, none or more.
        """
        if self._sums.shape[1] == 0:
            self._sums = np.zeros((1, probabilities.shape[1]))
        if self._half_span == 0:
            return probabilities
        rows = np.concatenate([self._sums[-1:], probabilities])
        sums = np.cumsum(rows, axis=0, dtype=np.float64)
        self._sums = np.concatenate([self._sums[:-1], sums])
        self._times = np.concatenate([self._times, times])
        ends = self._span_ends()
        return self._emit(ends[ends < len(self._times)])

    def finish(self) -> Floats:
        """Return the means (S, C) of all rows that are left."""
        return self._emit(self._span_ends())

    def _span_ends(self) -> NDArray[np.int64]:
        """Return for each row without a mean the position after the last one in its span."""
        pending = self._times[self._emitted :]
        return np.searchsorted(self._times, pending + self._half_span, side="right")

    def _emit(self, ends: NDArray[np.int64]) -> Floats:
        """Return the means of the next rows, whose spans end there; drop rows that none needs now."""
        emitted = self._emitted + len(ends)
        own = self._times[self._emitted : emitted]
        starts = np.searchsorted(self._times, own - self._half_span, side="left")
        means = (self._sums[ends] - self._sums[starts]) / (ends - starts)[:, None]
        oldest = self._times[emitted] - self._half_span if emitted < len(self._times) else np.inf
        dropped = int(np.searchsorted(self._times, oldest, side="left"))
        # copies: a view would keep all rows in memory
        self._times, self._sums = self._times[dropped:].copy(), self._sums[dropped:].copy()
        self._emitted = emitted - dropped
        return means.astype(np.float32)
