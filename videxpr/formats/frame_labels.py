"""One label a frame, for the formats that know only frames."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NEUTRAL, NOT_ANNOTATED
from videxpr.formats.options import Missing
from videxpr.formats.record import Annotation
from videxpr.temporal.interpolation import interpolate_missing
from videxpr.temporal.smoothing import moving_mean


def frame_labels(annotation: Annotation, rank: int, missing: Missing) -> NDArray[np.int64]:
    """Labels of one person for the annotated frames, in order.

    Args:
        annotation: of a video.
        rank: 0 for the main person, 1 for the second.
        missing: ``fill`` interpolates the probabilities of frames without that person within the
            shot (`temporal.interpolation`), and a video without anybody is Neutral throughout; ``none``
            gives -1 to frames in which the person was neither detected nor bridged.

    Returns:
        (N,) integers, -1 to 7.
    """
    known = frame_probabilities(annotation, rank)
    if missing == "fill" and rank == 0 and annotation.every_frame is not None:
        known = annotation.every_frame
    seen = ~np.isnan(known).all(axis=1)
    labels = np.full(len(annotation), NOT_ANNOTATED)
    if missing == "none":
        labels[seen] = np.nanargmax(known[seen], axis=1)
        return labels
    if not seen.any():
        return np.full(len(annotation), NEUTRAL)
    every = interpolate_missing(known, annotation.seconds, annotation.shots)
    return np.asarray(np.nanargmax(every, axis=1))


def frame_probabilities(annotation: Annotation, rank: int) -> NDArray[np.float32]:
    """Smoothed probabilities (N, 8) of one person; rows of NaN where that person was not seen."""
    result = np.full((len(annotation), len(EXPRESSIONS)), np.nan, np.float32)
    rows = annotation.faces.of_rank(rank)
    result[annotation.faces.frame[rows] - annotation.first_frame] = annotation.faces.smoothed[rows]
    return result


def padded_labels(annotation: Annotation, rank: int, missing: Missing) -> NDArray[np.int64]:
    """`frame_labels` with -1 for the frames before the start, so that line i stays frame i."""
    before = np.full(annotation.first_frame, NOT_ANNOTATED)
    return np.concatenate([before, frame_labels(annotation, rank, missing)])


def second_side(annotation: Annotation) -> Literal["left", "right"] | None:
    """On which side of the main person the second is, by mean position; None if there is none."""
    faces = annotation.faces
    center = (faces.bbox[:, 0] + faces.bbox[:, 2]) / 2
    seen = [center[rows][~np.isnan(center[rows])] for rows in (faces.of_rank(0), faces.of_rank(1))]
    if not all(len(values) for values in seen):
        return None
    return "left" if seen[1].mean() < seen[0].mean() else "right"


def resmoothed(annotation: Annotation, span_seconds: float) -> Annotation:
    """The annotation with its probabilities smoothed anew, each track by itself, as annotate does.

    Args:
        annotation: of a video, e.g. from `formats.parquet.read_parquet`.
        span_seconds: span of the moving mean; 0 is off.
    """
    faces, seconds = annotation.faces, annotation.seconds
    smoothed = faces.probabilities.copy()
    order = np.lexsort((faces.frame, faces.track))
    for rows in np.split(order, np.flatnonzero(np.diff(faces.track[order])) + 1):
        times = seconds[faces.frame[rows] - annotation.first_frame]
        smoothed[rows] = moving_mean(faces.probabilities[rows], times, span_seconds)
    return replace(annotation, faces=replace(faces, smoothed=smoothed))


def recorded_span(annotation: Annotation) -> float:
    """Span in seconds of the moving mean with which an annotation was made; 0 if it does not say."""
    return float(annotation.options.get("smooth_seconds", 0))
