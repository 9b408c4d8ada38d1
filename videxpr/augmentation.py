"""Random changes to batches of face crops that detectors, cameras and codecs also make.

All functions take and return RGB pixels in [0, 1], shape (N, 3, H, W), and draw one set of values
an image from torch's global generator, so a seeded run repeats itself.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed; every field is the largest change, or a probability.

    Attributes:
        flip: probability of a mirror image.
        turn_degrees: rotation to either side.
        shift: displacement as a share of the side.
        scale: relative change of size to either side.
        light: relative change of brightness and of contrast.
        colour: relative change of each channel against the others.
        grey: probability of losing all colour.
        soften: probability of a detour through a smaller size.
        erase: probability of a grey rectangle over part of the face.
    """

    flip: float = 0.5
    turn_degrees: float = 10.0
    shift: float = 0.05
    scale: float = 0.08
    light: float = 0.25
    colour: float = 0.1
    grey: float = 0.2
    soften: float = 0.25
    erase: float = 0.1


def augment(pixels: Tensor, options: Augmentation) -> Tensor:
    """All of the changes, in the order in which a camera would make them."""
    pixels = _erase(_moved(pixels, options), options.erase)
    pixels = _recoloured(pixels, options)
    return _softened(pixels, options.soften).clamp(0, 1)


def _moved(pixels: Tensor, options: Augmentation) -> Tensor:
    """Flip, turn, scale and shift in one resampling; edges are repeated."""
    count = len(pixels)
    angle = _between(count, math.radians(options.turn_degrees), pixels)
    zoom = 1 + _between(count, options.scale, pixels)
    mirror = 1 - 2 * (torch.rand(count, device=pixels.device) < options.flip).float()
    matrix = torch.zeros(count, 2, 3, device=pixels.device)
    matrix[:, 0, 0] = mirror * zoom * angle.cos()
    matrix[:, 0, 1] = -zoom * angle.sin()
    matrix[:, 1, 0] = mirror * zoom * angle.sin()
    matrix[:, 1, 1] = zoom * angle.cos()
    matrix[:, 0, 2] = 2 * _between(count, options.shift, pixels)
    matrix[:, 1, 2] = 2 * _between(count, options.shift, pixels)
    grid = functional.affine_grid(matrix, list(pixels.shape), align_corners=False)
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _recoloured(pixels: Tensor, options: Augmentation) -> Tensor:
    count = len(pixels)
    brightness = 1 + _between(count, options.light, pixels).view(-1, 1, 1, 1)
    contrast = 1 + _between(count, options.light, pixels).view(-1, 1, 1, 1)
    cast = 1 + _between(3 * count, options.colour, pixels).view(-1, 3, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = ((pixels - mean) * contrast + mean) * brightness * cast
    grey = torch.rand(count, 1, 1, 1, device=pixels.device) < options.grey
    return torch.where(grey, pixels.mean(dim=1, keepdim=True), pixels)


def _softened(pixels: Tensor, probability: float) -> Tensor:
    """Part of the batch through a smaller size and back, as a small or compressed face comes."""
    side = pixels.shape[-1]
    chosen = (torch.rand(len(pixels), device=pixels.device) < probability).nonzero().flatten()
    for part in torch.split(chosen, max(1, len(chosen) // 4)):
        small = max(16, round(side * (0.3 + 0.5 * torch.rand(()).item())))
        reduced = functional.interpolate(pixels[part], size=(small, small), mode="area")
        restored = functional.interpolate(reduced, size=(side, side), mode="bilinear")
        pixels = pixels.index_copy(0, part, restored)
    return pixels


def _erase(pixels: Tensor, probability: float) -> Tensor:
    """A rectangle of an eighth to three eighths of the side, in mid-grey, over part of the batch."""
    count, _, height, width = pixels.shape
    device = pixels.device
    sides = (0.125 + 0.25 * torch.rand(count, 2, device=device)) / 2
    centres = torch.rand(count, 2, device=device)
    rows = (torch.arange(height, device=device) + 0.5) / height
    columns = (torch.arange(width, device=device) + 0.5) / width
    within_rows = (rows - centres[:, :1]).abs() < sides[:, :1]  # (N, H)
    within_columns = (columns - centres[:, 1:]).abs() < sides[:, 1:]  # (N, W)
    chosen = torch.rand(count, 1, 1, device=device) < probability
    mask = within_rows[:, :, None] & within_columns[:, None, :] & chosen
    return pixels.masked_fill(mask[:, None], 0.5)


def _between(count: int, limit: float, like: Tensor) -> Tensor:
    """Uniform values in [-limit, limit), one an image."""
    return (2 * torch.rand(count, device=like.device) - 1) * limit
