"""What can be chosen about training on images, and what cannot be."""

from dataclasses import replace

import pytest

from videxpr.core.errors import UsageError
from videxpr.training.images.options import ImageTrainingOptions


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"feature_noise": 0.5, "mixup": 0.2}, "--feature-noise goes without --mixup"),
        ({"oversample": (("a*", 0.0),)}, r"--oversample must have a factor above 0, not a\*=0"),
        ({"oversample": (("a*", float("inf")),)}, "not a.=inf"),
        ({"feature_noise": -0.1}, "--feature-noise must be at least 0, not -0.1"),
        ({"feature_noise": float("nan")}, "--feature-noise must be at least 0, not nan"),
        ({"weight_decay": -1.0}, "--weight-decay must be at least 0, not -1.0"),
        ({"dropout": 1.0}, "--dropout must be at least 0 and below 1, not 1.0"),
        ({"label_smoothing": 7.0}, "--label-smoothing must be at least 0 and below 1, not 7.0"),
        ({"seed": -1}, "--seed must be at least 0 and at most 4294967295, not -1"),
        ({"seed": 2**32}, "--seed must be at least 0 and at most 4294967295, not 4294967296"),
    ],
)
def test_options_that_make_no_sense_are_refused(choices, message):
    with pytest.raises(UsageError, match=message):
        ImageTrainingOptions(**choices)


@pytest.mark.parametrize(
    ("epochs", "sides"),
    [(1, [112]), (4, [64, 80, 96, 112]), (10, [64, 64, 64, 80, 80, 96, 96, 112, 112, 112])],
)
def test_crops_grow_in_steps_and_end_at_their_size(epochs, sides):
    options = ImageTrainingOptions(epochs=epochs, size=112, first_size=64)
    assert [options.size_in(epoch) for epoch in range(epochs)] == sides
    assert {replace(options, first_size=None).size_in(epoch) for epoch in range(epochs)} == {112}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"epochs": -1}, "--epochs must be at least 0, not -1"),
        ({"size": 8}, "--size must be at least 32, not 8"),
        ({"first_size": 16}, "--first-size must be at least 32, not 16"),
        ({"size": 64, "first_size": 112}, r"--first-size must be at most --size \(64\), not 112"),
        ({"mixup": -0.1}, "mixup"),
        (
            {"distillation_weight": 1.5},
            "--distillation-weight must be at least 0 and at most 1, not 1.5",
        ),
        ({"balance": -1}, "--balance must be at least 0 and at most 1, not -1"),
        ({"learning_rate": 0}, "--learning-rate must be above 0, not 0"),
    ],
)
def test_senseless_options_are_wrong_usage(choices, words):
    with pytest.raises(UsageError, match=words):
        ImageTrainingOptions(**choices)
