"""Labeled images as torch datasets; corruptions change what they say, the same way every time."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from faces import picture
from torch.utils.data import DataLoader

from videxpr.core.structures import Image
from videxpr.datasets.image_dataset import CachedImages, ImageDataset, corrupt
from videxpr.datasets.image_folder import find_images
from videxpr.datasets.options import Corruption


def test_a_dataset_gives_channels_first_in_the_size_asked_for(tmp_path: Path) -> None:
    (tmp_path / "happiness").mkdir()
    picture(3).save(tmp_path / "happiness" / "same.png")
    picture(3).convert("L").resize((48, 48)).save(tmp_path / "happiness" / "small-gray.png")
    dataset = ImageDataset(find_images(tmp_path), 112)
    assert len(dataset) == 2
    same, label, shares = dataset[0]
    assert label == 4 and shares.tolist() == [0, 0, 0, 0, 1, 0, 0, 0] and same.dtype == torch.uint8
    expected = torch.from_numpy(np.array(picture(3))).permute(2, 0, 1)
    assert torch.equal(same, expected)
    gray, *_ = dataset[1]
    assert gray.shape == (3, 112, 112)
    assert torch.equal(gray[0], gray[1]) and torch.equal(gray[0], gray[2])


def test_images_in_memory_are_those_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "fear").mkdir()
    for number in range(5):
        picture(number).save(tmp_path / "fear" / f"{number}.png")
    dataset = ImageDataset(find_images(tmp_path), 48)
    cached = CachedImages(dataset, torch.device("cpu"))
    images, labels, shares = next(iter(DataLoader(dataset, 5)))
    assert torch.equal(cached.__getitems__([3, 1])[0], images[[3, 1]])
    assert torch.equal(cached[4][0], images[4]) and cached[4][1] == labels[4] == 3
    assert torch.equal(cached[4][2], shares[4]) and torch.equal(shares.argmax(dim=1), labels)


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


@pytest.mark.parametrize("kind", get_args(Corruption))
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


def test_motion_smears_along_a_line_of_any_direction() -> None:
    dot = np.zeros((101, 101, 3), np.uint8)
    dot[50, 50] = 255
    spans = []
    for seed in range(40):
        light = corrupt(dot, "motion-blurred", seed)[..., 0].astype(float)
        rows, columns = np.nonzero(light > 5)
        assert abs(light.sum() - 255) < 25
        assert np.abs([rows.mean() - 50, columns.mean() - 50]).max() < 0.5
        spans.append((np.ptp(rows), np.ptp(columns)))
    assert max(map(max, spans)) <= 9 and min(map(max, spans)) >= 5
    assert min(rows for rows, _ in spans) <= 2 and min(columns for _, columns in spans) <= 2
