"""One label a frame: the fill rule, and what formats that know only frames are written from."""

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from videxpr.core.expressions import EXPRESSIONS, NEUTRAL, NOT_ANNOTATED
from videxpr.core.structures import Floats, Integers, Times
from videxpr.formats.record import Annotation, FaceRows
from videxpr.formats.writers import Missing
from videxpr.temporal.interpolation import interpolate_missing

RANKS: Final = (0, 1)
"""Persons who have a label in every frame: Aff-Wild2 knows two a video."""


def fill_labels(
    faces: FaceRows,
    first_frame: int,
    seconds: Times,
    shots: Integers,
    paper_probabilities: Floats | None = None,
) -> Integers:
    """Return the labels of the main and of the second person in every frame.

    A frame in which the person was seen has the label of their row. The smoothed probabilities of the
    others are interpolated within the shot (`temporal.interpolation`); between two persons who have
    that rank in turn, the nearer one's are taken.

    Args:
        faces: of the video.
        first_frame: index of the first annotated frame.
        seconds: (N,) of the frames, always rising.
        shots: (N,) number of each frame's shot.
        paper_probabilities: (N, 8) of the main person in every frame, which replace all that.

    Returns:
        (N, 2) integers, 0 to 7; -1 throughout for a person who was never seen.
    """
    labels = np.full((len(seconds), len(RANKS)), NOT_ANNOTATED)
    for rank in RANKS:
        known = frame_probabilities(faces, rank, first_frame, len(seconds))
        if rank == 0 and paper_probabilities is not None:
            known = paper_probabilities
        if not np.isnan(known).all():
            rows = faces.of_rank(rank)
            spans = _one_person_spans(
                faces.frame[rows] - first_frame, faces.person[rows], seconds, shots
            )
            labels[:, rank] = np.nanargmax(interpolate_missing(known, seconds, spans), axis=1)
    return labels


def _one_person_spans(
    places: Integers, people: Integers, seconds: Times, shots: Integers
) -> Integers:
    """Return the number (N,) of each frame's span: a shot, or the part of it that is one person's.

    Args:
        places: of the frames with a person, rising.
        people: who that is.
        seconds: (N,) of all frames.
        shots: (N,) of all frames.
    """
    starts = np.diff(shots, prepend=shots[:1]) != 0
    changes = np.flatnonzero((np.diff(people) != 0) & (np.diff(shots[places]) == 0))
    middles = (seconds[places[changes]] + seconds[places[changes + 1]]) / 2
    starts[np.searchsorted(seconds, middles, side="right")] = True
    return np.cumsum(starts)


def frame_probabilities(faces: FaceRows, rank: int, first_frame: int, frames: int) -> Floats:
    """Return the smoothed probabilities (N, 8) of one person; rows of NaN where they were not seen."""
    result = np.full((frames, len(EXPRESSIONS)), np.nan, np.float32)
    rows = faces.of_rank(rank)
    result[faces.frame[rows] - first_frame] = faces.smoothed[rows]
    return result


def with_smoothed(annotation: Annotation, smoothed: Floats) -> Annotation:
    """Return the annotation with other smoothed probabilities (M, 8), and its frames filled by them."""
    faces = replace(annotation.faces, smoothed=smoothed)
    labels = fill_labels(faces, annotation.first_frame, annotation.seconds, annotation.shots)
    return replace(annotation, faces=faces, filled_labels=labels, paper_probabilities=None)


def frame_labels(annotation: Annotation, rank: int, missing: Missing) -> Integers:
    """Return the labels that text says of one person in the annotated frames, in order.

    Args:
        annotation: of a video.
        rank: 0 for the main person, 1 for the second.
        missing: ``fill`` gives frames without that person the filled label, and Neutral to all frames
            of a person who was never seen, since a submission must answer; ``none`` gives -1 to
            frames in which the person was neither detected nor bridged.

    Returns:
        (N,) integers, -1 to 7.
    """
    if missing == "fill":
        labels = annotation.filled_labels[:, rank]
        return np.where(labels == NOT_ANNOTATED, NEUTRAL, labels)
    labels = np.full(len(annotation), NOT_ANNOTATED)
    rows = annotation.faces.of_rank(rank)
    labels[annotation.faces.frame[rows] - annotation.first_frame] = annotation.faces.label[rows]
    return labels


def padded_labels(annotation: Annotation, rank: int, missing: Missing) -> Integers:
    """Return `frame_labels` with -1 for the frames before the start, so that line i stays frame i."""
    before = np.full(annotation.first_frame, NOT_ANNOTATED)
    return np.concatenate([before, frame_labels(annotation, rank, missing)])


def second_side(annotation: Annotation) -> Literal["left", "right"] | None:
    """Return on which side of the main person the second is, by mean position; None without two."""
    faces = annotation.faces
    center = (faces.bbox[:, 0] + faces.bbox[:, 2]) / 2
    seen = [center[rows][~np.isnan(center[rows])] for rows in (faces.of_rank(0), faces.of_rank(1))]
    if not all(len(values) for values in seen):
        return None
    return "left" if seen[1].mean() < seen[0].mean() else "right"
