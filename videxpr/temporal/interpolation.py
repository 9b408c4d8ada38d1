"""Values for frames that have none, from those that have: by time, and never across a cut."""

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats, Times


def interpolate_missing(probabilities: Floats, times: Times, shots: NDArray[np.int64]) -> Floats:
    """Return probabilities for every frame of a video.

    A frame without any is interpolated between its nearest known neighbors in its shot, takes those of
    the nearest one at the shot's edges, and those of the nearest known frame of the video where the
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
    """Return for each frame the nearest known one, by count of frames; the earlier one of two.

    Args:
        known: (T,), true at least once.

    Returns:
        (T,) indices.
    """
    frames = np.arange(len(known), dtype=np.float64)
    return _nearest(frames, frames, known)


def _nearest(wanted: Times, times: Times, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each wanted time the index of the known frame that is nearest to it."""
    anchors = np.flatnonzero(known)
    after = np.clip(np.searchsorted(times[anchors], wanted), 0, len(anchors) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(wanted - times[anchors[before]]) <= np.abs(times[anchors[after]] - wanted)
    return anchors[np.where(is_before, before, after)]
