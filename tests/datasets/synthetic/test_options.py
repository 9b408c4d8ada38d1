"""What of synthetic sequences can be chosen, and what cannot be."""

import math

import pytest

from videxpr.core.errors import UsageError
from videxpr.datasets.synthetic.options import Jitter, SynthesisOptions


def test_a_sequence_is_600_frames_unless_told_otherwise():
    assert SynthesisOptions().frames == 600
    assert SynthesisOptions(seconds=2.5, fps=10).frames == 25


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"seconds": 0.01}, "0.01 s at 30 frames a second are no frame"),
        ({"seconds": 0}, "--seconds must be above 0 and at most 86400, not 0"),
        ({"fps": 0.01}, "20 s at 0.01 frames a second are no frame"),
        ({"fps": math.nan}, "--fps must be above 0 and at most 1000, not nan"),
        ({"seconds": math.inf}, "--seconds must be .*at most 86400, not inf"),
        ({"missing": 1.2}, "--missing must be at least 0 and at most 1, not 1.2"),
        (
            {"segment_seconds": (2, 1)},
            "segment_seconds must be a lower and a higher value, not 2, 1",
        ),
        ({"quality": (0, 90)}, "--quality must be at least 1 and at most 100, not 0"),
        ({"resolution": (4, 20)}, "--resolution must be at least 16, not 4"),
        ({"size": 8}, "--size must be at least 16, not 8"),
        ({"seed": -1}, "--seed must be at least 0, not -1"),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(choice, message):
    with pytest.raises(UsageError, match=message):
        SynthesisOptions(**choice)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"shift": -0.1}, "--shift must be at least 0 and at most 1, not -0.1"),
        ({"rotation_degrees": 91}, "--rotation must be at least 0 and at most 90, not 91"),
        ({"memory_seconds": (0, 1)}, "--memory must be at least 0.001, not 0"),
    ],
)
def test_jitter_that_cannot_be_is_refused(choice, message):
    with pytest.raises(UsageError, match=message):
        Jitter(**choice)
