"""The colors of expressions, the same in every picture.

They were found by a search: the least difference of two of them (CIEDE2000) is above 14 for usual eyes
and for each of the three kinds of color blindness (Machado et al., 2009), and in gray no two are less
than 8 of 100 steps of lightness apart. On light and on dark ground each keeps an outline.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Neutral": "#e8e1e2",
        "Anger": "#ae1123",
        "Disgust": "#3fc88b",
        "Fear": "#994caf",
        "Happiness": "#f3c41e",
        "Sadness": "#9396c3",
        "Surprise": "#c96903",
        "Other": "#523762",
    }
)
"""In the order of `EXPRESSIONS`, as ``#rrggbb``."""

LIGHT_INK: Final = frozenset({"Anger", "Fear", "Surprise", "Other"})
"""Expressions on whose color text is white; on the others it is black."""


@lru_cache(maxsize=64)
def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue of a color ``#rrggbb``, 0 to 255 each."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def ink(expression: str) -> str:
    """Return the color of text on the color of an expression, as ``#rrggbb``."""
    return "#ffffff" if expression in LIGHT_INK else "#000000"
