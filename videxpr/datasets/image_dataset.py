"""Labeled images as torch datasets: read one by one, or held in memory."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from videxpr.datasets.corruptions import corrupt
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.options import Corruption
from videxpr.video.images import read_image, resize

READ_AT_ONCE: Final = 256


class ImageDataset(Dataset[tuple[Tensor, int]]):
    """Images as uint8 RGB tensors (3, size, size) with their labels, corrupted if that is wanted."""

    def __init__(
        self, images: Sequence[LabeledImage], size: int, corruption: Corruption | None = None
    ) -> None:
        self.images = images
        self.size = size
        self.corruption = corruption

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.images[index]
        pixels = resize(read_image(image.path), self.size, self.size)
        if self.corruption is not None:
            pixels = corrupt(pixels, self.corruption, seed=index)
        return torch.from_numpy(pixels).permute(2, 0, 1), image.label


class CachedImages(Dataset[tuple[Tensor, Tensor]]):
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
        first = 0
        for images, _ in DataLoader(dataset, READ_AT_ONCE, num_workers=workers):
            self.images[first : first + len(images)] = images.to(device)
            first += len(images)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """Return images (N, 3, size, size) and labels (N,); torch's loader calls it for a batch."""
        rows = torch.tensor(indices, device=self.labels.device)
        return self.images[rows], self.labels[rows]
