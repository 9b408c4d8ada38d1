"""Scores of predicted expressions, all from confusion matrices, and how sure one can be of them.

A confusion matrix has a row for each true class and a column for each predicted one; a column more
counts frames of that class for which nothing was predicted, which is wrong in every score. Where
several people labeled an image, cells hold shares of it, and every score is weighted by them.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED

Counts = NDArray[np.int64]
"""Confusion matrices, shape (..., C, C) or (..., C, C + 1)."""

Metrics = NDArray[np.float64]

Number = TypeVar("Number", np.int64, np.float64)
"""What a cell holds: frames, or shares of frames."""

CLASSES: Final = len(EXPRESSIONS)
LOW, HIGH = 2.5, 97.5
"""Percentiles between which 95 % lie."""

DRAWN_AT_ONCE: Final = 2_000_000
"""Numbers that are in memory at a time while groups are drawn."""


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix amounts to; a class without a frame to divide by scores 0.

    Attributes:
        precision: (C,) share of the frames predicted as a class that are of it.
        recall: (C,) share of the frames of a class that are predicted as it.
        f1: (C,) harmonic mean of both.
        support: (C,) labeled frames of each class.
        accuracy: share of all labeled frames that are right.
        macro_f1: sum of the F1 of all classes divided by their number, absent ones too: Aff-Wild2's.
        macro_f1_present: mean over the classes that were either labeled or predicted.
    """

    precision: Metrics
    recall: Metrics
    f1: Metrics
    support: Counts
    accuracy: float
    macro_f1: float
    macro_f1_present: float


class Interval(NamedTuple):
    """A range that holds a metric in 95 % of the resamples; both ends belong to it.

    Formatted, it says both ends, each by what the format says of a number.
    """

    low: float
    high: float

    def __format__(self, form: str) -> str:
        return f"{self.low:{form}} to {self.high:{form}}"

    @property
    def percent(self) -> "Interval":
        """The same times 100."""
        return Interval(100 * self.low, 100 * self.high)


@dataclass(frozen=True)
class Intervals:
    """The interval of the macro F1, and of the F1 of each of C classes."""

    macro_f1: Interval
    f1: tuple[Interval, ...]


@dataclass(frozen=True)
class Difference:
    """The macro F1 of A less that of B.

    Attributes:
        macro_f1: on all groups.
        interval: of it over resamples, None of fewer than two groups.
        share_above: share of the resamples in which A is better; equal ones count half. None of
            fewer than two groups.
    """

    macro_f1: float
    interval: Interval | None
    share_above: float | None


