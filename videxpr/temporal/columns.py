"""Columns of equal time, for pictures: what is shown during each, whatever the rate of the frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.structures import Integers, Times
from videxpr.temporal.bins import TOLERANCE_SECONDS

Values = NDArray[np.floating[Any]]
"""Numbers of any width."""


@dataclass(frozen=True)
class Columns:
    """K columns of equal time, and the frames that are shown during each.

    Attributes:
        edges: (K + 1,) seconds.
        first: (K,) position of the first frame.
        end: (K,) position after the last one; at least one frame is shown in each column.
    """

    edges: Times
    first: Integers
    end: Integers

    def least(self, values: Values) -> Values:
        """Return the least of values of frames (N, ...) in each column (K, ...); NaN where all are."""
        return self._reduce(np.fmin, values, np.nan)

    def most(self, values: Values) -> Values:
        """Return the most of them."""
        return self._reduce(np.fmax, values, np.nan)

    def mean(self, values: Values) -> Values:
        """Return the mean of those that are not NaN; NaN where all are."""
        known = np.isfinite(values)
        counts = self._reduce(np.add, known.astype(np.float64), 0.0)
        sums = self._reduce(np.add, np.where(known, values, 0.0), 0.0)
        means: Values = sums / np.where(counts > 0, counts, np.nan)
        return means

    def most_frequent(self, labels: Integers) -> Integers:
        """Return the label (K,) of most frames; `NOT_ANNOTATED` where none has one.

        Args:
            labels: (N,) of frames; negative for none.
        """
        is_label = (labels[:, None] == np.arange(len(EXPRESSIONS))).astype(np.float64)
        counts = self._reduce(np.add, is_label, 0.0)
        return np.where(counts.any(axis=1), counts.argmax(axis=1), NOT_ANNOTATED)

    def _reduce(self, function: np.ufunc, values: Values, padding: float) -> Values:
        padded = np.concatenate([values, np.full((1, *values.shape[1:]), padding)])
        between = np.column_stack([self.first, self.end]).ravel()
        reduced: Values = function.reduceat(padded, between)[::2]  # every other: [end, next first)
        return reduced


def cut_columns(edges: Times, count: int) -> Columns:
    """Return columns that cover a video.

    Args:
        edges: (N + 1,) seconds at which each frame begins, and at which the last one ends; rising.
        count: of columns.
    """
    own = np.linspace(edges[0], edges[-1], count + 1)
    last = len(edges) - 2
    first = np.clip(np.searchsorted(edges, own[:-1] + TOLERANCE_SECONDS, side="right") - 1, 0, last)
    end = np.clip(
        np.searchsorted(edges, own[1:] - TOLERANCE_SECONDS, side="left"), first + 1, last + 1
    )
    return Columns(own, first, end)
