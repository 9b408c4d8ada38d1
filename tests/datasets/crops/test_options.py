from dataclasses import replace

import pytest
from chosen import crop_options

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import UsageError


@pytest.mark.parametrize(
    "wrong",
    [
        {"person": "tallest"},
        {"people": 0},
        {"people": 3},
        {"quality": 0},
        {"quality": 101},
        {"batch_size": 0},
        {"start_seconds": 2.0, "end_seconds": 2.0},
        {"end_seconds": 0.0},
        {"template": replace(ARCFACE, size=16)},
        {"template": replace(ARCFACE, size=4096)},
    ],
)
def test_wrong_choices_are_refused(wrong):
    with pytest.raises(UsageError):
        crop_options(**wrong)


def test_the_default_is_what_models_want():
    assert crop_options().template == ARCFACE
