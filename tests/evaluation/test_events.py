"""Events and flicker in sequences of labels."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.evaluation.events import (
    EventCounts,
    count_events,
    f1_at_flicker,
    find_events,
    match_onsets,
    no_events,
)


def labels(*pairs: tuple[int, int]) -> np.ndarray:
    """Labels from (label, frames) pairs."""
    return np.repeat([label for label, _ in pairs], [count for _, count in pairs])


def seconds(count: int) -> np.ndarray:
    return np.arange(count) / 10


def counted(truth, found, tolerance=0.3) -> EventCounts:
    return count_events(truth, found, seconds(len(truth)), tolerance)


def test_events_are_runs_of_one_label_other_than_neutral():
    sequence = labels((4, 3), (0, 2), (4, 1), (6, 2), (-1, 2), (6, 3))
    assert [(one.label, one.first, one.end) for one in find_events(sequence, seconds(13))] == [
        (4, 0, 3),
        (4, 5, 6),
        (6, 6, 8),
        (6, 10, 13),
    ]
    assert [one.onset_seconds for one in find_events(sequence, 7 + seconds(13))] == [7, 7.5, 7.6, 8]
    assert find_events(labels((0, 5), (-1, 5)), seconds(10)) == []
    assert find_events(np.zeros(0, np.int64), seconds(0)) == []


def test_perfect_labels_score_one_and_change_as_often_as_the_truth():
    truth = labels((0, 20), (4, 20), (6, 20), (0, 21))
    counts = counted(truth, truth)
    assert (counts.precision, counts.recall, counts.f1) == (1, 1, 1)
    assert counts.flicker == pytest.approx(3 / 8)
    np.testing.assert_array_equal(counts.matched, [0, 0, 0, 0, 1, 0, 1, 0])


@pytest.mark.parametrize(("late", "right"), [(-4, 0), (-3, 1), (0, 1), (3, 1), (4, 0)])
def test_an_onset_may_be_off_by_the_tolerance_and_no_more(late, right):
    truth, found = labels((0, 20), (4, 20)), labels((0, 20 + late), (4, 20 - late))
    assert counted(truth, found).matched.sum() == right
    assert counted(truth, found, tolerance=0.4).matched.sum() == 1


def test_another_class_does_not_match():
    counts = counted(labels((0, 20), (4, 20)), labels((0, 20), (6, 20)))
    assert (counts.true[4], counts.found[6], counts.matched.sum(), counts.f1) == (1, 1, 0, 0)


def test_each_event_counts_once():
    truth = labels((0, 20), (4, 20))
    found = labels((0, 19), (4, 1), (0, 1), (4, 1), (0, 1), (4, 17))
    counts = counted(truth, found)
    assert (counts.precision, counts.recall) == (pytest.approx(1 / 3), 1)
    assert counts.f1 == pytest.approx(0.5)
    assert counts.flicker == pytest.approx(5 / 3.9)


def test_what_begins_where_nothing_is_annotated_is_neither_right_nor_wrong():
    truth = labels((0, 10), (-1, 20), (4, 10))
    within = labels((0, 15), (6, 5), (0, 10), (4, 10))
    assert counted(truth, within).f1 == 1
    early = labels((0, 28), (4, 12))  # begins before the true one, near enough
    assert counted(truth, early).f1 == 1
    far = labels((0, 5), (6, 5), (0, 20), (4, 10))
    assert counted(truth, far).precision == 0.5


def test_nothing_found_and_nothing_true_is_nothing():
    truth = labels((0, 20), (4, 20))
    assert (counted(truth, 0 * truth).f1, counted(truth, 0 * truth).precision) == (0, 0)
    assert counted(0 * truth, 0 * truth).f1 == 0
    assert no_events().f1 == no_events().flicker == 0
    empty = count_events(np.zeros(0, np.int64), np.zeros(0, np.int64), seconds(0))
    assert empty.flicker == 0


def test_counts_of_sequences_add_up():
    truth, found = labels((0, 20), (4, 20), (6, 21)), labels((0, 20), (4, 41))
    both = no_events() + counted(truth, found) + counted(truth, truth)
    assert (both.true.sum(), both.found.sum(), both.matched.sum()) == (4, 3, 3)
    assert both.f1 == pytest.approx(6 / 7)
    assert both.flicker == pytest.approx((1 + 2) / 12)


onsets = st.lists(st.integers(0, 30), max_size=5, unique=True).map(sorted)


def most_pairs(true: list[int], found: list[int], tolerance: int) -> int:
    """By trying every assignment of the fewer to the more."""
    few, many = sorted((true, found), key=len)
    return max(
        sum(abs(a - b) <= tolerance for a, b in zip(few, chosen, strict=True))
        for chosen in permutations(many, len(few))
    )


@given(onsets, onsets, st.integers(0, 9))
def test_no_assignment_has_more_pairs(true, found, tolerance):
    pairs = match_onsets(true, found, tolerance)
    assert len(pairs) == most_pairs(true, found, tolerance)
    assert all(abs(true[one] - found[other]) <= tolerance for one, other in pairs)
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 6))
def test_counts_agree_with_a_plain_count(drawn, shift):
    """Against a count frame by frame, of labels and the same labels later."""
    truth = np.array(drawn)
    found = np.roll(truth, shift)
    counts = counted(truth, found)
    for label in range(1, 4):
        begun = [
            [n for n in range(len(one)) if one[n] == label and (n == 0 or one[n - 1] != label)]
            for one in (truth.tolist(), found.tolist())
        ]
        assert [counts.true[label], counts.found[label]] == [len(begun[0]), len(begun[1])]
        assert counts.matched[label] == len(match_onsets(begun[0], begun[1], 3))
    changes = sum(found[n] != found[n - 1] for n in range(1, len(found)))
    assert counts.changes == changes


def made(flicker: float, f1: float) -> EventCounts:
    """Counts with that flicker and F1, for 100 true and 100 found events."""
    hundred = np.array([0, 100, 0, 0, 0, 0, 0, 0])
    return EventCounts(hundred, hundred, (hundred * f1).astype(int), round(flicker * 100), 100.0)


def test_scores_at_equal_flicker_lie_between_what_was_measured():
    curve = [made(4, 0.2), made(1, 0.6), made(0.5, 0.4)]
    found = f1_at_flicker(curve, [0.5, 0.75, 1, 2.5, 4, 4.1, 0.4])
    np.testing.assert_allclose(found, [0.4, 0.5, 0.6, 0.4, 0.2, np.nan, np.nan])
    np.testing.assert_allclose(f1_at_flicker([made(1, 0.5)], [1, 2]), [0.5, np.nan])
