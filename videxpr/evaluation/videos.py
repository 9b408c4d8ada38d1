"""Predictions against labels: all frames pooled, Aff-Wild2's macro F1, and how sure it is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.core.errors import FormatError
from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.datasets.labels.reader import LabelSets, Origin, read_label_sets
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    bootstrap_intervals,
    compare,
    confusion_matrix,
)
from videxpr.evaluation.options import EvaluateOptions
from videxpr.evaluation.pairing import Pair, paired, read_truth, swapped, unused
from videxpr.evaluation.result import Comparison, Evaluation, Subset, SubsetName, VideoResult

ORIGINS: Final[dict[SubsetName, Origin]] = {
    "detected": Origin.DETECTED,
    "bridged": Origin.BRIDGED,
    "filled": Origin.FILLED,
}


def evaluate(
    predictions: Path,
    labels: Path,
    against: Path | None = None,
    options: EvaluateOptions | None = None,
) -> Evaluation:
    """Compare predictions with labels.

    Args:
        predictions: a folder of Parquet or text files, a ``predictions.txt``, or one file.
        labels: a folder of annotation files, or one file.
        against: other predictions, to be compared with the first ones.
        options: what a user can choose.

    Raises:
        SourceError: one of them is not there, or holds no labels.
        FormatError: a file breaks its format, a length differs, or no frame is labeled.
        UsageError: labels and predictions have no name in common, or the labels are Parquet files.
    """
    chosen = options or EvaluateOptions()
    truth = read_truth(labels)
    ours, groups = _evaluated(truth, _read_predictions(predictions, truth), chosen)
    if against is None:
        return ours
    theirs, others = _evaluated(truth, _read_predictions(against, truth), chosen)
    difference = compare(groups, others, chosen.samples, chosen.seed)
    return replace(ours, against=Comparison(theirs, difference))


def _read_predictions(path: Path, labels: LabelSets) -> LabelSets:
    """Predictions under the labels' names; one file is compared with one file, whatever its name."""
    read = read_label_sets(path, labels.sets)
    if not (path.is_file() and labels.path.is_file() and len(read.sets) == len(labels.sets) == 1):
        return read
    (name,), (own,) = labels.sets, read.sets.values()
    if name == own.name:
        return read
    note = f"{own.name} is compared with {name}, as each is the only one of its file"
    return replace(read, sets={name: replace(own, name=name)}, notes=(*read.notes, note))


def _evaluated(
    labels: LabelSets, predictions: LabelSets, options: EvaluateOptions
) -> tuple[Evaluation, Counts]:
    """The evaluation, and the confusion matrix of each source video (G, 8, 9), in order of name."""
    pairs = paired(labels, predictions, options.strict)
    videos = tuple(
        VideoResult(confusion_matrix(pair.labels, pair.predictions), pair.name, pair.difference)
        for pair in pairs
    )
    groups = by_source(videos)
    if not len(groups):
        raise FormatError(f"no frame of {labels} is labeled: every label is -1")
    confusion: Counts = groups.sum(axis=0)
    return Evaluation(
        name=predictions.path.absolute().name,
        predictions=str(predictions),
        labels=str(labels),
        confusion=confusion,
        intervals=bootstrap_intervals(groups, options.samples, options.seed),
        groups=len(groups),
        unit="source videos",
        subsets=tuple(_subsets(pairs)),
        videos=videos,
        unused=tuple(unused(labels, predictions)),
        notes=(*swapped(labels, predictions), *labels.notes, *predictions.notes),
    ), groups


def by_source(videos: Sequence[VideoResult]) -> Counts:
    """Confusion matrices (G, 8, 9) of source videos with labeled frames: both persons of a video are
    one, since what is seen of one tells of the other."""
    groups: dict[str, Counts] = {}
    for video in videos:
        if video.frames:
            source = SIDE.sub("", video.name)
            groups[source] = groups.get(source, np.int64(0)) + video.confusion
    matrices = [groups[source] for source in sorted(groups)]
    return np.array(matrices, np.int64).reshape(-1, CLASSES, CLASSES + 1)


def _subsets(pairs: Sequence[Pair]) -> Iterator[Subset]:
    labels, predictions = (
        np.concatenate([getattr(pair, name) for pair in pairs])
        for name in ("labels", "predictions")
    )
    covered = predictions != NOT_ANNOTATED
    yield Subset(confusion_matrix(labels[covered], predictions[covered]), "covered")
    if all(pair.origin is None for pair in pairs):
        return
    origin = np.concatenate(
        [
            np.zeros(len(pair.labels), np.int8) if pair.origin is None else pair.origin
            for pair in pairs
        ]
    )
    for name, kind in ORIGINS.items():
        inside = origin == kind
        yield Subset(confusion_matrix(labels[inside], predictions[inside]), name)
