import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.colors import COLORS, ink, rgb

# Machado, Oliveira & Fernandes (2009), at full severity
COLOR_BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def seen_lab(kind):
    """Return (8, 3) L, a, b as eyes of that kind see the colors."""
    coded = np.array([rgb(COLORS[name]) for name in EXPRESSIONS]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ COLOR_BLINDNESS[kind].T, 0, 1)
    coded = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rgb2lab(coded[None])[0]


@pytest.mark.parametrize("kind", COLOR_BLINDNESS)
def test_any_two_colors_differ_for_all_eyes(kind):
    lab = seen_lab(kind)
    assert min(deltaE_ciede2000(*pair) for pair in itertools.combinations(lab, 2)) > 14


def test_any_two_colors_differ_in_gray():
    assert np.diff(np.sort(seen_lab("none")[:, 0])).min() > 8


def test_text_on_a_color_can_be_read():
    for name in EXPRESSIONS:
        coded = np.array([rgb(COLORS[name]), rgb(ink(name))], dtype=object)
        both = np.array([list(one) for one in coded], float) / 255
        linear = np.where(both <= 0.04045, both / 12.92, ((both + 0.055) / 1.055) ** 2.4)
        dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
        assert (light + 0.05) / (dark + 0.05) >= 3, name  # WCAG 2.2, of large text


def test_each_expression_has_a_color():
    assert tuple(COLORS) == EXPRESSIONS
