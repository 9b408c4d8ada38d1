"""Images of many sizes made from the same pixels, by one summed-area table."""

import torch
from torch import Tensor
from torch.nn import functional

from videxpr.faces.detection.opencv import write_integral


class IntegralImage:
    """Any number of smaller images and square crops of the same images.

    A pixel of what comes out is the mean of all pixels that it covers, edges included, as in torch's
    ``interpolate(mode="area")``. That takes four look-ups a pixel in a summed-area table (Crow,
    "Summed-area tables for texture mapping", SIGGRAPH 1984), however large the area is.
    """

    def __init__(self, images: Tensor) -> None:
        """Sum up images (N, height, width, 3) uint8."""
        self.height, self.width = images.shape[1:3]
        self._sums = integral_of(images)

    def resize(self, rows: int, columns: int) -> Tensor:
        """Return the images as (N, 3, rows, columns) float32 of 0 to 255."""
        device = self._sums.device
        top, bottom = (edge[0] for edge in _edges(_span(self.height, device), rows))
        left, right = (edge[0] for edge in _edges(_span(self.width, device), columns))
        lines = self._sums.index_select(1, bottom) - self._sums.index_select(1, top)
        sums = lines.index_select(2, right) - lines.index_select(2, left)
        areas = (bottom - top)[:, None] * (right - left)
        return (sums / areas[..., None]).permute(0, 3, 1, 2)

    def crop(self, images: Tensor, boxes: Tensor, size: int) -> Tensor:
        """Return boxes of the images, each made a square.

        Args:
            images: (K,) int64, number of the image that a box is in.
            boxes: (K, 4) int64, left, top, right and bottom, the latter two the first that are outside;
                none is empty, or larger than the image.
            size: side of the result in pixels.

        Returns:
            (K, 3, size, size) float32 of 0 to 255.
        """
        left, right = _edges(boxes[:, 0::2], size)
        top, bottom = _edges(boxes[:, 1::2], size)
        every = self._sums.flatten(0, 2)

        def corner(rows: Tensor, columns: Tensor) -> Tensor:
            lines = images[:, None] * (self.height + 1) + rows
            places = lines[:, :, None] * (self.width + 1) + columns[:, None]
            return every.index_select(0, places.flatten()).view(*places.shape, -1)

        sums = corner(bottom, right) - corner(top, right) - corner(bottom, left) + corner(top, left)
        areas = (bottom - top)[:, :, None] * (right - left)[:, None]
        return (sums / areas[..., None]).permute(0, 3, 1, 2)


def integral_of(images: Tensor) -> Tensor:
    """Return sums of all pixels above and to the left, (N, height + 1, width + 1, 3) int32."""
    count, height, width, colors = images.shape
    if images.device.type == "cpu":
        sums = torch.empty((count, height + 1, width + 1, colors), dtype=torch.int32)
        for image, own in zip(images, sums, strict=True):
            write_integral(image.numpy(), own.numpy())
        return sums
    lines = images.cumsum(2, dtype=torch.int32)
    return functional.pad(lines.cumsum(1, dtype=torch.int32), (0, 0, 1, 0, 1, 0))


def _edges(spans: Tensor, parts: int) -> tuple[Tensor, Tensor]:
    """Return the first pixels of each part of spans (K, 2), and the first behind it: (K, parts) each.

    Parts overlap by a pixel where the span is no multiple of their number.
    """
    first, behind = spans[:, :1], spans[:, 1:]
    places = torch.arange(parts + 1, device=spans.device) * (behind - first)
    starts = places[:, :-1].div(parts, rounding_mode="floor")
    ends = (places[:, 1:] + parts - 1).div(parts, rounding_mode="floor")
    return first + starts, first + ends


def _span(length: int, device: torch.device) -> Tensor:
    return torch.tensor([[0, length]], device=device)
