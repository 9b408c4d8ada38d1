"""Where boxes, tags and bars stand, on small frames and with many people."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.captions import FaceCaption, FrameCaption
from videxpr.report.colors import COLORS
from videxpr.report.drawing import Block, Outline, Rectangle, Shade, Shape, Text, draw, text_width
from videxpr.report.overlay.layout import UNTRAINED, Page, lay_out

SIZES = [(320, 240), (1920, 1080), (720, 1280), (96, 64)]


def face(person: int, box: tuple[float, ...] | None, expression: str = "Fear") -> FaceCaption:
    shares = np.full(8, 0.05, np.float32)
    shares[EXPRESSIONS.index(expression)], shares[7] = 0.7, np.nan
    return FaceCaption(person, expression, shares, None if box is None else np.array(box))


def caption(*faces: FaceCaption, video: str = "talk.mp4") -> FrameCaption:
    return FrameCaption(video, 123, 4.92, faces)


def texts(shapes: list[Shape]) -> list[str]:
    return [one.text for one in shapes if isinstance(one, Text)]


def tags(shapes: list[Shape]) -> list[Rectangle]:
    """Places of what holds text: tags and shaded parts."""
    grounds = [one.where for one in shapes if isinstance(one, Shade)]
    return grounds + [
        one.where for one in shapes if isinstance(one, Block) and one.edge == "#101010"
    ]


@pytest.mark.parametrize(("width", "height"), SIZES[:3])
@pytest.mark.parametrize("place", ["middle", "left", "right", "above", "whole"])
def test_everything_about_a_face_is_in_the_frame_and_readable(width, height, place) -> None:
    third = (width / 3, height / 3, 2 * width / 3, 2 * height / 3)
    moves = {"left": (-0.4, 0), "right": (0.5, 0.1), "above": (0, -0.4)}
    x, y = np.array(moves.get(place, (0, 0))) * (width, height)
    box = (0, 0, width, height) if place == "whole" else tuple(np.array(third) + (x, y, x, y))
    shapes, _ = lay_out(Page(width, height), caption(face(1, box)))
    said = texts(shapes)
    assert "person 1  Fear 0.70" in said and "frame 123   0:04.920" in said and "talk.mp4" in said
    assert set(EXPRESSIONS) <= set(said) and said.count(UNTRAINED) == 1
    for one in shapes:
        if isinstance(one, Text):
            assert one.left >= 0 and one.top >= 0
            assert one.left + text_width(one.text, one.size) <= width
    places = tags(shapes)
    assert len(places) == 3
    assert not any(one.shared(other) for one, other in combinations(places, 2))
    (outline,) = [one for one in shapes if isinstance(one, Outline)]
    assert outline.color == COLORS["Fear"]


def test_no_text_lies_on_other_text_with_twelve_people() -> None:
    boxes = [(60 * n, 40 + 100 * m, 60 * n + 70, 120 + 100 * m) for n in range(6) for m in range(2)]
    faces = [face(number, box, EXPRESSIONS[number % 7]) for number, box in enumerate(boxes, 1)]
    shapes, chosen = lay_out(Page(640, 360), caption(*faces))
    places = tags(shapes)
    assert not any(one.shared(other) for one, other in combinations(places, 2))
    assert {f"person {number}" for number in chosen.chosen} <= set(texts(shapes))
    assert 1 in chosen.chosen  # whoever is the main person has bars


def test_bars_do_not_jump_for_a_little_and_do_for_much() -> None:
    page = Page(640, 360)
    _, first = lay_out(page, caption(face(1, (200, 100, 300, 220))))
    for shift in range(0, 200, 4):
        _, places = lay_out(page, caption(face(1, (200 + shift, 100, 300 + shift, 220))), first)
        assert places.chosen == first.chosen
    _, places = lay_out(page, caption(face(1, (500, 100, 630, 220))), first)
    assert places.chosen != first.chosen


def test_who_is_not_seen_is_said_below() -> None:
    page = Page(320, 240)
    assert "no face" in texts(lay_out(page, caption())[0])
    said = texts(lay_out(page, caption(face(2, None)))[0])
    assert "person 2: Fear 0.70, bridged" in said and "no face" not in said
    assert texts(lay_out(page, caption(video=""))[0]) == ["frame 123   0:04.920", "no face"]


def test_a_long_name_is_cut_and_one_in_another_writing_is_drawn() -> None:
    shapes, _ = lay_out(Page(320, 240), caption(video="a" * 99 + ".mp4"))
    (name,) = [text for text in texts(shapes) if text.startswith("a")]
    assert name.endswith("…")
    gray = np.full((240, 320, 3), 128, np.uint8)
    shapes, _ = lay_out(Page(320, 240), caption(video="Жест.mp4"))
    assert draw(gray, shapes).shape == gray.shape


@given(
    st.sampled_from(SIZES),
    st.lists(st.tuples(*[st.floats(-2000, 4000)] * 2, *[st.floats(0, 3000)] * 2), max_size=5),
)
def test_boxes_anywhere_are_drawn(size, boxes) -> None:
    faces = [face(number, (x, y, x + w, y + h)) for number, (x, y, w, h) in enumerate(boxes)]
    shapes, _ = lay_out(Page(*size), caption(*faces))
    image = np.zeros((size[1], size[0], 3), np.uint8)
    assert draw(image, shapes).shape == image.shape and not image.any()
