"""Random changes to batches of face crops that detectors, cameras and codecs also make.

All functions take and return RGB pixels in [0, 1], shape (N, 3, H, W), and draw from torch's global
generator, so a seeded run repeats itself. One set of values is drawn for every image, or for each group
of consecutive images: the frames of a window change together, as those of a video do.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from videxpr.errors import UsageError

LUMA: tuple[float, float, float] = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed; every field is the largest change, or a probability.

    Attributes:
        flip: probability of a mirror image.
        turn_degrees: rotation to either side.
        shift: displacement as a share of the side.
        scale: relative change of size to either side.
        brightness: relative change to either side.
        contrast: relative change to either side, about the image's mean.
        saturation: relative change to either side, about the image's own grey.
        colour: relative change of each channel against the others.
        grey: probability of losing all colour.
        soften: probability of a detour through a smaller size, which blurs.
        erase: probability of a grey rectangle over part of the face.
    """

    flip: float = 0.5
    turn_degrees: float = 10.0
    shift: float = 0.05
    scale: float = 0.08
    brightness: float = 0.25
    contrast: float = 0.25
    saturation: float = 0.0
    colour: float = 0.1
    grey: float = 0.2
    soften: float = 0.25
    erase: float = 0.1

    def __post_init__(self) -> None:
        for one in fields(self):
            value, limit = getattr(self, one.name), 180 if one.name == "turn_degrees" else 1
            if not 0 <= value <= limit:
                raise UsageError(f"{one.name} lies between 0 and {limit}, not at {value}")


def augment(pixels: Tensor, options: Augmentation, group: int = 1) -> Tensor:
    """All of the changes, in the order in which a camera would make them.

    Args:
        pixels: (N, 3, H, W).
        options: how far.
        group: consecutive images that share their values; N is a multiple of it.
    """
    draw = _Draw(len(pixels) // group, group, pixels.device)
    pixels = _erase(_moved(pixels, options, draw), options.erase, draw)
    pixels = _recoloured(pixels, options, draw)
    return _softened(pixels, options.soften, draw).clamp(0, 1)


@dataclass(frozen=True)
class _Draw:
    """Draws values for groups of images, and gives each image those of its group."""

    groups: int
    size: int
    device: torch.device

    def share(self, *shape: int) -> Tensor:
        """(N, *shape) uniform in [0, 1)."""
        values = torch.rand(self.groups, *shape, device=self.device)
        return values.repeat_interleave(self.size, dim=0)

    def between(self, limit: float, *shape: int) -> Tensor:
        """(N, *shape) uniform in [-limit, limit)."""
        return (2 * self.share(*shape) - 1) * limit


def _moved(pixels: Tensor, options: Augmentation, draw: _Draw) -> Tensor:
    """Flip, turn, scale and shift in one resampling; edges are repeated."""
    angle = draw.between(math.radians(options.turn_degrees))
    zoom = 1 + draw.between(options.scale)
    mirror = 1 - 2 * (draw.share() < options.flip).float()
    matrix = torch.zeros(len(pixels), 2, 3, device=pixels.device)
    matrix[:, 0, 0] = mirror * zoom * angle.cos()
    matrix[:, 0, 1] = -zoom * angle.sin()
    matrix[:, 1, 0] = mirror * zoom * angle.sin()
    matrix[:, 1, 1] = zoom * angle.cos()
    matrix[:, :, 2] = 2 * draw.between(options.shift, 2)
    grid = functional.affine_grid(matrix, list(pixels.shape), align_corners=False)
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _recoloured(pixels: Tensor, options: Augmentation, draw: _Draw) -> Tensor:
    brightness = 1 + draw.between(options.brightness, 1, 1, 1)
    contrast = 1 + draw.between(options.contrast, 1, 1, 1)
    cast = 1 + draw.between(options.colour, 3, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = ((pixels - mean) * contrast + mean) * brightness * cast
    if options.saturation > 0:
        saturation = 1 + draw.between(options.saturation, 1, 1, 1)
        luma = (pixels * pixels.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
        pixels = (pixels - luma) * saturation + luma
    grey = draw.share(1, 1, 1) < options.grey
    return torch.where(grey, pixels.mean(dim=1, keepdim=True), pixels)


def _softened(pixels: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Part of the batch through a smaller size and back, as a small or compressed face comes."""
    side = pixels.shape[-1]
    groups = (torch.rand(draw.groups, device=draw.device) < probability).nonzero().flatten()
    offsets = torch.arange(draw.size, device=draw.device)
    for part in torch.split(groups, max(1, len(groups) // 4)):
        small = max(16, round(side * (0.3 + 0.5 * torch.rand(()).item())))
        chosen = (part[:, None] * draw.size + offsets).flatten()
        reduced = functional.interpolate(pixels[chosen], size=(small, small), mode="area")
        restored = functional.interpolate(reduced, size=(side, side), mode="bilinear")
        pixels = pixels.index_copy(0, chosen, restored)
    return pixels


def _erase(pixels: Tensor, probability: float, draw: _Draw) -> Tensor:
    """A rectangle of an eighth to three eighths of the side, in mid-grey, over part of the batch."""
    height, width = pixels.shape[-2:]
    sides = (0.125 + 0.25 * draw.share(2)) / 2
    centres = draw.share(2)
    rows = (torch.arange(height, device=draw.device) + 0.5) / height
    columns = (torch.arange(width, device=draw.device) + 0.5) / width
    within_rows = (rows - centres[:, :1]).abs() < sides[:, :1]  # (N, H)
    within_columns = (columns - centres[:, 1:]).abs() < sides[:, 1:]  # (N, W)
    chosen = draw.share(1, 1) < probability
    mask = within_rows[:, :, None] & within_columns[:, None, :] & chosen
    return pixels.masked_fill(mask[:, None], 0.5)
