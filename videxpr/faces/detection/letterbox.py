"""Pictures of any size made to fit a network's input, as insightface and OpenCV do it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from videxpr.core.structures import Image

MEAN: Final = 127.5
DEVIATION: Final = 128.0
BLACK: Final = (0 - MEAN) / DEVIATION
WEIGHT_BITS: Final = 11
"""OpenCV weighs pixels of 8 bits with whole numbers; 1 is 2 to this power."""


def fitted(image: Image, side: int) -> tuple[int, int, float]:
    """Rows and columns of an image that is made to fit a square, and the pixels that one becomes."""
    height, width = image.shape[:2]
    ratio = height / width
    rows, columns = (side, int(side / ratio)) if ratio > 1 else (int(side * ratio), side)
    return rows, columns, rows / height


def input_shape(image: Image, side: int, step: int) -> tuple[int, int]:
    """Rows and columns of the smallest input that holds an image fitted to a square.

    Of 16:9 the rest of the square is 40 % of it: black pixels, which cost as much as others.

    Args:
        image: the picture.
        side: of the square.
        step: of which rows and columns must be multiples; the side is one.
    """
    rows, columns, _ = fitted(image, side)
    return -(-rows // step) * step, -(-columns // step) * step


def letterboxed(
    images: Sequence[Image], side: int, shape: tuple[int, int], device: torch.device
) -> Tensor:
    """The network's input (N, 3, *shape) float32: each image in the upper left, the rest black.

    Args:
        images: of one shape.
        side: of the square to which they are fitted.
        shape: rows and columns of the input.
        device: where it is to be.
    """
    made = torch.full((len(images), 3, *shape), BLACK, device=device)
    rows, columns, _ = fitted(images[0], side)
    pixels = resized(uploaded(images, device), rows, columns).permute(0, 3, 1, 2)
    made[:, :, :rows, :columns] = (pixels - MEAN) / DEVIATION
    return made


def resized(pixels: Tensor, rows: int, columns: int) -> Tensor:
    """Bilinearly resized pixels (N, height, width, 3) of 0 to 255, bit for bit as OpenCV's.

    Torch's own resizing is off by a level in places, which moves scores by more than a thousandth.
    """
    height, width = pixels.shape[1:3]
    if (height, width) == (rows, columns):
        return pixels
    left, right, of_left, of_right = _neighbors(width, columns, pixels.device)
    above, below, of_above, of_below = _neighbors(height, rows, pixels.device)
    lines = pixels[:, :, left].int().mul_(of_left[:, None])
    lines += pixels[:, :, right].int().mul_(of_right[:, None])
    lines >>= 4  # else the next product needs more than 32 bits
    made = (lines[:, above] * of_above[:, None, None]) >> 16
    made += (lines[:, below] * of_below[:, None, None]) >> 16
    return (made + 2) >> 2


@lru_cache(maxsize=64)
def _neighbors(before: int, after: int, device: torch.device) -> tuple[Tensor, ...]:
    """For each pixel along an axis the two that it lies between, and their weights, shape (after,)."""
    place = ((np.arange(after) + 0.5) * (before / after) - 0.5).astype(np.float32)
    low = np.floor(place).astype(np.int64)
    share = place - low
    one = 1 << WEIGHT_BITS
    weights = (np.rint(part * one).astype(np.int32) for part in (1 - share, share))
    parts = (low.clip(0), (low + 1).clip(max=before - 1), *weights)
    return tuple(torch.from_numpy(part).to(device) for part in parts)


def uploaded(images: Sequence[Image], device: torch.device) -> Tensor:
    """Images of one shape on the device, (N, height, width, 3) uint8.

    They are stacked in memory that a GPU can fetch by itself, so that nothing waits for the copy.
    Torch stacks with all of its threads, NumPy with one.
    """
    shape = (len(images), *images[0].shape)
    together = torch.empty(shape, dtype=torch.uint8, pin_memory=device.type == "cuda")
    for place, image in zip(together, images, strict=True):
        place.copy_(torch.from_numpy(image))
    return together.to(device, non_blocking=True)
