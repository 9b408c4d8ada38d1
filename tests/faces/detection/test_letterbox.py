import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from videxpr.faces.detection.letterbox import BLACK, fit_to_square, input_shape, letterbox, resize

CPU = torch.device("cpu")


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((720, 1280), (360, 640)),
        ((336, 596), (360, 640)),
        ((908, 480), (640, 338)),
        ((640, 480), (320, 240)),
        ((1, 50), (3, 160)),
    ],
)
def test_pictures_are_resized_bit_for_bit_as_opencv_does_it(before, after):
    image = noise(*before)
    expected = cv2.resize(image, after[::-1])
    np.testing.assert_array_equal(resize(torch.from_numpy(image[None]), *after)[0], expected)


@given(*[st.integers(1, 70)] * 4)
@settings(max_examples=60, deadline=None)
def test_any_size_becomes_any_other_as_in_opencv(height, width, rows, columns):
    image = noise(height, width)
    expected = cv2.resize(image, (columns, rows))
    found = resize(torch.from_numpy(image[None]), rows, columns)[0].numpy()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((720, 1280), (360, 640, 0.5)),
        ((1280, 720), (640, 360, 0.5)),
        ((100, 100), (640, 640, 6.4)),
        ((336, 596), (360, 640, 360 / 336)),
    ],
)
def test_the_longer_side_fills_the_square(shape, expected):
    assert fit_to_square(np.zeros((*shape, 3), np.uint8), 640) == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((720, 1280), (384, 640)),
        ((1280, 720), (640, 384)),
        ((480, 640), (480, 640)),
        ((99, 99), (640, 640)),
    ],
)
def test_the_input_is_no_larger_than_the_picture_needs(shape, expected):
    assert input_shape(np.zeros((*shape, 3), np.uint8), 640, 32) == expected


def test_each_picture_lies_in_the_upper_left_and_the_rest_is_black():
    images = [noise(60, 80), np.full((60, 80, 3), 255, np.uint8)]
    made = letterbox(images, 160, (128, 160), CPU)
    assert made.shape == (2, 3, 128, 160) and made.dtype == torch.float32
    assert (made[1, :, :120] == (255 - 127.5) / 128).all()
    assert (made[:, :, 120:] == BLACK).all()
    red = cv2.resize(images[0], (160, 120))[..., 0]
    np.testing.assert_allclose(made[0, 0, :120] * 128 + 127.5, red, atol=1e-4)
    tall = letterbox([noise(90, 30)], 160, (160, 64), CPU)
    assert (tall[..., 53:] == BLACK).all() and (tall[..., :53] != BLACK).any()


def test_picture_of_the_right_size_is_left_as_it_is():
    image = noise(32, 32)
    made = letterbox([image], 32, (32, 32), CPU)[0].permute(1, 2, 0)
    np.testing.assert_allclose(made * 128 + 127.5, image, atol=1e-4)
