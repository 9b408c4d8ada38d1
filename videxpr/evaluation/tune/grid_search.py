"""Every setting on every person, from probabilities in memory: nothing is decoded or read again."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import numpy as np

from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.core.structures import Floats, Integers
from videxpr.evaluation.metrics import CLASSES, Counts, confusion_matrix
from videxpr.evaluation.tune.data import AnnotationSettings, LabeledTrack
from videxpr.evaluation.tune.options import Setting
from videxpr.formats.frame_labels import padded_labels, with_smoothed
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing
from videxpr.model.logit_adjustment import adjusted
from videxpr.temporal.smoothing import moving_mean

Progress = Callable[[int, int], None]
"""Called with the persons done so far and their number."""


def sweep(
    people: Sequence[LabeledTrack],
    annotated: AnnotationSettings,
    settings: Sequence[Setting],
    restrided: Mapping[int, Sequence[Floats | None]],
    progress: Progress | None = None,
) -> Counts:
    """Return the confusion matrices of every setting on every person.

    Args:
        people: whose labels are known.
        annotated: how they were annotated.
        settings: what is tried, those of one stride and strength side by side.
        restrided: for strides other than the annotation's, each person's probabilities (M, 8).
        progress: called after each person.

    Returns:
        (settings, people, 8, 9).
    """
    counts = np.zeros((len(settings), len(people), CLASSES, CLASSES + 1), np.int64)
    for number, person in enumerate(people):
        own = {stride: rows[number] for stride, rows in restrided.items()}
        if person.annotation is None:
            nothing = np.full(len(person.truth), NOT_ANNOTATED)
            counts[:, number] = confusion_matrix(person.truth, nothing)
        else:
            counts[:, number] = _score(person, person.annotation, annotated, settings, own)
        if progress is not None:
            progress(number + 1, len(people))
    return counts


def _score(
    person: LabeledTrack,
    annotation: Annotation,
    annotated: AnnotationSettings,
    settings: Sequence[Setting],
    restrided: Mapping[int, Floats | None],
) -> Counts:
    """Return the confusion matrices (settings, 8, 9) of one person."""
    matrices = []
    for (stride, strength), alike in groupby(
        settings, lambda one: (one.stride, one.logit_adjustment)
    ):
        plain = restrided.get(stride)
        plain = annotation.faces.probabilities if plain is None else plain
        raised = adjusted(plain, annotated.class_shares, strength)
        for setting in alike:
            span = setting.smooth_seconds
            labels = relabel(annotation, person.rank, annotated.missing, raised, span)
            matrices.append(confusion_matrix(person.truth, fit_length(labels, len(person.truth))))
    return np.stack(matrices)


def relabel(
    annotation: Annotation, rank: int, missing: Missing, probabilities: Floats, span: float
) -> Integers:
    """Return the labels from frame 0 on that annotate would have written with these probabilities.

    Args:
        annotation: of the video.
        rank: of the person.
        missing: what becomes of frames without a face.
        probabilities: (M, 8) of the annotation's rows, not smoothed.
        span: of the moving mean in seconds.
    """
    smoothed = smooth_tracks(annotation, probabilities, span)
    return padded_labels(with_smoothed(annotation, smoothed), rank, missing)


def smooth_tracks(annotation: Annotation, probabilities: Floats, span: float) -> Floats:
    """Return probabilities (M, 8) of an annotation's rows smoothed as annotate does, track by track."""
    faces = annotation.faces
    smoothed = probabilities.copy()
    order = np.lexsort((faces.frame, faces.track))
    for rows in np.split(order, np.flatnonzero(np.diff(faces.track[order])) + 1):
        times = annotation.seconds[faces.frame[rows] - annotation.first_frame]
        smoothed[rows] = moving_mean(probabilities[rows], times, span)
    return smoothed


def fit_length(labels: Integers, count: int) -> Integers:
    """Return labels cut to a number of frames, or padded by the last one."""
    return labels[np.minimum(np.arange(count), len(labels) - 1)]
