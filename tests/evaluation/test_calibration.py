"""Calibration: the error by hand and by brute force, the temperature that made the data found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from videxpr.datasets.votes import one_hot
from videxpr.evaluation.calibration import (
    TEMPERATURES,
    choose_temperature,
    log_likelihoods,
    measure_reliability,
)


def drawn(count: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at a temperature is what labels are drawn from."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (count, 8)).astype(np.float32)
    shares = softmax(logits / temperature, axis=1).cumsum(axis=1)
    return logits, (generator.random((count, 1)) > shares).sum(axis=1).clip(max=7)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found_and_calibrates(temperature: float) -> None:
    logits, labels = drawn(20_000, temperature)
    found = choose_temperature(log_likelihoods(logits, one_hot(labels)))
    assert found == pytest.approx(temperature, rel=0.04)
    mended = measure_reliability(softmax(logits / found, axis=1), labels).expected_error
    assert mended < 0.015
    if temperature != 1:
        assert measure_reliability(softmax(logits, axis=1), labels).expected_error > 0.1


def test_likelihoods_of_parts_add_up_and_are_scipys() -> None:
    logits, labels = drawn(300, 1.5)
    shares = one_hot(labels)
    whole = log_likelihoods(logits, shares)
    parts = log_likelihoods(logits[:100], shares[:100])
    parts += log_likelihoods(logits[100:], shares[100:])
    np.testing.assert_allclose(whole, parts)
    expected = log_softmax(logits.astype(float) / TEMPERATURES[40], axis=1)
    assert whole[40] == pytest.approx(expected[np.arange(300), labels].sum())


def test_classes_never_trained_tell_nothing() -> None:
    logits, labels = drawn(200, 1.0)
    logits[:, 7] = -np.inf
    known = labels != 7
    assert not known.all()
    shares = one_hot(labels)
    np.testing.assert_allclose(
        log_likelihoods(logits, shares), log_likelihoods(logits[known], shares[known])
    )
    assert choose_temperature(log_likelihoods(logits[~known], shares[~known])) == 1.0
    assert choose_temperature(log_likelihoods(logits, one_hot(np.full(200, -1)))) == 1.0


def test_shares_of_voters_count_as_the_same_number_of_labels_would() -> None:
    logits, _ = drawn(3, 1.0)
    shares = np.zeros((1, 8))
    shares[0, [2, 5]] = 0.5, 0.25  # a quarter said something else
    twice = np.repeat(logits[:1], 4, axis=0)
    of_labels = log_likelihoods(twice, one_hot(np.array([2, 2, 5, -1])))
    np.testing.assert_allclose(log_likelihoods(logits[:1], shares) * 4, of_labels)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 1000))
def test_the_error_is_the_definitions(count: int, seed: int) -> None:
    logits, labels = drawn(count, 1.0, seed)
    shares = softmax(logits, axis=1)
    shares[:, 7] = np.nan
    found = measure_reliability(shares, labels, bins=5)
    confidence, right = np.nanmax(shares, axis=1), np.nanargmax(shares, axis=1) == labels
    total = 0.0
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (confidence > low) & (confidence <= low + 0.2)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert found.expected_error == pytest.approx(total, abs=1e-6)
    assert found.counts.sum() == count


@pytest.mark.parametrize("count", [100, 500, 3000])
def test_the_error_of_a_calibrated_model_lies_where_chance_has_it(count: int) -> None:
    """Of labels drawn from the model's own answers, by brute force."""
    logits, _ = drawn(count, 1.0)
    shares = softmax(logits / 3, axis=1)
    generator = np.random.default_rng(1)
    errors = []
    for _ in range(400):
        labels = (generator.random((count, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=7)
        found = measure_reliability(shares, labels)
        errors.append(found.expected_error)
    low, high = found.error_by_chance
    assert np.quantile(errors, (0.025, 0.975)) == pytest.approx((low, high), rel=0.15)
    assert 0.92 < np.mean([low <= error <= high for error in errors]) < 0.98
    surer = measure_reliability(softmax(logits, axis=1), labels)
    assert surer.expected_error > surer.error_by_chance[1]


def test_a_sure_and_right_answer_has_no_error() -> None:
    found = measure_reliability(np.eye(8)[[3, 4]].astype(np.float32), np.array([3, 4]))
    assert found.error_by_chance == (0, 0)
    assert found.expected_error == 0 and found.counts.tolist() == [0] * 14 + [2]