def confusion_matrix(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int = CLASSES
) -> Counts:
    """Count frames by true and predicted class; those without a label are left out.

    Args:
        labels: (N,) 0 to C - 1, or -1 for frames that do not count.
        predictions: (N,) 0 to C - 1, or -1 where nothing was predicted.
        classes: C.

    Returns:
        (C, C + 1); the last column counts frames without a prediction.
    """
    counted = labels != NOT_ANNOTATED
    columns = np.where(predictions == NOT_ANNOTATED, classes, predictions)[counted]
    cells = labels[counted] * (classes + 1) + columns
    return np.bincount(cells, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def compute_scores(confusion: Counts) -> Scores:
    """Return every score of one confusion matrix (C, C) or (C, C + 1)."""
    right, predicted, support = _sums(confusion)
    f1 = f1_scores(confusion)
    present = (predicted + support) > 0
    return Scores(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=f1,
        support=support,
        accuracy=float(_ratio(right.sum(), support.sum())),
        macro_f1=float(f1.sum() / len(f1)),
        macro_f1_present=float(_ratio(f1.sum(), present.sum())),
    )


def f1_scores(confusion: NDArray[Number]) -> Metrics:
    """Return the F1 of each class (..., C) of confusion matrices (..., C, C) or (..., C, C + 1)."""
    right, predicted, support = _sums(confusion)
    return _ratio(2 * right, predicted + support)


def macro_f1(confusion: Counts) -> Metrics:
    """Return the mean of `f1_scores` over all classes, absent ones too, (...) of (..., C, C + 1)."""
    return np.asarray(f1_scores(confusion).mean(axis=-1))


def bootstrap_intervals(
    groups: NDArray[Number], samples: int, seed: int, averaged: NDArray[np.bool_] | bool = True
) -> Intervals | None:
    """Return 95 % intervals of the macro F1 and of each class's F1 over resamples of the groups, by
    percentiles.

    Args:
        groups: (G, C, C) or (G, C, C + 1), a confusion matrix for each group, e.g. each source video.
        samples: resamples; each draws G groups with replacement and adds up their matrices.
        seed: of what is drawn; the order of the groups does not matter.
        averaged: (C,) which classes the macro F1 is over; all by default.

    Returns:
        None of fewer than two groups: nothing varies.
    """
    if len(groups) < 2:
        return None
    drawn = f1_scores(resampled(groups, samples, seed))  # (samples, C)
    f1 = tuple(map(percentile_interval, drawn.T))
    return Intervals(percentile_interval(drawn.mean(axis=-1, where=averaged)), f1)


def compare(ours: Counts, theirs: Counts, samples: int, seed: int) -> Difference:
    """Return the difference in macro F1 of A and B, whose groups are drawn together (paired bootstrap).

    Args:
        ours: (G, C, C + 1), A's confusion matrix for each group.
        theirs: (G, C, C + 1), B's on the same groups.
        samples: resamples.
        seed: of what is drawn.
    """
    both = np.stack([ours, theirs], axis=1)  # (G, 2, C, C + 1)
    of_a, of_b = macro_f1(both.sum(axis=0))
    if len(both) < 2:
        return Difference(float(of_a - of_b), None, None)
    drawn = macro_f1(resampled(both, samples, seed))  # (samples, 2)
    differences = drawn[:, 0] - drawn[:, 1]
    above = (differences > 0).mean() + (differences == 0).mean() / 2
    return Difference(float(of_a - of_b), percentile_interval(differences), float(above))


def resampled(groups: NDArray[Number], samples: int, seed: int) -> NDArray[Number]:
    """Return sums (samples, ...) over as many groups (G, ...) as there are, drawn with replacement."""
    flat = groups.reshape(len(groups), -1)
    # equal groups are drawn together: far fewer, and their order does not matter
    kinds, counts = np.unique(flat, axis=0, return_counts=True)
    generator = np.random.default_rng(seed)
    step = max(1, DRAWN_AT_ONCE // len(kinds))
    drawn = [
        generator.multinomial(len(flat), counts / len(flat), min(step, samples - begun)) @ kinds
        for begun in range(0, samples, step)
    ]
    return np.concatenate(drawn).reshape(samples, *groups.shape[1:])


def percentile_interval(drawn: Metrics) -> Interval:
    """Return the range of the middle 95 % of a metric's values (samples,) over resamples."""
    low, high = np.percentile(drawn, [LOW, HIGH])
    return Interval(float(low), float(high))


def _sums(
    confusion: NDArray[Number],
) -> tuple[NDArray[Number], NDArray[Number], NDArray[Number]]:
    """Return the frames that are right, predicted and labeled, each (..., C)."""
    classes = confusion.shape[-2]
    square = confusion[..., :classes]
    right = np.diagonal(square, axis1=-2, axis2=-1)
    return right, square.sum(axis=-2), confusion.sum(axis=-1)


def _ratio(part: Counts | Metrics, whole: Counts | Metrics) -> Metrics:
    """Return `part` over `whole`, 0 where there is nothing to divide by."""
    parts = np.asarray(part, np.float64)
    return np.divide(parts, whole, out=np.zeros_like(parts), where=np.asarray(whole) > 0)
