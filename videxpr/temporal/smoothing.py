"""Moving means and fillings of probabilities, by time and never across a cut."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats, Times

TOLERANCE_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; frames at the very edge of a span belong to it."""


def moving_mean(probabilities: Floats, times: Times, span_seconds: float) -> Floats:
    """Centerd moving mean over a span of seconds; at the edges over what is there.

    Args:
        probabilities: (T, C); columns that are NaN throughout stay so.
        times: (T,) seconds, rising.
        span_seconds: width of the span; a frame counts if it lies within half of it to either side.
            0 changes nothing.

    Returns:
        (T, C) float32.
    """
    if span_seconds <= 0 or len(times) == 0:
        return probabilities
    mean = MovingMean(span_seconds)
    return np.concatenate([mean.add(probabilities, times), mean.finish()])


class MovingMean:
    """`moving_mean` of rows that come bit by bit, each given out once a later one is out of its reach.

    However the rows are cut into bits, the means are the same to the last bit.
    """

    def __init__(self, span_seconds: float) -> None:
        """Args: the span, as of `moving_mean`."""
        self._reach = span_seconds / 2 + TOLERANCE_SECONDS if span_seconds > 0 else 0.0
        self._times: Times = np.zeros(0)  # of the rows that a mean may still need
        self._sums = np.zeros((1, 0))  # of all rows before each of them, and of all rows
        self._given = 0  # of them, how many have been given out

    def add(self, probabilities: Floats, times: Times) -> Floats:
        """Take the next rows (T, C) and their times (T,).

        Returns:
            (S, C) float32 means of the rows that follow those given out before, none or more.
        """
        if self._sums.shape[1] == 0:
            self._sums = np.zeros((1, probabilities.shape[1]))
        if self._reach == 0:
            return probabilities
        rows = np.concatenate([self._sums[-1:], probabilities])
        sums = np.cumsum(rows, axis=0, dtype=np.float64)
        self._sums = np.concatenate([self._sums[:-1], sums])
        self._times = np.concatenate([self._times, times])
        ends = self._ends()
        return self._emitted(ends[ends < len(self._times)])

    def finish(self) -> Floats:
        """The means (S, C) of all rows that are left."""
        return self._emitted(self._ends())

    def _ends(self) -> NDArray[np.int64]:
        """For each row that is not given out the position after the last one in its reach."""
        waiting = self._times[self._given :]
        return np.searchsorted(self._times, waiting + self._reach, side="right")

    def _emitted(self, ends: NDArray[np.int64]) -> Floats:
        """Means of the next rows, whose spans end there; rows that none needs after that are let go."""
        done = self._given + len(ends)
        own = self._times[self._given : done]
        firsts = np.searchsorted(self._times, own - self._reach, side="left")
        means = (self._sums[ends] - self._sums[firsts]) / (ends - firsts)[:, None]
        oldest = self._times[done] - self._reach if done < len(self._times) else np.inf
        free = int(np.searchsorted(self._times, oldest, side="left"))
        self._times, self._sums = self._times[free:].copy(), self._sums[free:].copy()
        self._given = done - free
        return means.astype(np.float32)


def filled(probabilities: Floats, times: Times, shots: NDArray[np.int64]) -> Floats:
    """Probabilities for every frame of a video.

    A frame without any is interpolated between its nearest known neighbors in its shot, held from
    one of them at the shot's edges, and taken from the nearest known frame of the video where the
    whole shot has none.

    Args:
        probabilities: (T, C), a row of NaN where unknown. A column may be NaN throughout.
        times: (T,) seconds, rising.
        shots: (T,) number of each frame's shot.

    Returns:
        (T, C); all NaN if nothing is known at all.
    """
    known = np.asarray(~np.isnan(probabilities).all(axis=1), dtype=np.bool_)
    result = probabilities.copy()
    if not known.any():
        return result
    for shot in np.unique(shots[~known]):
        inside = np.flatnonzero(shots == shot)
        anchors, gaps = inside[known[inside]], inside[~known[inside]]
        if len(anchors):
            for column in range(probabilities.shape[1]):
                result[gaps, column] = np.interp(
                    times[gaps], times[anchors], probabilities[anchors, column]
                )
        else:
            result[gaps] = probabilities[_nearest(times[gaps], times, known)]
    return result


def nearest_known(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each frame the nearest one that is known, by count of frames; the earlier one if two are.

    Args:
        known: (T,), true at least once.

    Returns:
        (T,) indices.
    """
    frames = np.arange(len(known), dtype=np.float64)
    return _nearest(frames, frames, known)


def _nearest(wanted: Times, times: Times, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    anchors = np.flatnonzero(known)
    after = np.clip(np.searchsorted(times[anchors], wanted), 0, len(anchors) - 1)
    before = np.maximum(after - 1, 0)
    nearer_before = np.abs(wanted - times[anchors[before]]) <= np.abs(
        times[anchors[after]] - wanted
    )
    return anchors[np.where(nearer_before, before, after)]
