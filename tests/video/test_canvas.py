"""Frames of several sizes on one canvas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.video.canvas import Canvas

SIZES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))


@given(first=SIZES, other=SIZES)
def test_a_frame_fits_and_touches_the_edges_and_keeps_its_shape(first, other):
    canvas = Canvas()
    assert canvas.fit(first) == canvas.size == first
    width, height = canvas.fit(other)
    assert width <= first[0] and height <= first[1]
    assert width == first[0] or height == first[1]
    scale = min(first[0] / other[0], first[1] / other[1])
    assert abs(width - other[0] * scale) <= 1 and abs(height - other[1] * scale) <= 1


def test_changes_are_counted_and_few_sizes_named():
    canvas = Canvas()
    sizes = [(640, 360), (640, 360), (320, 180), (640, 360), (360, 640), (1280, 720)]
    for size in sizes[:2]:
        canvas.fit(size)
    assert canvas.warning is None
    for size in sizes[2:]:
        canvas.fit(size)
    assert canvas.warning == (
        "the frame's size changes 4 times (640x360, 320x180, 360x640, ...); "
        "all frames are scaled to 640x360"
    )


def test_what_is_left_over_is_black_and_what_is_as_large_is_not_copied():
    canvas = Canvas()
    canvas.fit((8, 4))
    whole = np.full((4, 8, 3), 9, np.uint8)
    assert canvas.place(whole) is whole
    placed = canvas.place(whole[:, :4])
    assert placed.shape == (4, 8, 3)
    assert (placed[:, 2:6] == 9).all() and not placed[:, :2].any() and not placed[:, 6:].any()
