"""Timelines small enough for a page: hours become columns of equal time, with the least and the most
of what each column holds.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.formats.intervals import face_quality, frame_edges
from videxpr.formats.record import Annotation
from videxpr.temporal.columns import Columns, Values, cut_columns

NOTHING: Final = 255
"""Stands for what is not known; shares and probabilities are 0 to 254, which is 0 to 1."""

FULL: Final = 254
DRAWN_PEOPLE: Final = 4
"""People of a video whose probabilities are drawn, those seen longest."""

LISTED_PEOPLE: Final = 12
"""People whose expressions are drawn: more would take more than 0.1 MB a video."""


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


def strip_text(strip: Sequence[int | None]) -> str:
    """Return the labels of a strip, one a byte, as a page holds them."""
    return _encoded(np.array([NOTHING if label is None else label for label in strip]))


def _person(
    annotation: Annotation, number: int, columns: Columns, with_probabilities: bool
) -> dict[str, Any]:
    """Return what is drawn of one person."""
    faces, frames = annotation.faces, len(annotation)
    rows = np.flatnonzero(faces.person == number)
    position = faces.frame[rows] - annotation.first_frame
    labels = np.full(frames, NOT_ANNOTATED)
    labels[position] = faces.label[rows]
    seen, quality = np.zeros(frames), np.full(frames, np.nan)
    seen[position] = ~faces.bridged[rows]
    quality[position] = face_quality(annotation, rows)
    most, known = columns.most_frequent(labels), columns.mean(quality)
    drawn = {
        "number": number,
        "frames": int((~faces.bridged[rows]).sum()),
        "labels": _encoded(np.where(most < 0, NOTHING, most)),
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
