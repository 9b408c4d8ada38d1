"""Configurations in words."""

import pytest

from videxpr.model import ModelConfig
from videxpr.packing.words import (
    crop_in_words,
    input_in_words,
    position_in_words,
    variant_in_words,
)
from videxpr.structures import ARCFACE, UNVERIFIED, CropTemplate


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
