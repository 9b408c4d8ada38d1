"""What of stitched sequences can be chosen, and what cannot be."""

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
        ({"seconds": 0}, "0 s at 30 frames a second are no frame"),
        ({"fps": 0.01}, "20 s at 0.01 frames a second are no frame"),
        ({"fps": math.nan}, "fps lies between 0 and 1000, not at nan"),
        ({"seconds": math.inf}, "seconds lies between 0 and 86400, not at inf"),
        ({"missing": 1.2}, "missing lies between 0 and 1, not at 1.2"),
        ({"segment_seconds": (2, 1)}, "segment_seconds goes .* not from 2 to 1"),
        ({"quality": (0, 90)}, "quality goes .* of 1 to 100, not from 0 to 90"),
        ({"resolution": (4, 20)}, "resolution goes .* of 16 to inf, not from 4 to 20"),
        ({"size": 8}, "size is 16 pixels or more, not 8"),
        ({"seed": -1}, "the seed is 0 or more, not -1"),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(choice, message):
    with pytest.raises(UsageError, match=message):
        SynthesisOptions(**choice)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"shift": -0.1}, "shift lies between 0 and 1, not at -0.1"),
        ({"rotation_degrees": 91}, "rotation_degrees lies between 0 and 90, not at 91"),
        ({"memory_seconds": (0, 1)}, "memory_seconds goes .* not from 0 to 1"),
    ],
)
def test_jitter_that_cannot_be_is_refused(choice, message):
    with pytest.raises(UsageError, match=message):
        Jitter(**choice)
