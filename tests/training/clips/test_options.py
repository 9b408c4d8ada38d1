"""The recipes of training on clips, and what can be chosen over them."""

import pytest

from videxpr.core.config import with_values
from videxpr.core.errors import UsageError
from videxpr.training.clips.options import RECIPES, ClipTrainingOptions
from videxpr.training.options import as_text


def test_recipes_are_those_of_the_paper_and_of_the_code() -> None:
    paper, authors = as_text(RECIPES["paper"]), as_text(RECIPES["authors"])
    differing = {
        name: (paper[name], authors[name]) for name in paper if paper[name] != authors[name]
    }
    assert differing == {
        "optimizer": ("adam", "adamw"),
        "learning_rate": ("None", "0.001"),
        "weight_decay": ("0.0", "5e-05"),
        "plateau": ("False", "True"),
        "loss.label_smoothing": ("0.0", "0.1"),
        "loss.divergence": ("0.0", "0.2"),
        "augment_per": ("per-window", "per-frame"),
    }
    common = {"loss.alpha": "0.9", "loss.gamma": "2.0", "epochs": "30", "freeze": "block1",
              "sampling.batch_size": "16", "sampling.placement": "non-overlapping", "dropout": "0.5",
              "backbone": "regnet_y_1_6gf", "variant": "transformer", "position": "none",
              "augmentation.flip": "0.5", "augmentation.brightness": "0.5",
              "augmentation.contrast": "0.25", "augmentation.saturation": "0.25"}  # fmt: skip
    assert common.items() <= paper.items() and common.items() <= authors.items()


def test_choices_override_a_recipe_field_by_field() -> None:
    changed = with_values(RECIPES["authors"], {"gamma": 1.0, "epochs": 3})
    expected = as_text(RECIPES["authors"]) | {"loss.gamma": "1.0", "epochs": "3"}
    assert as_text(changed) == expected
    with pytest.raises(UsageError, match="epochs"):
        with_values(RECIPES["paper"], {"epochs": 0})


def test_validation_windows_that_overlap_end_on_the_last_frame() -> None:
    paper = ClipTrainingOptions().validation
    assert (paper.stride, paper.tail) == (64, "padded")
    overlapping = ClipTrainingOptions(validation_stride=16).validation
    assert (overlapping.stride, overlapping.tail) == (16, "aligned")
    with pytest.raises(UsageError, match="--validation-stride must be .* at most 64, not 65"):
        ClipTrainingOptions(validation_stride=65)
