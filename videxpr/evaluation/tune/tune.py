"""Stride, logit adjustment and smoothing, chosen on labeled videos.

Nothing is decoded again: Parquet holds probabilities before smoothing, and files of features allow
windows to be cut anew. What choosing is worth is measured on videos on which nothing was chosen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from videxpr.core.errors import UsageError
from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.core.structures import Floats, Integers
from videxpr.datasets.affwild2.videos import assign_folds
from videxpr.evaluation.metrics import CLASSES, Counts, confusion_matrix, macro_f1
from videxpr.evaluation.tune.data import (
    AnnotationSettings,
    LabeledTrack,
    TuningData,
    read_tuning_data,
)
from videxpr.evaluation.tune.options import Setting, TuneOptions, grid
from videxpr.evaluation.tune.report import Trial, TuneReport, choose_setting, cross_validate
from videxpr.formats.frame_labels import padded_labels, with_smoothed
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing
from videxpr.model.logit_adjustment import adjusted
from videxpr.temporal.smoothing import moving_mean

if TYPE_CHECKING:
    from videxpr.model.checkpoint import Checkpoint

Progress = Callable[[int, int], None]
"""Called with the persons done so far and their number."""


def tune(
    predictions: Path,
    labels: Path,
    checkpoint: "Checkpoint | None" = None,
    options: TuneOptions | None = None,
    progress: Progress | None = None,
) -> TuneReport:
    """Try all settings on labeled videos.

    Args:
        predictions: a folder of Parquet files, all made with one model and the same options.
        labels: a folder of annotation files, or one file.
        checkpoint: the model; with it, and files of features beside the Parquet files, windows are
            cut anew for every stride.
        options: what is tried.
        progress: called as persons are done.

    Raises:
        SourceError: something is not there, or holds no labels.
        FormatError: a file breaks its format, or a length differs.
        UsageError: the files were not made alike, the model is another one, there are fewer than two
            source videos, or no labeled frame has probabilities.
    """
    chosen = options or TuneOptions()
    data = read_tuning_data(predictions, labels)
    sources = _labeled_sources(data)
    if not any(map(_has_labeled_face, data.people)):
        raise UsageError(
            f"no labeled frame of {labels} has probabilities in {predictions}, so there is nothing to "
            "choose by; are these the labels of those videos?"
        )
    restrided = _restrided(data, checkpoint, chosen)
    settings = grid(chosen, data.settings.setting, restrided, bool(data.settings.class_shares))
    counts = sweep(data.people, data.settings, settings, restrided, progress)
    groups = by_source(counts, data.people, sources)
    current = settings.index(data.settings.setting)
    pooled = groups.sum(axis=1)
    trials = [Trial(*pair) for pair in zip(settings, macro_f1(pooled).tolist(), strict=True)]
    best = trials[choose_setting(pooled, current)]
    frames = groups[current].sum(axis=(1, 2))
    return TuneReport(
        predictions=predictions,
        labels=labels,
        model=data.settings.model,
        model_sha256=data.settings.model_sha256,
        model_names=data.settings.model_names,
        sources=tuple(sources),
        frames=int(frames.sum()),
        trials=tuple(trials),
        current=trials[current],
        best=best,
        validation=cross_validate(groups, assign_folds(frames, chosen.folds), current),
        notes=(*data.notes, *_not_tried(data, settings, best.setting, chosen)),
    )


def _labeled_sources(data: TuningData) -> list[str]:
    """Return the source videos with labeled frames, in order of name."""
    labeled = {one.source for one in data.people if (one.truth != NOT_ANNOTATED).any()}
    if len(labeled) < 2:
        raise UsageError(
            f"settings are chosen on some videos and scored on others, and only {len(labeled)} source "
            "video has labels; give two or more"
        )
    return sorted(labeled)


def _has_labeled_face(person: LabeledTrack) -> bool:
    """Return whether settings could change anything that is scored."""
    if person.annotation is None:
        return False
    frames = person.annotation.faces.frame
    return bool((person.truth[frames[frames < len(person.truth)]] != NOT_ANNOTATED).any())


def _restrided(
    data: TuningData, checkpoint: "Checkpoint | None", options: TuneOptions
) -> Mapping[int, Sequence[Floats | None]]:
    """Return the probabilities of other strides, if there is a model to compute them with."""
    if checkpoint is None:
        return {}
    from videxpr.evaluation.tune.restride import restride  # needs torch, as nothing else here does

    return restride(data, checkpoint, options.strides)


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
    """Return probabilities (M, 8) of an annotation's rows smoothed as annotate does, up to each gap."""
    faces = annotation.faces
    smoothed = probabilities.copy()
    order = np.lexsort((faces.frame, faces.track))
    parts = (np.diff(faces.track[order]) != 0) | (np.diff(faces.frame[order]) != 1)
    for rows in np.split(order, np.flatnonzero(parts) + 1):
        times = annotation.seconds[faces.frame[rows] - annotation.first_frame]
        smoothed[rows] = moving_mean(probabilities[rows], times, span)
    return smoothed


def fit_length(labels: Integers, count: int) -> Integers:
    """Return labels cut to a number of frames, or padded by the last one."""
    return labels[np.minimum(np.arange(count), len(labels) - 1)]


def by_source(counts: Counts, people: Sequence[LabeledTrack], sources: Sequence[str]) -> Counts:
    """Return confusion matrices (settings, sources, 8, 9) of (settings, people, 8, 9)."""
    owners = [[one.source == source for one in people] for source in sources]
    return np.stack([counts[:, owner].sum(axis=1) for owner in owners], axis=1)


def _not_tried(
    data: TuningData, settings: Sequence[Setting], best: Setting, options: TuneOptions
) -> Iterator[str]:
    """Yield what was not tried, and why."""
    longest = max(one.smooth_seconds for one in settings)
    if best.smooth_seconds == longest > 0:
        yield f"the best smoothing, {longest:g} s, is the longest that was tried; try longer ones too"
    if not data.settings.class_shares and any(options.strengths):
        yield (
            f"logit adjustment was not tried: model {data.settings.model} does not state how often "
            "each expression stood in its training labels"
        )
    if len({one.stride for one in settings}) == 1 and len(options.strides) > 1:
        yield (
            f"no stride but {settings[0].stride} was tried: others want the model (--model) and files "
            "of features (videxpr annotate -f parquet,features)"
        )
