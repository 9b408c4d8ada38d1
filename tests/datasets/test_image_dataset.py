"""Labeled images as torch datasets."""

from pathlib import Path

import numpy as np
import torch
from faces import picture
from torch.utils.data import DataLoader

from videxpr.datasets.image_dataset import CachedImages, ImageDataset
from videxpr.datasets.image_folder import find_images


def test_a_dataset_gives_channels_first_in_the_size_asked_for(tmp_path: Path) -> None:
    (tmp_path / "happiness").mkdir()
    picture(3).save(tmp_path / "happiness" / "same.png")
    picture(3).convert("L").resize((48, 48)).save(tmp_path / "happiness" / "small-gray.png")
    dataset = ImageDataset(find_images(tmp_path), 112)
    assert len(dataset) == 2
    same, label = dataset[0]
    assert label == 4 and same.dtype == torch.uint8
    expected = torch.from_numpy(np.array(picture(3))).permute(2, 0, 1)
    assert torch.equal(same, expected)
    gray, _ = dataset[1]
    assert gray.shape == (3, 112, 112)
    assert torch.equal(gray[0], gray[1]) and torch.equal(gray[0], gray[2])


def test_images_in_memory_are_those_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "fear").mkdir()
    for number in range(5):
        picture(number).save(tmp_path / "fear" / f"{number}.png")
    dataset = ImageDataset(find_images(tmp_path), 48)
    cached = CachedImages(dataset, torch.device("cpu"))
    images, labels = next(iter(DataLoader(dataset, 5)))
    assert torch.equal(cached.__getitems__([3, 1])[0], images[[3, 1]])
    assert torch.equal(cached[4][0], images[4]) and cached[4][1] == labels[4] == 3
