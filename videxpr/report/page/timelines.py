"""Timelines small enough for a page: hours become columns of equal time, with the least and the most
of what each column holds.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Integers, Times
from videxpr.formats.intervals import face_quality, frame_edges
from videxpr.formats.record import Annotation

Values = NDArray[np.floating[Any]]
"""Numbers of any width."""

NOTHING: Final = 255
"""Stands for what is not known; shares and probabilities are 0 to 254, which is 0 to 1."""

FULL: Final = 254
DRAWN_PEOPLE: Final = 4
"""People of a video whose probabilities are drawn, those seen longest."""

LISTED_PEOPLE: Final = 12
"""People whose expressions are drawn: more would take more than 0.1 MB a video."""


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
        """Return the label (K,) of most frames; `NOTHING` where none has one.

        Args:
            labels: (N,) of frames; negative for none.
        """
        is_label = (labels[:, None] == np.arange(len(EXPRESSIONS))).astype(np.float64)
        counts = self._reduce(np.add, is_label, 0.0)
        return np.where(counts.any(axis=1), counts.argmax(axis=1), NOTHING)

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
    first = np.clip(np.searchsorted(edges, own[:-1], side="right") - 1, 0, last)
    end = np.clip(np.searchsorted(edges, own[1:], side="left"), first + 1, last + 1)
    return Columns(own, first, end)


def timeline(annotation: Annotation, most_columns: int) -> dict[str, Any]:
    """Return what a page draws of a video, as JSON holds it.

    Args:
        annotation: of the video.
        most_columns: into which it may be cut.
    """
    edges = frame_edges(annotation)
    columns = cut_columns(edges, min(most_columns, 4 * len(annotation)))
    faces = annotation.faces
    numbers, counts = np.unique(faces.person[~faces.bridged], return_counts=True)
    order = numbers[np.argsort(-counts, kind="stable")].tolist()
    drawn = [
        _person(annotation, number, columns, place < DRAWN_PEOPLE)
        for place, number in enumerate(order[:LISTED_PEOPLE])
    ]
    cuts = np.flatnonzero(np.diff(annotation.shots)) + 1
    _, apart = np.unique(np.searchsorted(columns.edges, edges[cuts]), return_index=True)
    return {
        "columns": len(columns.first),
        "begin": round(float(edges[0]), 3),
        "end": round(float(edges[-1]), 3),
        "shots": [
            [round(float(edges[cut]), 3), int(annotation.shots[cut])] for cut in [0, *cuts[apart]]
        ],
        "people": drawn,
        "undrawn": len(order) - len(drawn),
    }


def strip(annotation: Annotation, count: int) -> list[int]:
    """Return the main person's expression in columns of equal time (`count`,); `NOTHING` for none."""
    rows = annotation.faces.of_rank(0)
    labels = np.full(len(annotation), -1)
    labels[annotation.faces.frame[rows] - annotation.first_frame] = annotation.faces.label[rows]
    columns = cut_columns(frame_edges(annotation), count)
    found: list[int] = columns.most_frequent(labels).tolist()
    return found


def strip_text(labels: Sequence[int]) -> str:
    """Return labels, one a byte, as a page holds them."""
    return _encoded(np.array(labels))


def _person(
    annotation: Annotation, number: int, columns: Columns, with_probabilities: bool
) -> dict[str, Any]:
    """Return what is drawn of one person."""
    faces, frames = annotation.faces, len(annotation)
    rows = np.flatnonzero(faces.person == number)
    position = faces.frame[rows] - annotation.first_frame
    labels = np.full(frames, -1)
    labels[position] = faces.label[rows]
    seen, quality = np.zeros(frames), np.full(frames, np.nan)
    seen[position] = ~faces.bridged[rows]
    quality[position] = face_quality(annotation, rows)
    known = columns.mean(quality)
    drawn = {
        "number": number,
        "frames": int((~faces.bridged[rows]).sum()),
        "labels": _encoded(columns.most_frequent(labels)),
        "seen": _encoded(_bytes(columns.mean(seen))),
        "quality": _encoded(_bytes(known)) if np.isfinite(known).any() else "",
    }
    if with_probabilities:
        values = np.full((frames, len(EXPRESSIONS)), np.nan)
        values[position] = faces.smoothed[rows]
        drawn["low"] = _encoded(_bytes(columns.least(values)).T)
        drawn["high"] = _encoded(_bytes(columns.most(values)).T)
    return drawn


def _bytes(values: Values) -> NDArray[np.int64]:
    """Return shares as whole numbers, `NOTHING` for NaN."""
    return np.where(np.isnan(values), NOTHING, np.rint(np.nan_to_num(values) * FULL)).astype(int)


def _encoded(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, np.uint8).tobytes()).decode()
