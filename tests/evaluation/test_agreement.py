"""Figures by votes: worked out by hand, and scikit-learn's with every vote a weighted sample."""

from time import process_time

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import f1_score, log_loss

from videxpr.evaluation.agreement import (
    Agreement,
    agreement_curve,
    clear_labels,
    measure_agreement,
    vote_matrices,
)

SEVEN = list(range(7))
ANSWERS = 11


def votes(**named: int) -> list[int]:
    """Counts of one image: of n0 to n7, contempt, unknown, nf."""
    names = [*(f"n{n}" for n in range(8)), "contempt", "unknown", "nf"]
    return [named.get(name, 0) for name in names]


def drawn(images: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ten votes an image, and a model without Other that is somewhat right."""
    random = np.random.default_rng(seed)
    people = random.dirichlet(np.full(ANSWERS, 0.2), images)
    counts = np.stack([random.multinomial(10, shares) for shares in people])
    found = people[:, :8] + random.dirichlet(np.full(8, 0.5), images)
    found[:, 7] = 0
    found = (found / found.sum(axis=1, keepdims=True)).astype(np.float32)
    found[:, 7] = np.nan
    return found, counts


def measured(probabilities: np.ndarray, counts: np.ndarray, samples: int = 20) -> Agreement:
    found = measure_agreement(probabilities, counts, samples, seed=0)
    assert found is not None
    return found


def test_vote_weighted_f1_is_that_of_scikit_learn_with_every_share_a_sample() -> None:
    probabilities, counts = drawn(300)
    found = measured(probabilities, counts)
    shares = counts[:, :8] / 10
    answers = np.nanargmax(probabilities, axis=1).repeat(8)
    labels, weights = np.tile(np.arange(8), 300), shares.ravel()
    each = f1_score(labels, answers, labels=[*SEVEN, 7], average=None, sample_weight=weights)
    np.testing.assert_allclose(found.f1, each, atol=1e-12)
    macro = f1_score(labels, answers, labels=SEVEN, average="macro", sample_weight=weights)
    assert found.macro_f1 == pytest.approx(macro) and found.images == 300
    assert found.f1[7] == 0  # never predicted, and in no mean


def test_votes_of_one_answer_are_labels() -> None:
    probabilities, _ = drawn(200)
    labels = np.random.default_rng(1).integers(0, 7, 200)
    found = measured(probabilities, 10 * np.eye(ANSWERS, dtype=np.int64)[labels])
    answers = np.nanargmax(probabilities, axis=1)
    assert found.macro_f1 == pytest.approx(f1_score(labels, answers, average="macro"))
    assert found.clear_accuracy == pytest.approx((answers == labels).mean())
    assert found.divergence == pytest.approx(found.cross_entropy)
    assert found.cross_entropy == pytest.approx(
        log_loss(labels, probabilities[:, :7], labels=SEVEN)
    )


def test_a_matrix_by_hand() -> None:
    counts = np.array([votes(n0=5, n3=3, unknown=2)])
    (matrix,) = vote_matrices(counts, np.array([3]))
    assert matrix[:, 3].tolist() == [0.5, 0, 0, 0.3, 0, 0, 0, 0]
    assert matrix.sum() == pytest.approx(0.8)


def test_the_interval_is_that_of_images_drawn_again() -> None:
    probabilities, counts = drawn(60)
    found = measured(probabilities, counts, 4000)
    random = np.random.default_rng(5)
    again = [
        measured(probabilities[rows], counts[rows], 1).macro_f1
        for rows in random.integers(0, 60, (1500, 60))
    ]
    assert found.intervals is not None
    assert found.intervals.macro_f1 == pytest.approx(np.percentile(again, [2.5, 97.5]), abs=0.015)
    assert found.intervals.f1[2].low < found.f1[2] < found.intervals.f1[2].high
    assert found.intervals.f1[7] == (0, 0)
    one = measured(probabilities[:1], np.array([votes(n1=3)]))
    assert one.intervals is None


def test_the_bootstrap_of_many_images_is_quick() -> None:
    probabilities, counts = drawn(3000)
    begun = process_time()
    measured(probabilities, counts, 2000)
    assert process_time() - begun < 10


def test_ferplus_drops_single_votes_and_wants_more_than_half_of_the_rest() -> None:
    counts = np.array(
        [
            votes(n1=4, n2=1, n3=1, n4=1, n5=1, unknown=1, nf=1),  # all of the rest
            votes(n1=5, n2=5),  # a half is not more
            votes(n1=5, n2=3, n3=2),  # likewise
            votes(n1=5, n2=4, n3=1),
            votes(contempt=9, n2=1),
            votes(n7=10),  # the model was never trained on it
            votes(n1=1, n2=1, nf=1),  # nothing is left
        ]
    )
    trained = np.arange(8) < 7
    assert clear_labels(counts, trained).tolist() == [1, -1, -1, 1, -1, -1, -1]
    probabilities = np.full((7, 8), 0.1, np.float32)
    probabilities[:, 7], probabilities[[0, 4, 5], 1] = np.nan, 0.4
    found = measured(probabilities, counts)
    assert (found.clear_images, found.clear_accuracy) == (2, 0.5)


def test_confidence_is_compared_with_the_voters_who_say_the_same() -> None:
    found = agreement_curve(
        np.array([[0.6, 0.4, np.nan], [0.1, 0.9, np.nan]], np.float32),
        np.array([[0.5, 0.5, 0], [0.3, 0.7, 0]]),
    )
    assert found.confidence == pytest.approx([0.6, 0.9]) and found.share.tolist() == [0.5, 0.7]
    assert found.counts.tolist() == [1, 1] and found.expected_error == pytest.approx(0.15)


def test_images_are_grouped_fifteen_ways_by_confidence() -> None:
    probabilities, counts = drawn(100)
    curve = measured(probabilities, counts).curve
    named = counts[:, :7].sum(axis=1)
    seen = named > 0
    assert (~seen).any() and curve.counts.sum() == seen.sum()
    assert len(curve.counts) == 15 and np.ptp(curve.counts) <= 1
    assert (np.diff(curve.confidence) >= 0).all()
    answers = np.nanargmax(probabilities, axis=1)
    same = (counts[np.arange(100), answers] / named.clip(1))[seen]
    assert (curve.share * curve.counts).sum() == pytest.approx(same.sum())


def test_entropies_are_those_of_the_votes_for_what_the_model_knows() -> None:
    probabilities, counts = drawn(100)
    found = measured(probabilities, counts)
    seen = counts[:, :7].any(axis=1)
    people, own = counts[seen, :7], probabilities[seen, :7].astype(np.float64).clip(1e-8)
    shares = people / people.sum(axis=1, keepdims=True)
    assert found.cross_entropy == pytest.approx(-(shares * np.log(own)).sum(axis=1).mean())
    divergences = [entropy(one, other) for one, other in zip(shares, own, strict=True)]
    assert found.divergence == pytest.approx(np.mean(divergences), abs=1e-6)


def test_a_model_that_says_what_people_say_is_off_by_nothing() -> None:
    counts = drawn(100)[1]
    counts[:, 7:] = 0
    counts[:, 0] += 1
    probabilities = (counts[:, :8] / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    found = measured(probabilities, counts)
    assert found.curve.expected_error == pytest.approx(0, abs=1e-6)
    assert found.divergence == pytest.approx(0, abs=1e-6)


def test_votes_for_nothing_that_the_model_knows_give_no_figures() -> None:
    probabilities = drawn(2)[0]
    counts = np.array([votes(n7=3), votes(contempt=4, nf=2)])
    assert measure_agreement(probabilities, counts, 20, 0) is None
