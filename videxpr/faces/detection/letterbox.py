"""Images of any size made to fit a network's input, as insightface and OpenCV do it."""

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


def fit_to_square(image: Image, side: int) -> tuple[int, int, float]:
    """Return the rows and columns of an image that is fitted to a square, and its scale."""
    height, width = image.shape[:2]
    ratio = height / width
    rows, columns = (side, int(side / ratio)) if ratio > 1 else (int(side * ratio), side)
    return rows, columns, rows / height


def input_shape(image: Image, side: int, step: int) -> tuple[int, int]:
    """Return the rows and columns of the smallest input that holds an image fitted to a square.

    Of 16:9 the rest of the square is 40 % of it: black pixels, which cost as much as others.

    Args:
        image: (height, width, 3).
        side: of the square in pixels.
        step: of which rows and columns must be multiples; the side is one.
    """
    rows, columns, _ = fit_to_square(image, side)
    return -(-rows // step) * step, -(-columns // step) * step


def letterbox(
    images: Sequence[Image], side: int, shape: tuple[int, int], device: torch.device
) -> Tensor:
    """Return the network's input: each image in the upper left, the rest black.

    Args:
        images: of one shape.
        side: of the square to which they are fitted, in pixels.
        shape: rows and columns of the input.
        device: where it is to be.

    Returns:
        (N, 3, rows, columns) float32 of about -1 to 1.
    """
    batch = torch.full((len(images), 3, *shape), BLACK, device=device)
    rows, columns, _ = fit_to_square(images[0], side)
    pixels = resize(stack_on(images, device), rows, columns).permute(0, 3, 1, 2)
    batch[:, :, :rows, :columns] = (pixels - MEAN) / DEVIATION
    return batch


def resize(pixels: Tensor, rows: int, columns: int) -> Tensor:
    """Resize pixels (N, height, width, 3) of 0 to 255 bilinearly, bit for bit as OpenCV does.

    Torch's own resizing is off by a level in places, which moves scores by more than a thousandth.
    """
    height, width = pixels.shape[1:3]
    if (height, width) == (rows, columns):
        return pixels
    left, right, left_weight, right_weight = _neighbors(width, columns, pixels.device)
    above, below, above_weight, below_weight = _neighbors(height, rows, pixels.device)
    lines = pixels[:, :, left].int().mul_(left_weight[:, None])
    lines += pixels[:, :, right].int().mul_(right_weight[:, None])
    lines >>= 4  # else the next product needs more than 32 bits
    resized = (lines[:, above] * above_weight[:, None, None]) >> 16
    resized += (lines[:, below] * below_weight[:, None, None]) >> 16
    return (resized + 2) >> 2


@lru_cache(maxsize=64)
def _neighbors(before: int, after: int, device: torch.device) -> tuple[Tensor, ...]:
    """Return for each pixel along an axis the two that it lies between, and their weights: (after,)."""
    place = ((np.arange(after) + 0.5) * (before / after) - 0.5).astype(np.float32)
    low = np.floor(place).astype(np.int64)
    share = place - low
    one = 1 << WEIGHT_BITS
    weights = (np.rint(part * one).astype(np.int32) for part in (1 - share, share))
    parts = (low.clip(0), (low + 1).clip(max=before - 1), *weights)
    return tuple(torch.from_numpy(part).to(device) for part in parts)


def stack_on(images: Sequence[Image], device: torch.device) -> Tensor:
    """Return images of one shape on the device, (N, height, width, 3) uint8.

    They are stacked in memory that a GPU can fetch by itself, so that nothing waits for the copy.
    Torch stacks with all of its threads, NumPy with one.
    """
    shape = (len(images), *images[0].shape)
    stacked = torch.empty(shape, dtype=torch.uint8, pin_memory=device.type == "cuda")
    for place, image in zip(stacked, images, strict=True):
        place.copy_(torch.from_numpy(image))
    return stacked.to(device, non_blocking=True)
