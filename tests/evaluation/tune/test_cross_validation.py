"""Which setting is best, and what choosing is worth: on made-up confusion matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.datasets.affwild2.videos import assign_folds
from videxpr.evaluation.metrics import macro_f1
from videxpr.evaluation.tune.cross_validation import choose_setting, cross_validate


def matrices(right: list[list[float]], frames: int = 80) -> np.ndarray:
    """Settings by source videos: a share of each class's frames is right, the rest the next class."""
    counts = np.zeros((len(right), len(right[0]), 8, 9), np.int64)
    for place in np.ndindex(counts.shape[:2]):
        hits = round(right[place[0]][place[1]] * frames)
        for label in range(8):
            counts[(*place, label, label)] = hits
            counts[(*place, label, (label + 1) % 8)] = frames - hits
    return counts


def test_the_best_has_the_highest_macro_f1():
    counts = matrices([[0.2], [0.6], [0.4]])[:, 0]
    assert choose_setting(counts, current=0) == 1
    np.testing.assert_allclose(macro_f1(counts), [0.2, 0.6, 0.4])


def test_of_equals_the_current_one_is_chosen_and_else_the_first():
    counts = matrices([[0.6], [0.2], [0.6]])[:, 0]
    assert choose_setting(counts, current=2) == 2
    assert choose_setting(counts, current=1) == 0


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.integers(2, 9))
def test_folds_are_used_and_about_as_large_as_each_other(frames, folds):
    sizes = np.array(frames)
    fold = assign_folds(sizes, folds)
    totals = np.bincount(fold, sizes, minlength=min(folds, len(frames)))
    assert set(fold) == set(range(min(folds, len(frames))))
    assert np.ptp(totals) <= sizes.max()
    assert assign_folds(sizes, folds).tolist() == fold.tolist()


def test_each_fold_is_scored_with_what_was_best_on_the_others():
    # setting 1 is better on video 0 alone, so it is chosen for nobody but the others
    counts = matrices([[0.2, 0.5, 0.5, 0.5], [0.9, 0.4, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]])
    found = cross_validate(counts, np.array([0, 1, 2, 3]), current=2)
    assert [fold.chosen for fold in found.folds] == [0, 1, 1, 1]
    assert [fold.groups for fold in found.folds] == [(0,), (1,), (2,), (3,)]
    assert [fold.macro_f1 for fold in found.folds] == pytest.approx([0.2, 0.4, 0.4, 0.4])
    assert [fold.current_macro_f1 for fold in found.folds] == pytest.approx([0.1] * 4)
    assert found.macro_f1 == pytest.approx(0.35)
    assert found.gain.macro_f1 == pytest.approx(0.25)


def test_what_is_best_by_luck_gains_nothing():
    """A hundred settings that are noise: the best looks good, choosing it is worth nothing."""
    seeming, gains = [], []
    for seed in range(20):
        drawn = np.random.default_rng(seed)
        counts = matrices(drawn.normal(0.5, 0.03, (100, 20)).clip(0, 1).tolist())
        pooled = macro_f1(counts.sum(axis=1))
        seeming.append(pooled.max() - pooled[0])
        gains.append(cross_validate(counts, assign_folds(np.full(20, 640), 5), 0).gain.macro_f1)
    assert np.mean(seeming) > 0.013
    assert abs(np.mean(gains)) < 0.005


def test_where_the_current_setting_is_best_nothing_is_gained():
    counts = matrices([[0.2, 0.2, 0.2], [0.6, 0.6, 0.6]])
    found = cross_validate(counts, np.array([0, 1, 2]), current=1)
    assert found.gain.macro_f1 == 0
    assert found.macro_f1 == found.current_macro_f1
