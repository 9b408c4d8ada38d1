"""Scores against scikit-learn's, the bootstrap against one written out in full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from videxpr.evaluation.metrics import (
    Interval,
    bootstrap_intervals,
    compare,
    compute_scores,
    confusion_matrix,
    f1_scores,
    macro_f1,
)

ALL = list(range(8))
same = pytest.approx


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Labels and predictions of some of the classes, so that some are absent from either."""
    labeled = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=8))
    predicted = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=8))
    pair = st.tuples(st.sampled_from(labeled), st.sampled_from(predicted))
    pairs = draw(st.lists(pair, min_size=1, max_size=60))
    return [one for one, _ in pairs], [two for _, two in pairs]


def assert_as_scikit_learn(labels: np.ndarray, predictions: np.ndarray) -> None:
    found = compute_scores(confusion_matrix(labels, predictions))
    expected = sklearn.precision_recall_fscore_support(
        labels, predictions, labels=ALL, zero_division=0
    )
    for ours, theirs in zip(
        (found.precision, found.recall, found.f1, found.support), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    whole = sklearn.f1_score(labels, predictions, labels=ALL, average="macro", zero_division=0)
    present = sklearn.f1_score(labels, predictions, average="macro", zero_division=0)
    assert found.macro_f1 == same(whole, abs=1e-12)
    assert found.macro_f1_present == same(present, abs=1e-12)
    assert found.accuracy == same(sklearn.accuracy_score(labels, predictions), abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(pair=answers())
def test_all_figures_are_those_of_scikit_learn(pair: tuple[list[int], list[int]]) -> None:
    labels, predictions = (np.array(one) for one in pair)
    confusion = confusion_matrix(labels, predictions)
    theirs = sklearn.confusion_matrix(labels, predictions, labels=ALL)
    assert np.array_equal(confusion[:, :8], theirs) and not confusion[:, 8].any()
    assert_as_scikit_learn(labels, predictions)


def test_they_are_also_on_many_frames_of_unequal_classes() -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(8, 0.3))
    labels = random.choice(8, 300_000, p=shares)
    wrong = random.choice(8, len(labels))
    assert_as_scikit_learn(labels, np.where(random.random(len(labels)) < 0.4, labels, wrong))


@settings(deadline=None)
@given(pair=answers(), data=st.data())
def test_a_missing_prediction_is_wrong_as_a_ninth_class_would_be(
    pair: tuple[list[int], list[int]], data: st.DataObject
) -> None:
    labels, predictions = (np.array(one) for one in pair)
    missing = data.draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels)))
    found = compute_scores(confusion_matrix(labels, np.where(missing, -1, predictions)))
    ninth = np.where(missing, 8, predictions)
    expected = sklearn.precision_recall_fscore_support(labels, ninth, labels=ALL, zero_division=0)
    np.testing.assert_allclose(found.f1, expected[2], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.recall, expected[1], rtol=0, atol=1e-12)
    assert found.accuracy == same(sklearn.accuracy_score(labels, ninth), abs=1e-12)
    assert found.support.sum() == len(labels)


def test_frames_without_a_label_do_not_count() -> None:
    labels, predictions = np.array([0, -1, 1, -1]), np.array([0, 5, -1, -1])
    confusion = confusion_matrix(labels, predictions)
    assert confusion.sum() == 2 and confusion[0, 0] == 1 and confusion[1, 8] == 1


def test_the_divisor_is_eight_whatever_is_absent() -> None:
    found = compute_scores(confusion_matrix(np.array([0, 1]), np.array([0, 2])))
    assert found.macro_f1 == 1 / 8
    assert found.macro_f1_present == 1 / 3
    assert found.f1.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_nothing_at_all_scores_nothing() -> None:
    nothing = compute_scores(np.zeros((8, 9), np.int64))
    assert (nothing.macro_f1, nothing.macro_f1_present, nothing.accuracy) == (0, 0, 0)
    assert not nothing.f1.any()


def test_many_matrices_are_scored_at_once_as_one_by_one() -> None:
    matrices = np.random.default_rng(1).integers(0, 5, (3, 4, 8, 9))
    assert f1_scores(matrices).shape == (3, 4, 8)
    for place in np.ndindex(3, 4):
        assert macro_f1(matrices)[place] == same(
            compute_scores(matrices[place]).macro_f1, abs=1e-12
        )


