"""Logit adjustment, against scipy's softmax of the adjusted logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax

from videxpr.model.logit_adjustment import adjusted

SHARES = (0.30, 0.03, 0.02, 0.015, 0.16, 0.13, 0.05, 0.295)
logits = arrays.arrays(np.float32, (5, 8), elements=st.floats(-8, 8, width=32))
strengths = st.floats(0, 2)


@given(logits, strengths)
def test_is_the_softmax_of_logits_less_the_weighted_log_of_the_shares(rows, strength):
    expected = softmax(rows - strength * np.log(SHARES), axis=1)
    answer = adjusted(softmax(rows, axis=1), SHARES, strength)
    np.testing.assert_allclose(answer, expected, rtol=2e-5, atol=1e-7)


@given(logits, strengths)
def test_a_negative_strength_takes_it_back(rows, strength):
    before = softmax(rows, axis=1).astype(np.float32)
    there = adjusted(before, SHARES, strength)
    np.testing.assert_allclose(adjusted(there, SHARES, -strength), before, atol=2e-6)


@given(logits, strengths, st.floats(0.1, 1000))
def test_only_the_ratios_of_the_shares_count(rows, strength, factor):
    before = softmax(rows, axis=1).astype(np.float32)
    counts = [factor * share for share in SHARES]
    np.testing.assert_allclose(
        adjusted(before, counts, strength), adjusted(before, SHARES, strength), atol=1e-6
    )


def test_without_strength_nothing_changes():
    rows = np.array([[0.25, 0.75]], np.float32)
    assert adjusted(rows, (0.5, 0.5), 0.0) is rows


def test_classes_without_training_or_without_a_share_are_never_the_answer():
    rows = np.array([[0.1, 0.2, np.nan, 0.7], [0.0, 0.0, np.nan, 1.0]], np.float32)
    answer = adjusted(rows, (0.8, 0.2, 0.0, 0.0), 1.0)
    assert np.isnan(answer[:, 2:]).all()
    np.testing.assert_allclose(answer[:, :2], [[1 / 9, 8 / 9], [0.2, 0.8]], rtol=1e-6)


@pytest.mark.parametrize("strength", [1e-3, 1.0, 300.0])
def test_a_row_of_nothing_but_one_certain_class_stays_a_row_of_probabilities(strength):
    certain = np.eye(8, dtype=np.float32)
    answer = adjusted(certain, SHARES, strength)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)


def test_rows_that_are_unknown_stay_unknown():
    assert np.isnan(adjusted(np.full((2, 8), np.nan, np.float32), SHARES, 1.0)).all()
