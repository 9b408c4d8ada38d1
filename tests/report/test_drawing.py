"""Shapes and text on small pictures."""

import logging

import numpy as np

from videxpr.report import fonts
from videxpr.report.drawing import (
    Block,
    Outline,
    Rectangle,
    Shade,
    Text,
    draw,
    line_height,
    shortened,
    text_width,
)
from videxpr.report.fonts import DEJAVU, choose_font

RED = (255, 0, 0)


def gray(height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)


def test_shapes_are_where_they_should_be_and_later_ones_lie_above() -> None:
    image = gray()
    shapes = [
        Shade(Rectangle(0, 0, 10, 10)),
        Block(Rectangle(20, 5, 30, 9), "#ff0000", "#00ff00"),
        Outline(Rectangle(40, 10, 55, 30), "#0000ff", 2),
        Block(Rectangle(28, 5, 33, 9), "#ffffff"),
    ]
    drawn = draw(image, shapes)
    assert (image == 100).all()
    assert (drawn[:10, :10] == 35).all() and (drawn[10, :10] == 100).all()
    assert tuple(drawn[6, 22]) == RED and tuple(drawn[5, 22]) == (0, 255, 0)
    assert (drawn[5:9, 28:33] == 255).all()
    assert [tuple(drawn[20, x]) for x in (40, 41, 42, 43, 44)] == [
        (16, 16, 16),
        (0, 0, 255),
        (0, 0, 255),
        (16, 16, 16),
        (100, 100, 100),
    ]


def test_text_is_as_wide_as_it_says_and_cut_at_the_edges() -> None:
    width = text_width("Neutral", 12)
    drawn = draw(gray(), [Text(2, 3, "Neutral", 12)])
    rows, columns = np.nonzero((drawn != 100).any(axis=2))
    assert rows.min() >= 3 and rows.max() < 3 + line_height(12)
    assert columns.min() >= 2 and columns.max() < 2 + width
    for left, top in ((-8, -3), (55, 35), (400, 400), (-400, 0)):
        draw(
            gray(), [Text(left, top, "Neutral", 12), Shade(Rectangle(left, top, left + 9, top + 9))]
        )
    assert draw(gray(), [Text(0, 0, "", 12)]).tolist() == gray().tolist()


def test_long_text_is_shortened_to_a_width() -> None:
    assert shortened("talk.mp4", 12, 500) == "talk.mp4"
    short = shortened("a long name of a video.mp4", 12, 80)
    assert short.endswith("…") and text_width(short, 12) <= 80
    assert shortened("talk.mp4", 12, 3) == ""


def test_what_no_font_has_is_an_escape_and_said_once(caplog) -> None:
    assert choose_font("Ärger Жест ☺") == (DEJAVU, "Ärger Жест ☺")
    for each in (choose_font, fonts._log_lacking):
        each.cache_clear()
    with caplog.at_level(logging.WARNING):
        # an Egyptian hieroglyph and what no font will ever have
        found = [choose_font(f"a\U00013000\U0010ffff{number}.mp4")[1] for number in range(3)]
    assert all(text.startswith("a") and "\\U0010ffff" in text for text in found)
    assert len(caplog.records) == 1
