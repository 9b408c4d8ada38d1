"""Events in sequences of labels: expressions that come and go, and how well onsets are found.

An event is a maximal run of frames with one and the same label other than Neutral. A found event is
right if a true event of the same class begins within a tolerance of it, and each counts once. This is
the onset condition of event-based scores in sound event detection (Mesaros, Heittola, Virtanen,
"Metrics for Polyphonic Sound Event Detection", Applied Sciences 6(6), 2016); the ends of events are not
compared.

Flicker is what smoothing takes away: the number of label changes a second. A score of events means
little without it, since labels that change all the time begin an event near every true one; so models
are compared at equal flicker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NEUTRAL, NOT_ANNOTATED
from videxpr.core.structures import Times

ONSET_SECONDS: Final = 0.3
"""How far apart the beginnings of a found and a true event may be."""

ROUNDING_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; beginnings exactly at the tolerance match."""

Labels = NDArray[np.int64]
Metrics = NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """A run of one label: frames [first, end), and the time of the first one."""

    label: int
    first: int
    end: int
    onset_seconds: float


@dataclass(frozen=True)
class EventCounts:
    """What was counted in one or several sequences; counts of sequences can be added.

    Attributes:
        true: (8,) true events of each class.
        found: (8,) found events of each class; those that begin where nothing is annotated are left
            out.
        matched: (8,) pairs of them.
        changes: of the found label, from one frame to the next.
        seconds: in which these were counted.
    """

    true: Labels
    found: Labels
    matched: Labels
    changes: int
    seconds: float

    def __add__(self, other: "EventCounts") -> "EventCounts":
        names = [field.name for field in fields(self)]
        return EventCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def precision(self) -> float:
        """Share of the found events that are right, all classes together; 0 if none was found."""
        return _ratio(self.matched.sum(), self.found.sum())

    @property
    def recall(self) -> float:
        """Share of the true events that are found, all classes together; 0 if there is none."""
        return _ratio(self.matched.sum(), self.true.sum())

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, all classes together."""
        return _ratio(2 * self.matched.sum(), self.true.sum() + self.found.sum())

    @property
    def flicker(self) -> float:
        """Changes of the found label a second."""
        return _ratio(self.changes, self.seconds)


def no_events() -> EventCounts:
    """Return the counts of no sequence at all, to add others to."""
    nothing = np.zeros(len(EXPRESSIONS), np.int64)
    return EventCounts(nothing, nothing, nothing, 0, 0.0)


def find_events(labels: Labels, times: Times) -> list[Event]:
    """Return the events of one sequence, in order.

    The first frame begins an event if it is not Neutral: what was before is not known.

    Args:
        labels: (T,) -1 to 7; -1 belongs to no event, and ends one.
        times: (T,) seconds, rising.
    """
    starts = np.flatnonzero(np.diff(labels, prepend=NOT_ANNOTATED - 1)).tolist()
    return [
        Event(int(labels[first]), first, end, float(times[first]))
        for first, end in pairwise([*starts, len(labels)])
        if labels[first] not in (NEUTRAL, NOT_ANNOTATED)
    ]


def count_events(
    truth: Labels, found: Labels, times: Times, tolerance_seconds: float = ONSET_SECONDS
) -> EventCounts:
    """Compare the events of one sequence.

    Args:
        truth: (T,) true labels. A found event that begins in a frame with -1 is neither right nor
            wrong, unless a true one is near enough.
        found: (T,) labels that are scored.
        times: (T,) seconds, rising.
        tolerance_seconds: how far apart two beginnings may be.
    """
    true, detected = find_events(truth, times), find_events(found, times)
    counts = np.zeros((3, len(EXPRESSIONS)), np.int64)
    for label in range(len(EXPRESSIONS)):
        wanted = [event.onset_seconds for event in true if event.label == label]
        mine = [event for event in detected if event.label == label]
        pairs = match_onsets(wanted, [event.onset_seconds for event in mine], tolerance_seconds)
        taken = {place for _, place in pairs}
        counted = [
            place
            for place, event in enumerate(mine)
            if place in taken or truth[event.first] != NOT_ANNOTATED
        ]
        counts[:, label] = len(wanted), len(counted), len(pairs)
    changes = int(np.count_nonzero(np.diff(found)))
    seconds = float(times[-1] - times[0]) if len(times) else 0.0
    return EventCounts(counts[0], counts[1], counts[2], changes, seconds)


def match_onsets(
    true: Sequence[float], found: Sequence[float], tolerance_seconds: float
) -> list[tuple[int, int]]:
    """Return as many pairs (position in `true`, position in `found`) as there can be.

    Both are sorted. Taking the earliest two that are near enough is best: all reach equally far.
    """
    pairs: list[tuple[int, int]] = []
    one, other = 0, 0
    while one < len(true) and other < len(found):
        difference = found[other] - true[one]
        if abs(difference) <= tolerance_seconds + ROUNDING_SECONDS:
            pairs.append((one, other))
            one, other = one + 1, other + 1
        elif difference < 0:
            other += 1
        else:
            one += 1
    return pairs


def f1_at_flicker(counts: Iterable[EventCounts], flicker: Sequence[float]) -> Metrics:
    """Return the event F1 of one model at given rates of label changes.

    Args:
        counts: of the model's labels after several spans of smoothing, in any order.
        flicker: label changes a second.

    Returns:
        F1 between the two nearest measured rates, linearly; NaN outside of those that were measured.
    """
    points = sorted((one.flicker, one.f1) for one in counts)
    rates, scores = np.array(points).reshape(-1, 2).T
    inside: Metrics = np.interp(flicker, rates, scores, left=np.nan, right=np.nan)
    return inside


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
