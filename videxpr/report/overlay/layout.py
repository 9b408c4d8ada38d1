"""Where things stand on a frame: boxes, their tags, bars of probabilities, and the line below.

Nothing that is text lies on other text. Bars stay where they were in the frame before as long as that
is a good place, so that they do not jump.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.captions import FaceCaption, FrameCaption, clock_text
from videxpr.report.colors import COLORS, ink
from videxpr.report.drawing import (
    DARK,
    Block,
    Outline,
    Rectangle,
    Shade,
    Shape,
    Text,
    line_height,
    shortened,
    text_width,
)

TEXT_SHARE: Final = 1 / 45
"""Size of the font over the shorter side of the frame."""

LEAST_TEXT: Final = 10
GRAY: Final = "#b0b0b0"
TRACK: Final = "#404040"
"""What a bar of 1 would cover."""
UNTRAINED: Final = "untrained"

ON_FACE: Final = 3.0
"""How much worse it is for bars to lie on somebody's face than for others to be a pixel further."""

KEPT: Final = 0.8
"""A new place must be so much better than the present one, or bars would jump for nothing."""


@dataclass(frozen=True)
class Places:
    """Where bars stand, from frame to frame.

    Attributes:
        chosen: by person, which of the places around the box.
    """

    chosen: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A frame to draw on.

    Attributes:
        width, height: in pixels.
    """

    width: int
    height: int

    @cached_property
    def size(self) -> int:
        """Of the font in pixels."""
        return max(LEAST_TEXT, round(min(self.width, self.height) * TEXT_SHARE))

    @cached_property
    def small(self) -> int:
        """Of the font beside bars."""
        return max(LEAST_TEXT - 1, round(self.size * 0.85))

    @property
    def gap(self) -> int:
        """Pixels around text."""
        return max(3, self.size // 4)

    @cached_property
    def names_width(self) -> int:
        """Of the longest name of an expression, beside a bar."""
        return max(text_width(name, self.small) for name in EXPRESSIONS)

    def bars_size(self, named: bool) -> tuple[int, int]:
        """Return width and height of the bars of one person, and of their number above them."""
        lines = len(EXPRESSIONS) + named
        return (
            self.names_width + self.bar_width + 3 * self.gap,
            lines * line_height(self.small) + 2 * self.gap,
        )

    @cached_property
    def bar_width(self) -> int:
        """Of a bar that says 1, wide enough for the word that stands in place of one."""
        return max(4 * self.size, text_width(UNTRAINED, self.small))

    def holds(self, where: Rectangle) -> bool:
        """Return whether a rectangle lies in the frame."""
        return min(where.left, where.top) >= 0 and (
            where.right <= self.width and where.bottom <= self.height
        )


def lay_out(
    page: Page, caption: FrameCaption, before: Places | None = None
) -> tuple[list[Shape], Places]:
    """Return what is drawn on a frame, and where bars stand on it.

    Args:
        page: the frame's size.
        caption: what is said of it.
        before: where bars stood in the frame before.
    """
    seen = [(one, _box(one.box)) for one in caption.faces if one.box is not None]
    shapes: list[Shape] = [
        Outline(box, COLORS[one.expression], max(2, page.size // 7)) for one, box in seen
    ]
    taken = list(_foot(page, caption, shapes))
    for one, box in seen:
        taken.append(_add_tag(page, one, box, taken, shapes))
    chosen: dict[int, int] = {}
    for rank, (one, box) in enumerate(seen):
        others = [other for _, other in seen if other is not box]
        last = before.chosen.get(one.person) if before else None
        size = page.bars_size(named=len(seen) > 1)
        place = _bars_place(page, box, size, taken, others, last, must=rank == 0)
        if place is not None:
            chosen[one.person], where = place
            taken.append(where)
            shapes += _bars(page, one, where, named=len(seen) > 1)
    return shapes, Places(chosen)


def _box(box: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> Rectangle:
    left, top, right, bottom = np.round(box).astype(int).tolist()
    return Rectangle(left, top, right, bottom)


def _foot(page: Page, caption: FrameCaption, shapes: list[Shape]) -> Iterator[Rectangle]:
    """Add the lines in the lower left corner, the lowest first; yield their places."""
    bottom = page.height
    line = line_height(page.size) + page.gap
    frame = f"frame {caption.frame}   {clock_text(caption.seconds)}"
    room = page.width - text_width(frame, page.size) - 4 * page.gap
    name = shortened(caption.video, page.size, room) if caption.video else ""
    lines = [[frame, name] if name else [frame]]
    bridged = [
        f"person {one.person}: {one.expression} {one.confidence:.2f}, bridged"
        for one in caption.faces
        if one.box is None
    ]
    lines += [[text] for text in bridged or ([] if caption.faces else ["no face"])]
    for texts in lines:
        left, top = page.gap, bottom - line
        ends = [text_width(text, page.size) + 2 * page.gap for text in texts]
        where = Rectangle(0, top, min(page.width, sum(ends)), bottom)
        shapes.append(Shade(where))
        for text, width in zip(texts, ends, strict=True):
            shapes.append(Text(left, top + page.gap // 2, text, page.size))
            left += width
        yield where
        bottom = top


def _add_tag(
    page: Page, one: FaceCaption, box: Rectangle, taken: Sequence[Rectangle], shapes: list[Shape]
) -> Rectangle:
    """Add who it is and what they show, at the box; return its place."""
    text = f"person {one.person}  {one.expression} {one.confidence:.2f}"
    width, height = text_width(text, page.size) + 2 * page.gap, line_height(page.size) + 2
    corners = [
        (box.left, box.top - height),
        (box.right - width, box.top - height),
        (box.left, box.bottom),
        (box.right - width, box.bottom),
        (box.left, box.top),
    ]
    # where all are taken, the next free line below
    corners += [(box.left, box.top + step * height) for step in range(1, page.height // height + 1)]
    corners += [(box.left, box.top - step * height) for step in range(2, page.height // height + 2)]
    places = [
        Rectangle(left, top, left + width, top + height).moved_into(page.width, page.height)
        for left, top in corners
    ]
    where = min(places, key=lambda place: sum(place.shared(other) for other in taken))
    color = COLORS[one.expression]
    shapes.append(Block(where, color, DARK))
    shapes.append(Text(where.left + page.gap, where.top + 1, text, page.size, ink(one.expression)))
    return where


def _bars_place(
    page: Page,
    box: Rectangle,
    size: tuple[int, int],
    taken: Sequence[Rectangle],
    others: Sequence[Rectangle],
    last: int | None,
    must: bool,
) -> tuple[int, Rectangle] | None:
    """Return which place around a box is the best for bars, and where it is; None if none is free.

    Args:
        page: the frame.
        box: of the person.
        size: width and height of the bars.
        taken: by text.
        others: boxes of other people.
        last: which place they had before.
        must: whether they stand somewhere in any case, and be it on a face.
    """
    width, height = size
    area, found = width * height, list[tuple[float, int, Rectangle]]()
    for number, (left, top) in enumerate(_around(page, box, width, height)):
        where = Rectangle(left, top, left + width, top + height).moved_into(page.width, page.height)
        if not page.holds(where) or any(where.shared(one) for one in taken):
            continue
        on_others = sum(where.shared(one) for one in others)
        if on_others > area / 10 and not must:
            continue
        on_face = where.shared(box) + on_others
        away = where.distance(box) / max(page.width, page.height)
        badness = ON_FACE * on_face / area + away + 0.01 * number
        found.append((badness * (KEPT if number == last else 1), number, where))
    return min(found)[1:] if found and (must or min(found)[0] < 1) else None


def _around(page: Page, box: Rectangle, width: int, height: int) -> list[tuple[int, int]]:
    """Return upper left corners of places: beside the box, below, above, and the frame's corners."""
    gap = page.gap
    beside = [box.right + gap, box.left - gap - width]
    places = [(left, top) for top in (box.top, box.bottom - height) for left in beside]
    places += [(box.left, box.bottom + gap), (box.left, box.top - gap - height)]
    line = line_height(page.size) + page.gap
    edges = [0, page.width - width]
    return places + [(left, top) for top in (0, page.height - height - line) for left in edges]


def _bars(page: Page, one: FaceCaption, where: Rectangle, named: bool) -> Iterator[Shape]:
    """Yield the bars of a person, in the order of expressions, on a dark ground."""
    yield Shade(where)
    line, left, top = line_height(page.small), where.left + page.gap, where.top + page.gap
    if named:
        yield Text(left, top, f"person {one.person}", page.small)
        top += line
    for row, name in enumerate(EXPRESSIONS):
        yield from _bar(page, name, float(one.probabilities[row]), left, top + row * line)


def _bar(page: Page, name: str, share: float, left: int, top: int) -> Iterator[Shape]:
    """Yield the name of an expression and its bar, or that there is none."""
    if np.isnan(share):
        yield Text(left, top, name, page.small, GRAY)
        yield Text(left + page.names_width + page.gap, top, UNTRAINED, page.small, GRAY)
        return
    yield Text(left, top, name, page.small)
    left += page.names_width + page.gap
    line = line_height(page.small)
    inset = max(1, line // 6)
    for length, fill, edge in ((1.0, TRACK, ""), (share, COLORS[name], GRAY)):
        right = left + max(2, round(length * page.bar_width))
        yield Block(Rectangle(left, top + inset, right, top + line - inset), fill, edge)
