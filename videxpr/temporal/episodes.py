"""Episodes: how often, for how long and how soon a person shows each expression."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Integers, Times
from videxpr.temporal.bins import TOLERANCE_SECONDS
from videxpr.temporal.segments import Interval

EPISODE_MEASURES: Final = (
    "episodes",
    "episode_seconds",
    "episodes_per_minute",
    "latency_seconds",
)
"""What tables say of episodes, in the order of `Episodes.measures`."""


@dataclass(frozen=True)
class Episodes:
    """Intervals that begin in each of B bins, for each of C expressions.

    Attributes:
        counts: (B, C) of them.
        mean_seconds: (B, C) how long they last, also beyond the bin; NaN without any.
        latency_seconds: (B, C) from the start of the bin to the first; NaN without any.
    """

    counts: Integers
    mean_seconds: Times
    latency_seconds: Times

    def measures(self, seen_seconds: Times) -> tuple[NDArray[Any], ...]:
        """Return what `EPISODE_MEASURES` names, (B, C) each.

        Args:
            seen_seconds: (B,) for how long the person was seen; rates are of this time.
        """
        minutes = np.where(seen_seconds > 0, seen_seconds, np.nan)[:, None] / 60
        return self.counts, self.mean_seconds, self.counts / minutes, self.latency_seconds


def count_episodes(intervals: Sequence[Interval], edges: Times, classes: int) -> Episodes:
    """Return the episodes of one person in bins.

    Args:
        intervals: of the person.
        edges: (B + 1,) seconds, rising.
        classes: number of expressions.
    """
    starts = np.array([one.start_seconds for one in intervals])
    places = np.searchsorted(edges, starts + TOLERANCE_SECONDS, side="right") - 1
    inside = np.flatnonzero((places >= 0) & (places < len(edges) - 1))
    labels = np.array([one.label for one in intervals], np.int64)[inside]
    at, shape = (places[inside], labels), (len(edges) - 1, classes)
    counts, seconds = np.zeros(shape, np.int64), np.zeros(shape)
    first = np.full(shape, np.inf)
    np.add.at(counts, at, 1)
    np.add.at(seconds, at, np.array([one.seconds for one in intervals])[inside])
    np.minimum.at(first, at, starts[inside])
    some = np.where(counts > 0, counts, np.nan)
    latency = np.where(counts > 0, first - edges[:-1, None], np.nan)
    return Episodes(counts, seconds / some, latency)
