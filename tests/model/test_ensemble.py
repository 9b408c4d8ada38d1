"""Several models as one, against each of them alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from videxpr.core.crop_template import ARCFACE, UNVERIFIED
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.engine.engine import build_embedder
from videxpr.model.ensemble import (
    Ensemble,
    distinct_templates,
    mean_probabilities,
    mean_shares,
    partly_known,
)
from videxpr.model.inference import predict_sequence
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions

SEEN = EXPRESSIONS[:7]
SHARES = (0.3, 0.05, 0.05, 0.1, 0.2, 0.1, 0.1, 0.1)
SHIFTED = replace(
    ARCFACE, name="shifted", landmarks=tuple((x, y + 4) for x, y in ARCFACE.landmarks)
)
WINDOWS = WindowOptions(stride=4)


def model_of(seed: int, **config) -> ExpressionModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        chosen = {"backbone": "regnet_y_400mf", "window": 8, "input_size": 32, **config}
        return ExpressionModel(ModelConfig(**chosen)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def plain():
    return model_of(1, class_shares=SHARES)


@pytest.fixture(scope="module")
def other():
    shares = (*SHARES[:6], 0.2, 0.0)
    return model_of(
        2,
        backbone="regnet_y_800mf",
        window=16,
        trained_expressions=SEEN,
        class_shares=shares,
        crop=SHIFTED,
    )


@pytest.fixture(scope="module")
def crops():
    return list(np.random.default_rng(0).integers(0, 256, (20, 112, 112, 3), np.uint8))


def test_one_model_answers_as_it_does_alone(plain, crops):
    alone = Ensemble([plain])
    features = alone.embed([crops], 7)
    np.testing.assert_array_equal(features, build_embedder(plain).embed(crops, 7))
    predictions = alone.predict(features, WINDOWS)
    expected = predict_sequence(plain, features, WINDOWS)
    np.testing.assert_array_equal(predictions.probabilities, expected)
    logits = predictions.logits
    assert logits is not None
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, expected, rtol=1e-5)


@pytest.mark.parametrize("bit", [1, 7, 300])
@pytest.mark.parametrize("strength", [0.0, 0.7])
def test_a_sequence_that_comes_bit_by_bit_is_answered_as_a_whole(plain, other, bit, strength):
    models = ([plain], [plain, other])  # of windows of 8 and 16
    for chosen in models:
        ensemble = Ensemble(chosen, strength)
        width = sum(model.width for model in chosen)
        features = np.random.default_rng(bit).standard_normal((301, width)).astype(np.float32)
        stream = ensemble.stream(WINDOWS)
        bits = [features[first : first + bit] for first in range(0, 301, bit)]
        finalized = [one for part in bits for one in stream.add(part)]
        assert stream.buffered < 100
        finalized += stream.finish()
        whole = ensemble.predict(features, WINDOWS)
        found = np.concatenate([one.probabilities for one in finalized])
        np.testing.assert_array_equal(found, whole.probabilities)
        if len(chosen) == 1:
            logits = np.concatenate([one.kept_logits for one in finalized])
            np.testing.assert_array_equal(logits, whole.kept_logits)


def test_two_models_see_their_own_crops_and_are_averaged(plain, other, crops):
    both = Ensemble([plain, other])
    assert both.templates == (ARCFACE, SHIFTED)
    shifted = [np.roll(crop, 4, axis=0) for crop in crops]
    features = both.embed([crops, shifted], 7)
    assert features.shape == (20, plain.width + other.width)
    predictions = both.predict(features, WINDOWS)
    one = predict_sequence(plain, build_embedder(plain).embed(crops, 7), WINDOWS)
    two = predict_sequence(other, build_embedder(other).embed(shifted, 7), WINDOWS)
    voted = np.column_stack([(one[:, :7] + two[:, :7]) / 2, one[:, 7]])
    expected = voted / voted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predictions.probabilities, expected, rtol=1e-5)
    assert predictions.logits is None


def test_models_of_one_geometry_share_their_crops(plain, crops):
    twin = model_of(3, crop=UNVERIFIED)
    pair = Ensemble([plain, twin])
    assert pair.templates == (ARCFACE,)
    features = pair.embed([crops], 20)
    np.testing.assert_array_equal(features[:, plain.width :], build_embedder(twin).embed(crops, 20))


def test_adjustment_comes_after_the_mean(plain, other, crops):
    features = Ensemble([plain, other]).embed([crops, crops], 20)
    before = Ensemble([plain, other]).predict(features, WINDOWS).probabilities
    after = Ensemble([plain, other], 0.7).predict(features, WINDOWS).probabilities
    shares = mean_shares([plain.config, other.config])
    np.testing.assert_array_equal(after, adjusted(before, shares, 0.7))
    assert not np.allclose(after, before, atol=1e-3)


def test_a_class_that_nobody_knows_has_no_mean():
    one = np.array([[0.5, 0.5, np.nan, np.nan]], np.float32)
    two = np.array([[0.2, 0.4, 0.4, np.nan]], np.float32)
    mean = mean_probabilities([one, two])
    np.testing.assert_allclose(mean, np.array([[0.35, 0.45, 0.4, np.nan]]) / 1.2, rtol=1e-6)


def test_shares_are_averaged_over_the_models_that_know_the_class(plain, other):
    shares = mean_shares([plain.config, other.config])
    raw = np.array([*SHARES[:6], 0.15, 0.1])
    np.testing.assert_allclose(shares, raw / raw.sum())
    assert mean_shares([plain.config]) == SHARES
    assert mean_shares([plain.config, ModelConfig()]) == ()


def test_what_only_some_models_know_is_named(plain, other):
    assert partly_known([plain.config, other.config]) == ("Other",)
    assert partly_known([other.config, other.config]) == ()
    assert partly_known([plain.config]) == ()


def test_templates_differ_by_geometry_not_by_name():
    assert distinct_templates([UNVERIFIED, ARCFACE, SHIFTED]) == (UNVERIFIED, SHIFTED)
