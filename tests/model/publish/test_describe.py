"""Configurations and trainings in words."""

import numpy as np
import pytest

from videxpr.core.crop_template import ARCFACE, UNVERIFIED, CropTemplate
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.metrics import macro_f1
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ModelConfig
from videxpr.model.publish.describe import (
    config_facts,
    describe_crop,
    describe_epochs,
    describe_unit,
    describe_variant,
    macro_f1s,
    training_facts,
)
from videxpr.training.clips.options import RECIPES
from videxpr.training.options import as_text

ALONE = ModelConfig(variant="backbone", trained_expressions=EXPRESSIONS[:7])


def test_each_choice_has_its_words() -> None:
    config = ModelConfig(variant="backbone", input_size=48, color=False)
    assert describe_variant(config) == "backbone (no_att_trans in the authors' code)"
    facts, usual = config_facts(config), config_facts(ModelConfig())
    assert facts["position"] == "none: every frame is judged by itself"
    assert facts["input"] == "48 x 48 pixels, in gray"
    assert usual["input"] == "112 x 112 pixels, in color"
    assert "a set of frames" in usual["position"]
    learned = config_facts(ModelConfig(position="learned"))
    assert learned["position"] == "learned: the order of frames counts"


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        (ARCFACE, "arcface, 112 x 112 pixels"),
        (CropTemplate("loose", 96, ARCFACE.landmarks), "loose, 96 x 96 pixels"),
        (UNVERIFIED, "unverified, 112 x 112 pixels: nobody measured the crops"),
    ],
)
def test_a_crop_says_whether_anybody_measured_it(crop: CropTemplate, words: str) -> None:
    assert describe_crop(crop).startswith(words)


def test_a_backbone_alone_is_of_images_unless_its_options_are_of_windows() -> None:
    images = TrainingSummary("d", "r", 9, 12, 0.6, 0.5)
    windows = TrainingSummary("d", "r", 9, 6, 0.6, 0.5, as_text(RECIPES["paper"]))
    assert describe_unit(ALONE, images) == "images"
    assert describe_unit(ALONE, windows) == describe_unit(ModelConfig(), images) == "frames"
    assert describe_epochs(ALONE, images) == "12" and describe_epochs(ALONE, windows) == "6 of 30"
    assert describe_epochs(ALONE, TrainingSummary("d", "r", 9, 0)) == "not stated"


def test_options_are_compared_by_value_and_only_those_that_both_have() -> None:
    options = {"dropout": "0.2", "weight_decay": "0", "epochs": "30", "of another version": "1"}
    summary = TrainingSummary("d", "r", 9, 6, 0.6, 0.5, options)
    facts = training_facts(ModelConfig(), summary, as_text(RECIPES["paper"]))
    assert facts["options unlike the recipe paper's"] == "dropout 0.2"


def test_the_macro_f1_is_told_with_what_it_is_over() -> None:
    confusion = np.zeros((8, 9), np.int64)
    confusion[:7, :7] = np.diag([9, 8, 7, 6, 5, 4, 0]) + 1  # the last one is never predicted
    value = float(macro_f1(confusion))
    windows = TrainingSummary("d", "r", 9, 6, 0.6, value, as_text(RECIPES["paper"]))
    over = dict(macro_f1s(ALONE, windows))
    assert over["all eight expressions"] == value
    assert over["the 7 trained ones"] == pytest.approx(
        float(macro_f1(confusion[:7, [*range(7), 8]]))
    )
    assert list(macro_f1s(ModelConfig(), windows)) == [("all eight expressions", value)]
    images = TrainingSummary("d", "r", 9, 6, 0.6, 0.5)
    assert list(macro_f1s(ALONE, images)) == [("the trained expressions that occur", 0.5)]
    assert not list(macro_f1s(ALONE, TrainingSummary("d", "r", 9, 6)))
