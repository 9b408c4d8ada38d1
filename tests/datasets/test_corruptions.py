"""Corruptions change what they say, by as much as they say, and the same way every time."""

import numpy as np
import pytest

from videxpr.core.structures import Image
from videxpr.datasets.corruptions import corrupt
from videxpr.datasets.options import CORRUPTIONS, Corruption


def spots(side: int = 112) -> Image:
    """A bright spot left and right of the middle of a dark picture with fine noise."""
    rows, columns = np.mgrid[:side, :side]
    picture = np.random.default_rng(0).normal(40, 12, (side, side, 1)).clip(0, 90)
    for center in (36, 76):
        near = (rows - 56) ** 2 + (columns - center) ** 2 < 36
        picture[near] = 250
    return picture.repeat(3, axis=2).astype(np.uint8)


def centers(picture: Image) -> np.ndarray:
    """(2, 2) x, y of the left and the right spot."""
    rows, columns = np.nonzero(picture[..., 0] > 170)
    left = columns < columns.mean()
    return np.array([[columns[one].mean(), rows[one].mean()] for one in (left, ~left)])


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_pictures_keep_their_shape_and_change_alike_every_time(kind: Corruption) -> None:
    picture = spots()
    worse = corrupt(picture, kind, 3)
    assert (worse.shape, worse.dtype) == (picture.shape, np.uint8)
    assert np.abs(worse.astype(int) - picture).mean() > 2
    assert np.array_equal(worse, corrupt(picture, kind, 3))


def test_small_faces_lose_the_fine_and_keep_the_coarse() -> None:
    picture, worse = spots(), corrupt(spots(), "small", 0)
    np.testing.assert_allclose(centers(worse), centers(picture), atol=0.3)
    corner, flat = picture[:20, :20, 0].std(), worse[:20, :20, 0].std()
    assert flat < corner / 3


def test_dark_pictures_keep_black_and_white() -> None:
    picture = np.array([[[0, 128, 255]]], np.uint8)
    assert corrupt(picture, "dark", 0).tolist() == [[[0, 64, 255]]]


def test_misaligned_crops_are_off_by_as_much_as_a_detector_may_be() -> None:
    picture = spots()
    moves = np.array([centers(corrupt(picture, "misaligned", n)) for n in range(60)])
    apart = moves[:, 1] - moves[:, 0]
    lengths, turns = np.hypot(*apart.T) / 40, np.degrees(np.arctan2(apart[:, 1], apart[:, 0]))
    shifts = moves.mean(axis=1) - centers(picture).mean(axis=0)
    assert 0.91 < lengths.min() < 0.94 and 1.06 < lengths.max() < 1.09
    assert -8.5 < turns.min() < -6 and 6 < turns.max() < 8.5
    assert np.abs(shifts).max() < 7 and (np.abs(shifts).max(axis=0) > 4).all()
    # mirrored, not black: no corner of the noise is empty
    assert min(corrupt(picture, "misaligned", n)[:12, :12].mean() for n in range(60)) > 25
