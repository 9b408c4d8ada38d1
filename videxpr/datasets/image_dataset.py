"""Labeled images as torch datasets: read one by one, corrupted as video does, or cached in memory."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from videxpr.core.structures import Floats, Image
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.options import Corruption
from videxpr.video.images import read_image, resize, through_jpeg, warp

SMALL_SIDE: Final = 32
JPEG_QUALITY: Final = 20
GAMMA: Final = 2.0
TURN_DEGREES: Final = 8.0
SHIFT: Final = 0.05
SCALE: Final = 0.08
MOTION: Final = 0.07
EXPOSURES: Final = 9
MARGIN: Final = 0.25
"""Of the longer side; more than a turn, a shift and a scale together reach beyond an edge."""

READ_AT_ONCE: Final = 256


class ImageDataset(Dataset[tuple[Tensor, int, Floats]]):
    """Images as uint8 RGB tensors (3, size, size), corrupted if that is wanted, with their labels and
    the shares (8,) of voters who named each expression."""

    def __init__(
        self, images: Sequence[LabeledImage], size: int, corruption: Corruption | None = None
    ) -> None:
        self.images = images
        self.size = size
        self.corruption = corruption

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int, Floats]:
        image = self.images[index]
        pixels = resize(read_image(image.path), self.size, self.size)
        if self.corruption is not None:
            pixels = corrupt(pixels, self.corruption, seed=index)
        return torch.from_numpy(pixels).permute(2, 0, 1), image.label, image.shares


class CachedImages(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """All images of a dataset at once in a device's memory; a batch is a choice of rows.

    Args:
        dataset: the images.
        device: that holds them.
        workers: processes that read them; 0 reads in this one.
    """

    def __init__(self, dataset: ImageDataset, device: torch.device, workers: int = 0) -> None:
        shape = (len(dataset), 3, dataset.size, dataset.size)
        self.images = torch.empty(shape, dtype=torch.uint8, device=device)
        self.labels = torch.tensor([image.label for image in dataset.images], device=device)
        shares = np.stack([image.shares for image in dataset.images])
        self.shares = torch.from_numpy(shares).to(device)
        first = 0
        for images, *_ in DataLoader(dataset, READ_AT_ONCE, num_workers=workers):
            self.images[first : first + len(images)] = images.to(device)
            first += len(images)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.images[index], self.labels[index], self.shares[index]

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return images (N, 3, size, size), labels (N,) and shares (N, 8); torch's loader calls it for
        a batch.
        """
        rows = torch.tensor(indices, device=self.labels.device)
        return self.images[rows], self.labels[rows], self.shares[rows]


def corrupt(image: Image, kind: Corruption, seed: int) -> Image:
    """Return an image as a video might have had it.

    Args:
        image: (H, W, 3) uint8.
        kind: ``small``, as a face of 32 pixels; ``compressed``, as JPEG of quality 20; ``dark``, with
            gamma 2; ``misaligned``, turned by up to 8 degrees, shifted by up to 5 % of the side and
            scaled by up to 8 %, each evenly to either side; or ``motion-blurred``, along a line of 7 %
            of the side in any direction.
        seed: of what is drawn for the last two.
    """
    return _CHANGES[kind](image, seed)


def _small(image: Image, _: int) -> Image:
    height, width = image.shape[:2]
    return resize(resize(image, SMALL_SIDE, SMALL_SIDE), width, height)


def _compressed(image: Image, _: int) -> Image:
    return through_jpeg(image, JPEG_QUALITY)


def _dark(image: Image, _: int) -> Image:
    curve = (255 * (np.arange(256) / 255) ** GAMMA).round().astype(np.uint8)
    return curve[image]


def _misaligned(image: Image, seed: int) -> Image:
    draws = np.random.default_rng(seed).uniform(-1, 1, 4)
    angle, scale = math.radians(TURN_DEGREES * draws[0]), 1 + SCALE * draws[1]
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    turn = np.array([[cos, sin], [-sin, cos]])
    height, width = image.shape[:2]
    side = np.array([width, height])
    # mirrored beyond its edges: a crop of a video goes on where an image ends
    margin = round(MARGIN * max(width, height))
    wider = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    source = side / 2 - turn @ (side / 2 + SHIFT * draws[2:] * side) + margin
    return warp(wider, np.column_stack([turn, source]), width, height)


def _motion_blurred(image: Image, seed: int) -> Image:
    angle = np.random.default_rng(seed).uniform(0, math.pi)
    height, width = image.shape[:2]
    side = max(width, height)
    margin = round(MARGIN * side)
    wider = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    path = np.linspace(-0.5, 0.5, EXPOSURES) * MOTION * side
    line = np.outer(path, [math.cos(angle), math.sin(angle)]) + margin
    exposures = [warp(wider, np.column_stack([np.eye(2), one]), width, height) for one in line]
    blurred: Image = np.mean(exposures, axis=0).round().astype(np.uint8)
    return blurred


_CHANGES: Final[dict[Corruption, Callable[[Image, int], Image]]] = {
    "small": _small,
    "compressed": _compressed,
    "dark": _dark,
    "misaligned": _misaligned,
    "motion-blurred": _motion_blurred,
}
