"""Moving means and fillings of probabilities, by time and never across a cut."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.structures import Floats, Times

TOLERANCE_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; frames at the very edge of a span belong to it."""


def moving_mean(probabilities: Floats, times: Times, span_seconds: float) -> Floats:
    """Centred moving mean over a span of seconds; at the edges over what is there.

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
    reach = span_seconds / 2 + TOLERANCE_SECONDS
    first = np.searchsorted(times, times - reach, side="left")
    end = np.searchsorted(times, times + reach, side="right")
    sums = np.zeros((len(times) + 1, probabilities.shape[1]))
    np.cumsum(probabilities, axis=0, dtype=np.float64, out=sums[1:])
    return ((sums[end] - sums[first]) / (end - first)[:, None]).astype(np.float32)


def rising(times: Times, frame_seconds: float) -> Times:
    """Times that can be ordered: unknown and falling steps become the usual step.

    Args:
        times: (T,) seconds, NaN where unknown; may jump back.
        frame_seconds: the step to take where no step is known.

    Returns:
        (T,) seconds from 0, not falling; equal to ``times - times[0]`` wherever that rises.
    """
    if len(times) == 0:
        return times
    steps = np.diff(times)
    good = steps[steps > 0]
    usual = float(np.median(good)) if len(good) else frame_seconds
    steps = np.where(np.nan_to_num(steps, nan=-1.0) < 0, usual, steps)
    return np.concatenate([[0.0], np.cumsum(steps)])


def filled(probabilities: Floats, times: Times, shots: NDArray[np.int64]) -> Floats:
    """Probabilities for every frame of a video.

    A frame without any is interpolated between its nearest known neighbours in its shot, held from
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
