"""Configurations and trainings in words."""

import numpy as np
import pytest

from videxpr.checkpoint import TrainingSummary
from videxpr.expressions import EXPRESSIONS
from videxpr.metrics import macro_f1
from videxpr.model import ModelConfig
from videxpr.packing.words import (
    crop_in_words,
    epochs_in_words,
    input_in_words,
    macro_f1s,
    position_in_words,
    unit_in_words,
    variant_in_words,
)
from videxpr.structures import ARCFACE, UNVERIFIED, CropTemplate
from videxpr.train.recipes import RECIPES

ALONE = ModelConfig(variant="backbone", trained_expressions=EXPRESSIONS[:7])


def test_each_choice_has_its_words() -> None:
    config = ModelConfig(variant="backbone", input_size=48, colour=False)
    assert variant_in_words(config) == "backbone (no_att_trans in the authors' code)"
    assert position_in_words(config) == "none: every frame is judged by itself"
    assert input_in_words(config) == "48 x 48 pixels, in grey"
    assert input_in_words(ModelConfig()) == "112 x 112 pixels, in colour"
    assert "a set of frames" in position_in_words(ModelConfig())
    assert (
        position_in_words(ModelConfig(position="learned")) == "learned: the order of frames counts"
    )


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        (ARCFACE, "arcface, 112 x 112 pixels"),
        (CropTemplate("loose", 96, ARCFACE.landmarks), "loose, 96 x 96 pixels"),
        (UNVERIFIED, "unverified, 112 x 112 pixels: nobody measured the crops"),
    ],
)
def test_a_crop_says_whether_anybody_measured_it(crop: CropTemplate, words: str) -> None:
    assert crop_in_words(crop).startswith(words)


def test_a_backbone_alone_is_of_images_unless_its_options_are_of_windows() -> None:
    stills = TrainingSummary("d", "r", 9, 12, 0.6, 0.5)
    windows = TrainingSummary("d", "r", 9, 6, 0.6, 0.5, RECIPES["paper"].as_text())
    assert unit_in_words(ALONE, stills) == "images"
    assert unit_in_words(ALONE, windows) == unit_in_words(ModelConfig(), stills) == "frames"
    assert epochs_in_words(ALONE, stills) == "12" and epochs_in_words(ALONE, windows) == "6 of 30"
    assert epochs_in_words(ALONE, TrainingSummary("d", "r", 9, 0)) == "not stated"


def test_the_macro_f1_is_told_with_what_it_is_over() -> None:
    confusion = np.zeros((8, 9), np.int64)
    confusion[:7, :7] = np.diag([9, 8, 7, 6, 5, 4, 0]) + 1  # nobody answers the last one
    value = float(macro_f1(confusion))
    windows = TrainingSummary("d", "r", 9, 6, 0.6, value, RECIPES["paper"].as_text())
    over = dict(macro_f1s(ALONE, windows))
    assert over["all eight expressions"] == value
    assert over["the 7 trained ones"] == pytest.approx(
        float(macro_f1(confusion[:7, [*range(7), 8]]))
    )
    assert list(macro_f1s(ModelConfig(), windows)) == [("all eight expressions", value)]
    stills = TrainingSummary("d", "r", 9, 6, 0.6, 0.5)
    assert list(macro_f1s(ALONE, stills)) == [("the trained expressions that occur", 0.5)]
    assert not list(macro_f1s(ALONE, TrainingSummary("d", "r", 9, 6)))
