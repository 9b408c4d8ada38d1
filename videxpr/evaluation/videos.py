"""Predictions against labels: all frames pooled, Aff-Wild2's macro F1, and how sure it is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.datasets.labels import LabelSets, Origin, read_label_sets
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    bootstrap_intervals,
    compare,
    confusion_matrix,
)
from videxpr.evaluation.options import EvaluateOptions
from videxpr.evaluation.pairing import (
    Pair,
    pair_labels,
    read_ground_truth,
    swap_warning,
    unmatched_names,
)
from videxpr.evaluation.report import Comparison, Evaluation, Scored, SubsetName, VideoResult

DEFAULT: Final = EvaluateOptions()

ORIGINS: Final[dict[SubsetName, Origin]] = {
    "detected": Origin.DETECTED,
    "bridged": Origin.BRIDGED,
    "filled": Origin.FILLED,
}


def evaluate(
    predictions: str | Path,
    labels: str | Path,
    *,
    against: str | Path | None = None,
    strict: bool = DEFAULT.strict,
    bootstrap: int = DEFAULT.bootstrap,
    seed: int = DEFAULT.seed,
) -> Evaluation:
    """Compare predictions with labels.

    Args:
        predictions: a folder of Parquet or text files, a ``predictions.txt``, or one file.
        labels: a folder of annotation files, or one file.
        against: other predictions, to be compared with the first ones.
        strict: whether any difference in length is an error; else up to 2 frames at the end are
            padded or cut.
        bootstrap: resamples of the source videos, for intervals.
        seed: of what the bootstrap draws.

    Raises:
        SourceError: one of them is not there, or holds no labels.
        FormatError: a file breaks its format, a length differs, or no frame is labeled.
        UsageError: labels and predictions have no name in common, or the labels are Parquet files.
    """
    options = EvaluateOptions(strict, bootstrap, seed)
    truth = read_ground_truth(Path(labels))
    ours, groups = _evaluated(truth, _read_predictions(Path(predictions), truth), options)
    if against is None:
        return ours
    theirs, others = _evaluated(truth, _read_predictions(Path(against), truth), options)
    return replace(ours, against=Comparison(theirs, compare(groups, others, bootstrap, seed)))


def _read_predictions(path: Path, labels: LabelSets) -> LabelSets:
    """Read predictions under the labels' names; of two single files the names need not agree."""
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
    """Return the evaluation, and the confusion matrix of each source video (G, 8, 9)."""
    pairs = pair_labels(labels, predictions, options.strict)
    videos = tuple(
        VideoResult(confusion_matrix(pair.labels, pair.predictions), pair.name, pair.difference)
        for pair in pairs
    )
    groups = group_by_source(videos)
    if not len(groups):
        raise FormatError(f"no frame of {labels} is labeled: every label is -1")
    confusion: Counts = groups.sum(axis=0)
    return Evaluation(
        name=predictions.path.absolute().name,
        predictions=str(predictions),
        labels=str(labels),
        confusion=confusion,
        intervals=bootstrap_intervals(groups, options.bootstrap, options.seed),
        groups=len(groups),
        unit="source videos",
        subsets=dict(_subsets(pairs)),
        videos=videos,
        unmatched=tuple(unmatched_names(labels, predictions)),
        notes=(*swap_warning(labels, predictions), *labels.notes, *predictions.notes),
    ), groups


def group_by_source(videos: Sequence[VideoResult]) -> Counts:
    """Return confusion matrices (G, 8, 9) of source videos with labeled frames, in order of name.

    Both persons of a video are one group, since what is seen of one tells of the other.
    """
    groups: dict[str, Counts] = {}
    for video in videos:
        if video.frames:
            source = SIDE.sub("", video.name)
            groups[source] = groups.get(source, np.int64(0)) + video.confusion
    matrices = [groups[source] for source in sorted(groups)]
    return np.array(matrices, np.int64).reshape(-1, CLASSES, CLASSES + 1)


def _subsets(pairs: Sequence[Pair]) -> Iterator[tuple[SubsetName, Scored]]:
    """Yield the frames with a prediction, and those of each origin where predictions tell theirs."""
    labels = np.concatenate([pair.labels for pair in pairs])
    predictions = np.concatenate([pair.predictions for pair in pairs])
    origins = [
        np.full(len(pair.labels), Origin.NONE) if pair.origin is None else pair.origin
        for pair in pairs
    ]
    inside: dict[SubsetName, NDArray[np.bool_]] = {"covered": predictions != NOT_ANNOTATED}
    if any(pair.origin is not None for pair in pairs):
        inside |= {name: np.concatenate(origins) == kind for name, kind in ORIGINS.items()}
    for name, frames in inside.items():
        yield name, Scored(confusion_matrix(labels[frames], predictions[frames]))
