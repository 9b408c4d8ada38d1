"""Whose prediction is whose, and at what length."""

from pathlib import Path

import numpy as np
import pytest

from videxpr.core.errors import FormatError, UsageError
from videxpr.datasets.labels import LabelSet, LabelSets, Origin
from videxpr.evaluation.pairing import Pair, first_names, pair_labels, unmatched_names

D, B, F, N = Origin.DETECTED, Origin.BRIDGED, Origin.FILLED, Origin.NONE


def sets(top: str, origin: list[int] | None = None, **labels: list[int]) -> LabelSets:
    """Files of a folder; a double underscore in a name is a folder above it."""
    found = {}
    for key, values in labels.items():
        path = Path(top, *key.split("__")).with_suffix(".txt")
        known = None if origin is None else np.array(origin, np.int8)
        found[path.stem] = LabelSet(path.stem, path, np.array(values, np.int64), known)
    return LabelSets(Path(top), "text", found)


def only(pairs: list[Pair]) -> Pair:
    (pair,) = pairs
    return pair


def test_names_are_in_order_and_missing_ones_have_no_prediction() -> None:
    pairs = pair_labels(
        sets("L", b=[1, 2], a=[3], c=[4]), sets("P", c=[5], a=[6], z=[7]), strict=False
    )
    assert [pair.name for pair in pairs] == ["a", "b", "c"]
    assert [pair.predictions.tolist() for pair in pairs] == [[6], [-1, -1], [5]]
    assert [pair.labels.tolist() for pair in pairs] == [[3], [1, 2], [4]]
    assert [pair.difference for pair in pairs] == [0, None, 0]
    assert unmatched_names(sets("L", a=[3]), sets("P", z=[7], a=[6], y=[1])) == ["y", "z"]


@pytest.mark.parametrize(
    ("predicted", "expected", "difference"),
    [
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3, 4], [1, 2, 3], 1),
        ([1, 2, 3, 4, 5], [1, 2, 3], 2),
        ([1, 2], [1, 2, 2], -1),
        ([1], [1, 1, 1], -2),
        ([-1], [-1, -1, -1], -2),
    ],
)
def test_up_to_two_frames_at_the_end_are_padded_or_cut(
    predicted: list[int], expected: list[int], difference: int
) -> None:
    pair = only(pair_labels(sets("L", a=[0, 0, 0]), sets("P", a=predicted), strict=False))
    assert pair.predictions.tolist() == expected
    assert pair.difference == difference and pair.origin is None


@pytest.mark.parametrize(
    ("predicted", "origin", "expected"),
    [
        ([1, 2], [D, B], [D, B, F]),
        ([1, -1], [D, N], [D, N, N]),
        ([1, 2, 3, 4], [D, F, B, D], [D, F, B]),
    ],
)
def test_what_is_padded_is_filled(
    predicted: list[int], origin: list[int], expected: list[int]
) -> None:
    pair = only(pair_labels(sets("L", a=[0, 0, 0]), sets("P", origin, a=predicted), strict=False))
    assert pair.origin is not None and pair.origin.tolist() == expected


@pytest.mark.parametrize("count", [0, 2, 8, 100])
def test_more_is_an_error_that_names_the_file_and_both_counts(count: int) -> None:
    labels, predictions = sets("L", a=[0] * 5, b=[0]), sets("P", a=[1] * count, b=[1, 1, 1, 1])
    with pytest.raises(
        FormatError,
        match=rf"P/a.txt has {count} frames of a, but L/a.txt has 5; .*So have: b \(\+3\)",
    ):
        pair_labels(labels, predictions, strict=False)


@pytest.mark.parametrize("count", [4, 6])
def test_strict_takes_no_difference(count: int) -> None:
    labels, predictions = sets("L", a=[0] * 5), sets("P", a=[1] * count)
    assert only(pair_labels(labels, predictions, strict=False)).difference == count - 5
    with pytest.raises(FormatError, match=f"P/a.txt has {count} frames .* has 5; without --strict"):
        pair_labels(labels, predictions, strict=True)
    assert only(pair_labels(labels, sets("P", a=[1] * 5), strict=True)).difference == 0


def test_nothing_in_common_is_an_error_that_shows_names_of_both() -> None:
    with pytest.raises(UsageError, match=r"L \(text files\) has a, b; P \(text files\) has x"):
        pair_labels(sets("L", b=[1], a=[1]), sets("P", x=[1]), strict=False)


BOTH = {"E__Train_Set__a": [1], "E__Train_Set__b": [1], "E__Validation_Set__c": [1]}


def test_labels_of_two_sets_and_predictions_of_one_are_refused() -> None:
    with pytest.raises(UsageError, match=r"for E/Train_Set; .*name L/E/Validation_Set"):
        pair_labels(sets("L", **BOTH), sets("P", c=[1]), strict=False)


def test_labels_of_two_sets_are_taken_if_something_of_each_is_predicted() -> None:
    pairs = pair_labels(sets("L", **BOTH), sets("P", c=[1], a=[1]), strict=False)
    assert [pair.difference for pair in pairs] == [0, None, 0]


def test_other_folders_are_no_sets() -> None:
    pairs = pair_labels(sets("L", x__a=[1], y__b=[1]), sets("P", a=[1]), strict=False)
    assert [pair.difference for pair in pairs] == [0, None]


def test_long_lists_are_cut_short() -> None:
    assert first_names([]) == "" and first_names(["a", "b"]) == "a, b"
    assert first_names([str(n) for n in range(10)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"


def test_predictions_from_crops_may_end_before_the_labels_and_no_others() -> None:
    """Crops end with the last face, and the labels go on."""

    def sets(name: str, count: int, **more: object) -> LabelSets:
        one = LabelSet(name, Path(f"{name}.txt"), np.full(count, 3), **more)  # type: ignore[arg-type]
        return LabelSets(Path(), "labels", {name: one})

    labels = sets("a", 61)
    origin = np.full(54, Origin.DETECTED, np.int8)
    (pair,) = pair_labels(labels, sets("a", 54, origin=origin, open_end=True), strict=False)
    assert (pair.difference, pair.predictions.tolist()) == (-7, [3] * 61)
    assert pair.origin is not None and pair.origin[54:].tolist() == [Origin.FILLED] * 7
    with pytest.raises(FormatError, match=r"has 54 frames of a, .* crops, which end with the last"):
        pair_labels(labels, sets("a", 54), strict=False)
    for count, strict in ((54, True), (70, False)):
        with pytest.raises(FormatError, match=f"has {count} frames of a"):
            pair_labels(labels, sets("a", count, open_end=True), strict=strict)
