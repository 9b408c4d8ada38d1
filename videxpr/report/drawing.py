"""Shapes and text on pictures; a door to Pillow."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from videxpr.core.structures import Image
from videxpr.report.colors import rgb
from videxpr.report.fonts import choose_font

DARK: Final = "#101010"
WHITE: Final = "#ffffff"
SHADE: Final = 0.65
"""How much light a shade takes away."""

LINE_HEIGHT: Final = 1.3
"""Of a line of text, over the font's size."""


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, half-open, in pixels.

    Attributes:
        left, top, right, bottom: its edges.
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Return how wide it is."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Return how high it is."""
        return self.bottom - self.top

    def inset(self, pixels: int) -> "Rectangle":
        """Return it with its edges moved inwards."""
        return Rectangle(
            self.left + pixels, self.top + pixels, self.right - pixels, self.bottom - pixels
        )

    def shared(self, other: "Rectangle") -> int:
        """Return how many pixels two have in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)

    def distance(self, other: "Rectangle") -> int:
        """Return how many pixels lie between two, across and down together."""
        across = max(self.left, other.left) - min(self.right, other.right)
        down = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(across, 0) + max(down, 0)

    def moved_into(self, width: int, height: int) -> "Rectangle":
        """Return it moved by as little as brings it into a picture, its upper left corner at least."""
        right = max(0, min(self.left, width - self.width))
        down = max(0, min(self.top, height - self.height))
        return Rectangle(right, down, right + self.width, down + self.height)


@dataclass(frozen=True)
class Shade:
    """A part of the picture made dark, so that text on it can be read.

    Attributes:
        where: which part.
    """

    where: Rectangle


@dataclass(frozen=True)
class Block:
    """A rectangle of one color.

    Attributes:
        where: its place.
        color: as ``#rrggbb``.
        edge: color of a line one pixel wide inside of it; empty for none.
    """

    where: Rectangle
    color: str
    edge: str = ""


@dataclass(frozen=True)
class Outline:
    """The outline of a rectangle, between two thin dark lines: seen on any picture.

    Attributes:
        where: its place.
        color: as ``#rrggbb``.
        width: of the line in pixels.
    """

    where: Rectangle
    color: str
    width: int


@dataclass(frozen=True)
class Text:
    """A line of text.

    Attributes:
        left, top: of its upper left corner.
        text: what it says.
        size: of the font in pixels.
        color: as ``#rrggbb``.
    """

    left: int
    top: int
    text: str
    size: int
    color: str = WHITE


Shape = Shade | Block | Outline | Text


def draw(image: Image, shapes: Iterable[Shape]) -> Image:
    """Return an image (height, width, 3) with shapes on it, later ones over earlier ones."""
    canvas = image.copy()
    for one in shapes:
        if isinstance(one, Text):
            _draw_text(canvas, one)
        elif isinstance(one, Shade):
            part = _part(canvas, one.where)
            part[:] = (part * np.float32(1 - SHADE)).astype(np.uint8)
        elif isinstance(one, Block):
            _part(canvas, one.where)[:] = rgb(one.color)
            if one.edge:
                _draw_line(canvas, one.where, 1, one.edge)
        else:
            _draw_line(canvas, one.where, one.width + 2, DARK)
            _draw_line(canvas, one.where.inset(1), one.width, one.color)
    return canvas


def _draw_line(canvas: Image, where: Rectangle, width: int, color: str) -> None:
    """Draw a line of so many pixels along the inside of a rectangle's edges."""
    left, top, right, bottom = where.left, where.top, where.right, where.bottom
    for side in (
        Rectangle(left, top, right, min(top + width, bottom)),
        Rectangle(left, max(bottom - width, top), right, bottom),
        Rectangle(left, top, min(left + width, right), bottom),
        Rectangle(max(right - width, left), top, right, bottom),
    ):
        _part(canvas, side)[:] = rgb(color)


def _draw_text(canvas: Image, text: Text) -> None:
    mask = _mask(text.text, text.size)
    height, width = mask.shape
    where = Rectangle(text.left, text.top, text.left + width, text.top + height)
    part = _part(canvas, where)
    seen = mask[max(0, -text.top) :, max(0, -text.left) :][: part.shape[0], : part.shape[1]]
    share = seen[..., None] / np.float32(255)
    part[:] = np.rint(part + (np.array(rgb(text.color), np.float32) - part) * share)


@lru_cache(maxsize=1024)
def _mask(text: str, size: int) -> NDArray[np.uint8]:
    """Return how much a line of text covers each pixel, (height, width), 0 to 255."""
    font, drawn = _font(text, size)
    height = line_height(size)
    canvas = Pillow.new("L", (max(1, text_width(text, size)), height))
    ImageDraw.Draw(canvas).text((0, height / 2), drawn, 255, font, anchor="lm")
    return np.array(canvas)


def _part(canvas: Image, where: Rectangle) -> Image:
    """Return what of a rectangle lies in an image, to be drawn on."""
    return canvas[
        max(where.top, 0) : max(where.bottom, 0), max(where.left, 0) : max(where.right, 0)
    ]


def line_height(size: int) -> int:
    """Return how high a line of text is in pixels."""
    return round(size * LINE_HEIGHT)


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> int:
    """Return how wide a text is in pixels."""
    font, drawn = _font(text, size)
    return int(np.ceil(font.getlength(drawn)))


def shortened(text: str, size: int, width: int) -> str:
    """Return a text, its end left out if it is wider than so many pixels."""
    if text_width(text, size) <= width:
        return text
    font, drawn = _font(text, size)  # once: of each beginning another one might be the best
    shorter = (f"{drawn[:end]}…" for end in range(len(drawn) - 1, 0, -1))
    return next((one for one in shorter if font.getlength(one) <= width), "")


def _font(text: str, size: int) -> tuple[ImageFont.FreeTypeFont, str]:
    path, drawn = choose_font(text)
    return _load(path, size), drawn


@lru_cache(maxsize=64)
def _load(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