def videos(count: int, seed: int, right: float = 0.5) -> np.ndarray:
    """(count, 8, 9) of videos of one hundred frames, each mostly of one class."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        labels = random.choice(8, 100, p=random.dirichlet(np.full(8, 0.3)))
        hit = random.random(100) < right
        made.append(confusion_matrix(labels, np.where(hit, labels, random.choice(8, 100))))
    return np.stack(made)


def in_full(groups: np.ndarray, samples: int) -> np.ndarray:
    """The bootstrap as textbooks have it, with another generator: macro F1 of every resample."""
    random = np.random.default_rng(99)
    chosen = random.integers(0, len(groups), (samples, len(groups)))
    return np.array([macro_f1(groups[rows].sum(axis=0)) for rows in chosen])


def test_the_interval_is_that_of_a_bootstrap_written_out() -> None:
    groups = videos(20, 0)
    groups = np.concatenate([groups, groups[:5]])  # equal groups are drawn together
    found = bootstrap_intervals(groups, 20_000, 0)
    low, high = np.percentile(in_full(groups, 20_000), [2.5, 97.5])
    assert found is not None
    assert found.macro_f1.low == same(low, abs=0.002) and found.macro_f1.high == same(
        high, abs=0.002
    )
    assert found.macro_f1.low < macro_f1(groups.sum(axis=0)) < found.macro_f1.high


def test_a_seed_gives_one_interval_whatever_the_order_and_the_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = videos(12, 3)
    first = bootstrap_intervals(groups, 500, 7)
    assert bootstrap_intervals(groups[::-1], 500, 7) == first
    assert bootstrap_intervals(groups, 500, 8) != first
    monkeypatch.setattr("videxpr.evaluation.metrics.DRAWN_AT_ONCE", 100)
    assert bootstrap_intervals(groups, 500, 7) == first


def test_the_intervals_of_the_classes_are_those_of_a_bootstrap_written_out() -> None:
    groups = videos(12, 3)
    found = bootstrap_intervals(groups, 20_000, 0)
    generator = np.random.default_rng(5)
    drawn = [f1_scores(groups[generator.integers(0, 12, 12)].sum(axis=0)) for _ in range(4000)]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    assert found is not None and len(found.f1) == 8
    np.testing.assert_allclose([one.low for one in found.f1], low, atol=0.02)
    np.testing.assert_allclose([one.high for one in found.f1], high, atol=0.02)


def test_one_group_has_no_interval() -> None:
    assert bootstrap_intervals(videos(1, 0), 100, 0) is None
    alone = compare(videos(1, 0), videos(1, 1), 100, 0)
    assert alone.interval is None and alone.share_above is None
    assert alone.macro_f1 == same(
        float(macro_f1(videos(1, 0)[0]) - macro_f1(videos(1, 1)[0])), abs=1e-12
    )


def test_groups_that_are_all_equal_have_an_interval_without_width() -> None:
    groups = np.repeat(videos(1, 0), 5, axis=0)
    found = bootstrap_intervals(groups, 100, 0)
    assert found is not None
    assert found.macro_f1.low == found.macro_f1.high == same(float(macro_f1(groups[0])))


def test_what_is_better_in_every_video_is_better_in_every_resample() -> None:
    better, worse = videos(15, 4, right=0.9), videos(15, 4, right=0.3)
    found = compare(better, worse, 1000, 0)
    assert found.interval is not None and 0 < found.interval.low < found.macro_f1
    assert found.macro_f1 < found.interval.high and found.share_above == 1
    turned = compare(worse, better, 1000, 0)
    assert turned.share_above == 0
    assert turned.macro_f1 == same(-found.macro_f1, abs=1e-12)


def test_equal_answers_differ_by_nothing() -> None:
    found = compare(videos(9, 5), videos(9, 5), 300, 0)
    assert found.interval is not None
    assert (found.macro_f1, found.interval.low, found.interval.high) == (0, 0, 0)
    assert found.share_above == 0.5


def test_the_comparison_is_paired() -> None:
    """A is a little better in each video, while videos differ much: pairing sees it."""
    groups = videos(30, 6)
    worse = groups.copy()
    for one in worse:
        label = one.diagonal().argmax()
        one[label, label] -= 3
        one[label, 8] += 3
    found, alone = compare(groups, worse, 2000, 0), bootstrap_intervals(groups, 2000, 0)
    assert found.interval is not None and alone is not None
    assert found.interval.low > 0
    assert found.interval.high - found.interval.low < (alone.macro_f1.high - alone.macro_f1.low) / 4


def test_thirty_thousand_groups_of_one_frame_are_quick() -> None:
    random = np.random.default_rng(2)
    groups = np.zeros((30_000, 8, 9), np.int64)
    groups[np.arange(30_000), random.integers(0, 8, 30_000), random.integers(0, 9, 30_000)] = 1
    assert bootstrap_intervals(groups, 2000, 0) is not None


def test_an_interval_says_both_ends_in_the_form_that_is_asked_for() -> None:
    assert f"{Interval(-0.25, 0.5):+.3f}" == "-0.250 to +0.500"
    assert f"{Interval(0.25, 0.5).percent:.1f}" == "25.0 to 50.0"
