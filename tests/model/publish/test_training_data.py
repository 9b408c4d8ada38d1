"""What a model was trained on: who says it, and what follows from it."""

from dataclasses import replace
from pathlib import Path

import pytest
from publish_cards import CONFIG, TRAINING

from videxpr.core.errors import UsageError
from videxpr.model.header import ModelCard
from videxpr.model.publish.training_data import (
    described_data,
    is_of_affwild2,
    lies_as_affwild2,
    stated_data,
)

CLIPS = "4 videos, 310 frames, of EXPR_Set"


def card(data: str) -> ModelCard:
    training = replace(TRAINING, data=data)
    return ModelCard("mine", Path("m.safetensors"), "ab" * 32, CONFIG, training, "MIT", "a file")


@pytest.mark.parametrize("data", ["", "  ", "120 images of faces", CLIPS])
def test_a_folder_alone_says_nothing(data: str) -> None:
    assert stated_data(card(data).training) == ""
    with pytest.raises(UsageError, match=r"mine does not say .*--trained-on 'NAME, NAME'"):
        described_data(card(data), " ")


@pytest.mark.parametrize("data", ["FER2013", "120 images of my own lab, and FER2013"])
def test_words_of_the_checkpoint_are_enough(data: str) -> None:
    known = "FER2013" if data == "FER2013" else ""  # the number and what may be a folder's name
    assert stated_data(card(data).training) == known


def test_the_owners_words_stand_before_the_checkpoints() -> None:
    assert described_data(card(CLIPS), " our lab,\nFER2013 ") == f"our lab, FER2013 ({CLIPS})"
    assert described_data(card(""), "our lab") == "our lab"
    assert described_data(card("FER2013"), "") == described_data(card("FER2013"), "FER2013")
    assert described_data(card("FER2013"), "") == "FER2013"


@pytest.mark.parametrize(
    "words",
    ["Aff-Wild2", "AffWild2", "aff wild 2", "FER2013 and ABAW6", "9 videos of EXPR_Set of Aff-Wild"]
    + ["4 videos, 310 frames, of EXPR_Recognition_Challenge", "EXPR_Classification_Challenge"]
    + ["Aff\u2013Wild2", "Aff\u2011Wild 2", "data of Affective Behavior Analysis in-the-wild"],
)
def test_affwild2_is_known_by_its_names(words: str) -> None:
    assert is_of_affwild2(words)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="--trained-on"):
        described_data(card(""), "\udcff bad")


@pytest.mark.parametrize("words", ["FER2013", "AffectNet", "wild faces", CLIPS])
def test_other_data_are_not_affwild2(words: str) -> None:
    assert not is_of_affwild2(words)
    assert lies_as_affwild2(words) == (words == CLIPS)
