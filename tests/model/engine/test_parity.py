import numpy as np
import pytest
from embedded import model_of

from videxpr.core.crop_template import ARCFACE
from videxpr.model.engine.parity import difference_from_torch, parity_crops
from videxpr.model.inference import embed_crops


@pytest.fixture(scope="module")
def model():
    return model_of(input_size=32)


def test_crops_are_of_the_templates_size_and_always_the_same():
    for size in (64, 112):
        crops = parity_crops(ARCFACE.resized(size))
        assert {crop.shape for crop in crops} == {(size, size, 3)}
        assert {crop.dtype for crop in crops} == {np.dtype(np.uint8)}
        np.testing.assert_array_equal(crops, parity_crops(ARCFACE.resized(size)))
        assert len({crop.tobytes() for crop in crops}) == len(crops)


def test_faces_are_dark_where_the_landmarks_are():
    face = parity_crops(ARCFACE)[-1].astype(int).sum(axis=2)
    (x, y), cheek = ARCFACE.landmarks[0], face[72, 38]
    assert face[round(y), round(x)] < 0.7 * cheek


def test_a_difference_is_a_share_of_the_features_length(model):
    def scaled(by):
        return lambda crops, size: by * embed_crops(model, crops, size)

    assert difference_from_torch(scaled(1), model) == 0
    assert difference_from_torch(scaled(1.25), model) == pytest.approx(0.25, rel=1e-5)


def test_the_worst_crop_counts(model):
    def one_wrong(crops, size):
        features = embed_crops(model, crops, size)
        features[2] *= -1
        return features

    assert difference_from_torch(one_wrong, model) == pytest.approx(2, rel=1e-5)


def test_what_is_not_a_number_is_not_small(model):
    difference = difference_from_torch(
        lambda crops, size: embed_crops(model, crops, size) * np.nan, model
    )
    assert np.isnan(difference)
