"""Random changes to batches of face crops that detectors, cameras and codecs also make.

All functions take and return RGB pixels in [0, 1], shape (N, 3, H, W), and draw from torch's global
generator, so a seeded run repeats itself. One set of values is drawn for every image, or for each group
of consecutive images: the frames of a window change together, as those of a video do.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from videxpr.training.options import Augmentation

LUMA: Final = (0.299, 0.587, 0.114)

FACE_CENTER: Final = (0.5, 0.58)
FACE_RADII: Final = ((0.38, 0.5), (0.48, 0.6))
"""Of the ellipse that holds a face in a crop of ArcFace's template: least and most of the half width
and the half height, as shares of the side."""

MOTION: Final = (0.03, 0.1)
"""Least and most length of a motion blur, as shares of the side."""

BLOCK: Final = 8
LOWEST_QUALITY: Final = 15
HIGHEST_QUALITY: Final = 90

LUMINANCE: Final = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Steps of JPEG's coefficients at quality 50 (ITU-T T.81, table K.1)."""


def augment(pixels: Tensor, options: Augmentation, group: int = 1) -> Tensor:
    """Return images after all of the changes, in the order in which a camera would make them.

    Args:
        pixels: (N, 3, H, W).
        options: how far.
        group: consecutive images that share their values; N is a multiple of it.
    """
    draw = _Draw(len(pixels) // group, group, pixels.device)
    with torch.autocast(pixels.device.type, enabled=False):  # JPEG's sums need all digits
        pixels = _swap_backgrounds(pixels, options.background_swap, draw)
        pixels = _erase(_warp(pixels, options, draw), options.erase, draw)
        pixels = _blur_motion(pixels, options.motion_blur, draw)
        pixels = _recolor(pixels, options, draw)
        return _corrupt(pixels, options, draw).clamp(0, 1)


@dataclass(frozen=True)
class _Draw:
    """Draws values for groups of images, and gives each image those of its group."""

    groups: int
    size: int
    device: torch.device

    def share(self, *shape: int) -> Tensor:
        """Return (N, *shape) uniform in [0, 1)."""
        values = torch.rand(self.groups, *shape, device=self.device)
        return values.repeat_interleave(self.size, dim=0)

    def between(self, limit: float, *shape: int) -> Tensor:
        """Return (N, *shape) uniform in [-limit, limit)."""
        return (2 * self.share(*shape) - 1) * limit

    def normal(self, *shape: int) -> Tensor:
        """Return (N, *shape) of the standard normal distribution."""
        values = torch.randn(self.groups, *shape, device=self.device)
        return values.repeat_interleave(self.size, dim=0)

    def images_of(self, groups: Tensor) -> Tensor:
        """Return the numbers of the images of some groups, in order."""
        offsets = torch.arange(self.size, device=self.device)
        return (groups[:, None] * self.size + offsets).flatten()


def _swap_backgrounds(pixels: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Give part of the batch the background of the next image, beyond an ellipse about the face."""
    if not probability:
        return pixels
    height, width = pixels.shape[-2:]
    places = (_pixel_centers(width, draw.device), _pixel_centers(height, draw.device)[:, None])
    squared = torch.zeros(len(pixels), height, width, device=draw.device)
    for place, center, (least, most) in zip(places, FACE_CENTER, FACE_RADII, strict=True):
        radius = least + (most - least) * draw.share(1, 1)
        squared = squared + ((place - center) / radius) ** 2
    chosen = draw.share(1, 1) < probability
    outside = torch.sigmoid(20 * (squared - 1)) * chosen  # an edge of a few pixels
    others = pixels.roll(draw.size, dims=0)
    return torch.lerp(pixels, others, outside[:, None])


def _warp(pixels: Tensor, options: Augmentation, draw: _Draw) -> Tensor:
    """Flip, rotate, scale and shift in one resampling; edges are repeated."""
    angle = draw.between(math.radians(options.rotation_degrees))
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


def _blur_motion(pixels: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Blur part of the batch along a line each, as an open shutter does; edges are repeated."""
    if not probability:  # draws nothing, so that a seed gives what it gave before there was this
        return pixels
    chosen = (draw.share() < probability).nonzero().flatten()
    if not len(chosen):
        return pixels
    side = pixels.shape[-1]
    least, most = MOTION
    length = side * (least + (most - least) * draw.share(1, 1))
    angle = math.pi * draw.share(1, 1)
    radius = math.ceil(side * most / 2)
    offsets = torch.arange(-radius, radius + 1, device=draw.device)
    rows, columns = offsets[:, None], offsets
    along = (columns * angle.cos() + rows * angle.sin()).abs()
    across = (rows * angle.cos() - columns * angle.sin()).abs()
    kernels = (length / 2 + 0.5 - along).clamp(0, 1) * (1 - across).clamp(0, 1)
    kernels = (kernels / kernels.sum(dim=(1, 2), keepdim=True))[chosen]
    padded = functional.pad(pixels[chosen], (radius,) * 4, mode="replicate")
    size = padded.shape[-2:]
    spectra = torch.fft.rfft2(padded) * torch.fft.rfft2(kernels, s=size)[:, None]
    blurred = torch.fft.irfft2(spectra, s=size)[..., 2 * radius :, 2 * radius :].clamp(0, 1)
    return pixels.index_copy(0, chosen, blurred)


def _recolor(pixels: Tensor, options: Augmentation, draw: _Draw) -> Tensor:
    if options.gamma > 0:
        curve = math.log1p(options.gamma)
        pixels = pixels ** draw.between(curve, 1, 1, 1).exp()
    brightness = 1 + draw.between(options.brightness, 1, 1, 1)
    contrast = 1 + draw.between(options.contrast, 1, 1, 1)
    cast = 1 + draw.between(options.color, 3, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = ((pixels - mean) * contrast + mean) * brightness * cast
    if options.saturation > 0:
        saturation = 1 + draw.between(options.saturation, 1, 1, 1)
        luma = (pixels * pixels.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
        pixels = (pixels - luma) * saturation + luma
    gray = draw.share(1, 1, 1) < options.gray
    return torch.where(gray, pixels.mean(dim=1, keepdim=True), pixels)


def _corrupt(pixels: Tensor, options: Augmentation, draw: _Draw) -> Tensor:
    """Do what a camera and a codec do: noise, fewer pixels, JPEG's losses."""
    if options.noise > 0:
        pixels = pixels + options.noise * draw.share(1, 1, 1) * draw.normal(1, *pixels.shape[-2:])
    if not options.downscale and not options.compress:
        return pixels
    pixels = pixels.clamp(0, 1)
    quality = LOWEST_QUALITY + (HIGHEST_QUALITY - LOWEST_QUALITY) * draw.share()
    quality = quality.where(draw.share() < options.compress, torch.inf)
    for images, side in _corruption_sides(pixels.shape[-1], options.downscale, draw):
        kept = _resample(pixels[images], side, quality[images] if options.compress else None)
        pixels = pixels.index_copy(0, images, kept)
    return pixels


def _corruption_sides(side: int, downscale: float, draw: _Draw) -> Iterator[tuple[Tensor, int]]:
    """Yield images, and the side that they are reduced to: a few smaller ones, and their own."""
    smaller = torch.rand(draw.groups, device=draw.device) < downscale
    groups = smaller.nonzero().flatten()
    for part in torch.split(groups, max(1, math.ceil(len(groups) / 4))):
        share = 0.3 + 0.5 * torch.rand(()).item()
        yield draw.images_of(part), max(2, round(side * share / BLOCK)) * BLOCK
    yield draw.images_of((~smaller).nonzero().flatten()), side


def _resample(pixels: Tensor, small: int, quality: Tensor | None) -> Tensor:
    """Return images after a detour through `small` pixels along the side."""
    own = pixels.shape[-2:]
    if small < own[1]:
        pixels = functional.interpolate(pixels, size=(small, small), mode="area")
    if quality is not None:
        pixels = through_jpeg(pixels, quality)
    if small < own[1]:
        pixels = functional.interpolate(pixels, size=own, mode="bilinear")
    return pixels


def through_jpeg(pixels: Tensor, quality: Tensor) -> Tensor:
    """Return what JPEG leaves of the luma of each image; colors are kept.

    Args:
        pixels: (N, 3, H, W) in [0, 1].
        quality: (N,) of libjpeg, from 1 to 100; infinity leaves the image as it is.
    """
    height, width = pixels.shape[-2:]
    luma = (pixels * pixels.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    edges = (0, -width % BLOCK, 0, -height % BLOCK)
    padded = functional.pad(luma * 255 - 128, edges, mode="replicate")
    rows, columns = (size // BLOCK for size in padded.shape[-2:])
    blocks = padded.view(-1, rows, BLOCK, columns, BLOCK).transpose(
        2, 3
    )  # (N, rows, columns, 8, 8)
    cosines = _cosines(pixels.device)
    coefficients = cosines @ blocks @ cosines.T
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality.clamp(max=100))
    table = torch.tensor(LUMINANCE, device=pixels.device)
    steps = (percent.view(-1, 1, 1, 1, 1) * table / 100).round().clamp(1, 255)
    rounded = (coefficients / steps).round() * steps
    restored = (cosines.T @ rounded @ cosines).transpose(2, 3).reshape(padded.shape)
    lost = (restored - padded)[..., :height, :width] / 255
    kept = quality.isinf().view(-1, 1, 1, 1)
    return torch.where(kept, pixels, (pixels + lost).clamp(0, 1))


def _cosines(device: torch.device) -> Tensor:
    """Return (8, 8) of the orthonormal discrete cosine transform; a row a frequency."""
    places = torch.arange(BLOCK, device=device)
    matrix = torch.cos(math.pi / BLOCK * (places + 0.5) * places[:, None]) * math.sqrt(2 / BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix


def _pixel_centers(size: int, device: torch.device) -> Tensor:
    """Return (size,) centers of pixels along a side, as shares of it."""
    return (torch.arange(size, device=device) + 0.5) / size


def _erase(pixels: Tensor, probability: float, draw: _Draw) -> Tensor:
    """Draw a rectangle of 1/8 to 3/8 of the side, in mid-gray, over part of the batch."""
    height, width = pixels.shape[-2:]
    sides = (0.125 + 0.25 * draw.share(2)) / 2
    centers = draw.share(2)
    rows, columns = _pixel_centers(height, draw.device), _pixel_centers(width, draw.device)
    within_rows = (rows - centers[:, :1]).abs() < sides[:, :1]  # (N, H)
    within_columns = (columns - centers[:, 1:]).abs() < sides[:, 1:]  # (N, W)
    chosen = draw.share(1, 1) < probability
    mask = within_rows[:, :, None] & within_columns[:, None, :] & chosen
    return pixels.masked_fill(mask[:, None], 0.5)


SEED_SPAN: Final = 2**62


def step_seed(seed: int, epoch: int, step: int, rank: int = 0) -> int:
    """Return a seed that depends on a step's number alone, so that a resumed run draws the same."""
    return int(np.random.default_rng((seed, epoch, step, rank)).integers(SEED_SPAN))
