"""From features to probabilities, against a plain loop over windows and frames."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.inference import embed_crops, predict_sequence, probabilities, sequence_logits
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.windows import window_starts

WINDOW = 8
UNTRAINED = ("Disgust", "Other")
MASKED = np.array([name in UNTRAINED for name in EXPRESSIONS])


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    trained = tuple(name for name in EXPRESSIONS if name not in UNTRAINED)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        drawn = ExpressionModel(ModelConfig(trained_expressions=trained, window=WINDOW))
    return drawn.eval().requires_grad_(False)


def random_features(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 888)).astype(np.float32)


def naive_sequence(
    model: ExpressionModel, features: np.ndarray, options: WindowOptions
) -> np.ndarray:
    """Each window alone through the network; each frame's logits averaged, then a softmax."""
    length = len(features)
    predictions: list[list[np.ndarray]] = [[] for _ in range(length)]
    for start in window_starts(length, WINDOW, options).tolist():
        frames = [min(start + place, length - 1) for place in range(WINDOW)]
        logits = model.logits(torch.from_numpy(features[frames])[None])[0].numpy()
        for place in range(min(WINDOW, length - start)):
            predictions[start + place].append(logits[place].astype(np.float64))
    rows = []
    for buffered in predictions:
        weights = np.exp(np.mean(buffered, axis=0)) * ~MASKED
        rows.append(np.where(MASKED, np.nan, weights / weights.sum()))
    return np.array(rows)


@settings(deadline=None, max_examples=25)
@given(
    length=st.integers(1, 40),
    options=st.builds(
        WindowOptions, stride=st.integers(1, WINDOW), tail=st.sampled_from(["aligned", "padded"])
    ),
    seed=st.integers(0, 1000),
)
def test_a_sequence_agrees_with_a_loop(
    model: ExpressionModel, length: int, options: WindowOptions, seed: int
) -> None:
    features = random_features(length, seed)
    found = predict_sequence(model, features, options)
    assert found.shape == (length, 8) and found.dtype == np.float32
    np.testing.assert_allclose(found, naive_sequence(model, features, options), atol=1e-5)


def test_rows_sum_to_one_over_the_trained_classes(model: ExpressionModel) -> None:
    found = predict_sequence(model, random_features(30, 0), WindowOptions(4))
    assert np.isnan(found[:, MASKED]).all()
    assert (found[:, ~MASKED] > 0).all()
    np.testing.assert_allclose(found[:, ~MASKED].sum(axis=1), 1, atol=1e-6)


@given(
    arrays.arrays(np.float32, (5, 8), elements=st.floats(-1e4, 1e4, width=32)),
    st.sets(st.integers(0, 7), max_size=7),
)
def test_any_logits_become_probabilities(logits: np.ndarray, untrained: set[int]) -> None:
    masked = np.isin(np.arange(8), list(untrained))
    logits[:, masked] = -np.inf
    found = probabilities(logits)
    assert found.dtype == np.float32
    assert (np.isnan(found) == masked).all()
    np.testing.assert_allclose(np.nansum(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.nanmax(found, axis=1), found[range(5), logits.argmax(axis=1)])
    expected = torch.softmax(torch.from_numpy(logits).double(), dim=1).numpy()
    np.testing.assert_allclose(found[:, ~masked], expected[:, ~masked], atol=1e-6)


@pytest.mark.parametrize("batch_size", [2, 16])
def test_crops_are_embedded_in_their_order_whatever_the_batch(
    model: ExpressionModel, batch_size: int
) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)
    found = embed_crops(model, list(crops), batch_size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.embed(crops).numpy(), rtol=1e-4, atol=1e-5)


def test_no_crops_have_no_features(model: ExpressionModel) -> None:
    assert embed_crops(model, [], 16).shape == (0, 888)


def test_logits_of_a_sequence_are_those_behind_its_probabilities(model: ExpressionModel) -> None:
    features = random_features(21, seed=4)
    logits = sequence_logits(model, features, WindowOptions(stride=3))
    assert (logits[:, MASKED] == -np.inf).all()
    np.testing.assert_array_equal(
        probabilities(logits), predict_sequence(model, features, WindowOptions(stride=3))
    )
