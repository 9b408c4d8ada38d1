"""Labels and predictions side by side: whose is whose, and at what length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.datasets.affwild2.layout import SETS
from videxpr.datasets.affwild2.template import TOLERATED_FRAMES
from videxpr.datasets.labels import (
    LabelSet,
    LabelSets,
    Origin,
    find_label_files,
    read_label_sets,
)

LISTED: Final = 8
"""Names that a sentence lists before it says how many more there are."""


@dataclass(frozen=True)
class Pair:
    """One name of the labels with what is predicted for it, frame by frame.

    Attributes:
        name: of the video and person.
        labels: (N,) -1 to 7.
        predictions: (N,) -1 to 7, padded or cut to the labels' length.
        origin: (N,) values of `Origin`, None if the predictions do not tell.
        difference: predicted frames less frames of the labels; None if nothing was predicted.
    """

    name: str
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    origin: NDArray[np.int8] | None
    difference: int | None


def read_ground_truth(path: Path) -> LabelSets:
    """Read the labels that predictions are compared with.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
        FormatError: a file breaks its format.
        UsageError: they are Parquet files, which hold predictions.
    """
    if find_label_files(path)[0] == "parquet":
        raise UsageError(
            f"{path} was given for the labels, but holds Parquet files, and those are predictions of "
            "videxpr annotate; give PREDICTIONS first, then LABELS (annotation files, one NAME.txt a "
            "video)"
        )
    return read_label_sets(path)


def swap_warning(labels: LabelSets, predictions: LabelSets) -> Iterator[str]:
    """Yield a sentence for the reader if each of two looks like the other."""
    if _is_in_a_set(labels):
        return
    hint = "are the two swapped? PREDICTIONS come first, then LABELS"
    if _is_in_a_set(predictions):
        yield f"{predictions.path} is one of Aff-Wild2's own sets, and {labels.path} is not: {hint}"
    elif labels.kind == "predictions" and predictions.kind == "text":
        yield f"the labels are from a predictions file, {labels.path}: {hint}"
    elif predictions.kind == "text" and _has_gaps(predictions) and not _has_gaps(labels):
        yield f"{predictions.path} leaves frames without a label, and {labels.path} none: {hint}"


def _is_in_a_set(sets: LabelSets) -> bool:
    return any(part in SETS.values() for one in sets.sets.values() for part in one.path.parts)


def _has_gaps(sets: LabelSets) -> bool:
    return any((one.labels == NOT_ANNOTATED).any() for one in sets.sets.values())


def pair_labels(labels: LabelSets, predictions: LabelSets, strict: bool) -> list[Pair]:
    """Return one pair for each name of the labels, in order of name.

    A difference of up to two frames is taken to be at the tail: predictions are padded by their last
    label, or cut. Predictions from crops, which end with the last face, are padded by any number.

    Raises:
        UsageError: nothing is predicted for any of the names, or for a whole set of Aff-Wild2.
        FormatError: a difference is larger, or, if `strict`, there is one at all.
    """
    found = predictions.sets
    if not labels.sets.keys() & found.keys():
        raise UsageError(
            f"no name is in both: {labels} has {first_names(sorted(labels.sets)) or 'none'}; "
            f"{predictions} has {first_names(sorted(found)) or 'none'}"
        )
    _check_sets(labels, predictions)
    known = [(one, found[one.name]) for one in labels.sets.values() if one.name in found]
    _check_lengths(known, 0 if strict else TOLERATED_FRAMES)
    return [_pair(labels.sets[name], found.get(name)) for name in sorted(labels.sets)]


def _check_sets(labels: LabelSets, predictions: LabelSets) -> None:
    """Refuse labels of training and validation with predictions of one of them."""
    predicted: dict[Path, bool] = {}
    for one in labels.sets.values():
        for folder in one.path.relative_to(labels.path).parents:
            if folder.name in SETS.values():
                has = one.name in predictions.sets
                predicted[folder] = predicted.get(folder, False) or has
    bare = [folder for folder, has in predicted.items() if not has]
    if bare and len(bare) < len(predicted):
        (other, *_) = (folder for folder, has in predicted.items() if has)
        raise UsageError(
            f"{labels.path} holds more than one set, and nothing is predicted for {bare[0]}; to "
            f"evaluate the other, name {labels.path / other}"
        )


def _check_lengths(known: list[tuple[LabelSet, LabelSet]], tolerated: int) -> None:
    odd = [
        (one, other)
        for one, other in known
        if abs(len(other) - len(one)) > tolerated
        and not (tolerated and other.open_end and len(other) < len(one))
    ]
    if not odd:
        return
    label, predicted = odd[0]
    others = [f"{two.name} ({len(two) - len(one):+d})" for one, two in odd[1:]]
    rule = (
        f"a difference of up to {tolerated} at the end is usual, more means another video, or "
        "crops, which end with the last face: their Parquet says so, and is padded"
        if tolerated
        else "without --strict, up to 2 frames would be padded or cut"
    )
    raise FormatError(
        f"{predicted.path} has {len(predicted)} frames of {label.name}, but {label.path} has "
        f"{len(label)}; {rule}" + (f". So have: {first_names(others)}" if others else "")
    )


def _pair(label: LabelSet, predicted: LabelSet | None) -> Pair:
    count = len(label)
    if predicted is None:
        return Pair(label.name, label.labels, np.full(count, NOT_ANNOTATED), None, None)
    missing = count - len(predicted)
    values = predicted.labels[:count]
    origin = None if predicted.origin is None else predicted.origin[:count]
    if missing > 0:
        last = values[-1] if len(values) else NOT_ANNOTATED
        values = np.concatenate([values, np.full(missing, last)])
    if missing > 0 and origin is not None:
        kind = Origin.NONE if values[-1] == NOT_ANNOTATED else Origin.FILLED
        origin = np.concatenate([origin, np.full(missing, kind, np.int8)])
    return Pair(label.name, label.labels, values, origin, -missing)


def unmatched_names(labels: LabelSets, predictions: LabelSets) -> list[str]:
    """Return the names of predictions that labels do not know, in order."""
    return sorted(predictions.sets.keys() - labels.sets.keys())


def first_names(values: Sequence[str]) -> str:
    """Return names in one line, the first few of many."""
    more = len(values) - LISTED
    return ", ".join(values[:LISTED]) + (f" and {more} more" if more > 0 else "")
