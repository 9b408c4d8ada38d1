"""Intervals of one expression of one person, from probabilities frame by frame.

Intervals are half-open, [start, end), and those of one person never overlap. Where the face is not seen
for long, and at cuts, there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats, Integers, Times
from videxpr.temporal.options import IntervalOptions

TOLERANCE_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; a duration exactly at a limit keeps it."""


@dataclass(frozen=True)
class Sightings:
    """One person in R frames, in order.

    Attributes:
        frames: (R,) positions among the frames of the video, rising.
        detected: (R,) false where nothing was detected and what was seen before is held.
        probabilities: (R, C) smoothed; NaN for classes that were never trained.
        quality: (R,) of the picture of the face, 0 to 1; NaN where unknown.
    """

    frames: Integers
    detected: NDArray[np.bool_]
    probabilities: Floats
    quality: Floats

    def __len__(self) -> int:
        return len(self.frames)

    def between(self, first: int, end: int) -> "Sightings":
        """Return the rows [first, end)."""
        return Sightings(**{name: values[first:end] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Interval:
    """One person shows one expression.

    Attributes:
        start_seconds: of the first frame.
        end_seconds: at which the frame after the last one begins.
        label: of the expression.
        mean_probability: of the expression over the frames in which the face was detected.
        peak_probability: the largest of them.
        person: number of the person.
        shot: number of the shot.
        coverage: share of the frames in which the face was detected.
        quality: mean over those frames; NaN if it is not known.
        first_frame: position of the first frame in the video.
        end_frame: position after the last one.
    """

    start_seconds: float
    end_seconds: float
    label: int
    mean_probability: float
    peak_probability: float
    person: int
    shot: int
    coverage: float
    quality: float
    first_frame: int
    end_frame: int

    @property
    def expression(self) -> str:
        """The name of `label`."""
        return EXPRESSIONS[self.label]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end_seconds - self.start_seconds


def find_intervals(
    person: int, rows: Sightings, edges: Times, shots: Integers, options: IntervalOptions
) -> list[Interval]:
    """Return the intervals of one person in order.

    Args:
        person: number of the person.
        rows: of the person.
        edges: (N + 1,) seconds at which each frame begins, and at which the last one ends; rising.
        shots: (N,) number of each frame's shot.
        options: what a user can choose.
    """
    return [
        interval
        for piece in _pieces(rows, edges, shots, options.max_gap_seconds)
        for interval in _intervals(person, piece, edges, shots, options)
    ]


def settled_labels(probabilities: Floats, hysteresis: float) -> Integers:
    """Return labels (R,) that change only when another class is more probable by a margin.

    The change is dated back to where the other class became the more probable one, so that a margin
    does not delay it.

    Args:
        probabilities: (R, C), without NaN.
        hysteresis: the margin; 0 gives the most probable class of each row.
    """
    labels: Integers = probabilities.argmax(axis=1)
    current, start = int(labels[0]), 0
    for row, other in enumerate(labels.tolist()):
        if other == current or probabilities[row, other] - probabilities[row, current] < hysteresis:
            continue
        first = row
        while first > start and probabilities[first - 1, other] > probabilities[first - 1, current]:
            first -= 1
        labels[start:first] = current
        current, start = other, first
    labels[start:] = current
    return labels


def _pieces(
    rows: Sightings, edges: Times, shots: Integers, max_gap_seconds: float
) -> Iterator[Sightings]:
    """Yield the rows from cut to cut, and from gap to gap; none is held at their ends."""
    seen = np.flatnonzero(rows.detected)
    frames = rows.frames[seen]
    gaps = edges[frames[1:]] - edges[frames[:-1] + 1]
    is_cut = (gaps > max_gap_seconds + TOLERANCE_SECONDS) | (np.diff(shots[frames]) != 0)
    for part in np.split(seen, np.flatnonzero(is_cut) + 1):
        if len(part):
            yield rows.between(part[0], part[-1] + 1)


def _intervals(
    person: int, rows: Sightings, edges: Times, shots: Integers, options: IntervalOptions
) -> Iterator[Interval]:
    """Yield the intervals of a piece, which follow each other without a gap."""
    probabilities = np.nan_to_num(rows.probabilities)
    labels = settled_labels(probabilities, options.hysteresis)
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    end_frame = rows.frames[-1] + 1
    times = edges[np.append(rows.frames[starts], end_frame)]
    runs = _Runs(starts.tolist(), labels[starts].tolist(), times.tolist(), probabilities)
    runs.absorb(options.min_seconds - TOLERANCE_SECONDS)
    if runs.times[-1] - runs.times[0] < options.min_seconds - TOLERANCE_SECONDS:
        return
    frames = [*rows.frames[runs.starts].tolist(), int(end_frame)]
    for number, (first, end) in enumerate(
        zip(runs.starts, [*runs.starts[1:], len(rows)], strict=True)
    ):
        own, label = rows.between(first, end), runs.labels[number]
        counted = own.detected if own.detected.any() else np.ones(len(own), np.bool_)
        shares = probabilities[first:end, label][counted]
        first_frame, after = frames[number], frames[number + 1]
        yield Interval(
            start_seconds=runs.times[number],
            end_seconds=runs.times[number + 1],
            label=label,
            mean_probability=float(shares.mean()),
            peak_probability=float(shares.max()),
            person=person,
            shot=int(shots[first_frame]),
            coverage=float(own.detected.sum() / (after - first_frame)),
            quality=float(own.quality[own.detected].mean()) if own.detected.any() else np.nan,
            first_frame=first_frame,
            end_frame=after,
        )


class _Runs:
    """Runs of one label that follow each other: first rows, labels, and times between them."""

    def __init__(
        self, starts: list[int], labels: list[int], times: list[float], probabilities: Floats
    ) -> None:
        self.starts, self.labels, self.times = starts, labels, times
        sums = np.cumsum(probabilities, axis=0, dtype=np.float64)
        self._sums = np.concatenate([np.zeros((1, probabilities.shape[1])), sums])

    def absorb(self, min_seconds: float) -> None:
        """Give runs that are too short, the shortest first, to the more probable neighbor."""
        while len(self.labels) > 1:
            lengths = np.diff(self.times)
            run = int(lengths.argmin())
            if lengths[run] >= min_seconds:
                return
            self.labels[run] = self._better_neighbor(run)
            for later in (run + 1, run):
                if 0 < later < len(self.labels) and self.labels[later] == self.labels[later - 1]:
                    del self.starts[later], self.labels[later], self.times[later]

    def _better_neighbor(self, run: int) -> int:
        end = self.starts[run + 1] if run + 1 < len(self.starts) else -1
        sums = self._sums[end] - self._sums[self.starts[run]]
        near = self.labels[max(run - 1, 0) : run] + self.labels[run + 1 : run + 2]
        return max(near, key=lambda label: float(sums[label]))
