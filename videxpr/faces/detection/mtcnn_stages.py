"""The three stages of MTCNN (Zhang et al., "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", 2016), around facenet-pytorch's networks.

facenet-pytorch has the stages too, and finds the same faces; but half of its time goes into making
images smaller, each size and each candidate from the pixels of the whole image. Here they are all made
from one integral image, which is 2.3 times as fast in all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from videxpr.faces.detection.nms import nms
from videxpr.faces.detection.opencv import write_integral

SMALLEST_INPUT: Final = 12
"""Side of what P-Net sees as one candidate, in pixels."""

RNET_INPUT: Final = 24
ONET_INPUT: Final = 48

STRIDE: Final = 2
"""Pixels from one candidate of P-Net to the next."""

SCALE_STEP: Final = 0.709
"""Each image of the pyramid is so much smaller than the one before: half the area."""

PNET_SCORE: Final = 0.6
RNET_SCORE: Final = 0.7
ONET_SCORE: Final = 0.7
"""The least scores that candidates pass the three stages with."""

SAME_SCALE_IOU: Final = 0.5
SAME_FACE_IOU: Final = 0.7
SAME_FACE_SHARE: Final = 0.7
"""In the last stage: of the smaller box that lies in the better one."""

LARGEST_BATCH: Final = 512
"""Candidates that go through a network together, so that a GPU's memory is enough in a crowd."""

Network = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Candidates:
    """What may be faces.

    Attributes:
        images: (K,) int64, number of the image that each is in.
        boxes: (K, 4) corners, in pixels of the image.
        scores: (K,) of 0 to 1.
    """

    images: Tensor
    boxes: Tensor
    scores: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, rows: Tensor) -> "Candidates":
        """Return those of some rows, a mask or indices."""
        return Candidates(self.images[rows], self.boxes[rows], self.scores[rows])

    @classmethod
    def concatenate(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """Return those of all parts, at least one."""
        columns = zip(*((one.images, one.boxes, one.scores) for one in parts), strict=True)
        return cls(*map(torch.cat, columns))

    def nms(self, iou: float) -> Tensor:
        """Return the rows of those that overlap no better one in their image by more, best first."""
        return nms(self.boxes, self.scores, self.images, iou)


class Cascade:
    """MTCNN's networks one after the other."""

    def __init__(self, pnet: Network, rnet: Network, onet: Network, min_face: float) -> None:
        """Take the networks.

        Args:
            pnet: proposes candidates.
            rnet: refines them.
            onet: gives their boxes and landmarks.
            min_face: side of the smallest face in pixels.
        """
        self._pnet = pnet
        self._rnet = rnet
        self._onet = onet
        self._min_face = min_face

    @torch.inference_mode()
    def detect(self, images: Tensor) -> tuple[Candidates, Tensor]:
        """Return the faces of images (N, height, width, 3) uint8, and their landmarks (K, 5, 2)."""
        integral = IntegralImage(images)
        return self._run_onet(integral, self._run_rnet(integral, self._run_pnet(integral)))

    def _run_pnet(self, integral: "IntegralImage") -> Candidates:
        """Return squares that P-Net, which sees the images in all sizes, takes for faces."""
        parts: list[tuple[Candidates, Tensor]] = []
        for scale in self._scales(min(integral.height, integral.width)):
            rows, columns = (int(side * scale + 1) for side in (integral.height, integral.width))
            offsets, scores = self._pnet(_normalize(integral.resize(rows, columns)))
            passed = scores[:, 1] >= PNET_SCORE
            places = passed.nonzero()
            corner = STRIDE * places[:, 1:].flip(1)
            low, high = (((corner + reach) / scale).floor() for reach in (1, SMALLEST_INPUT))
            these = Candidates(places[:, 0], torch.cat([low, high], 1), scores[:, 1][passed])
            kept = these.nms(SAME_SCALE_IOU)
            parts.append((these.select(kept), offsets.permute(0, 2, 3, 1)[passed][kept]))
        every = Candidates.concatenate([part for part, _ in parts])
        rows_kept = every.nms(SAME_FACE_IOU)
        offsets = torch.cat([part for _, part in parts])[rows_kept]
        best = every.select(rows_kept)
        boxes = _to_squares(_apply_offsets(best.boxes, offsets, 0))
        return _drop_outside(integral, Candidates(best.images, boxes, best.scores))

    def _run_rnet(self, integral: "IntegralImage", proposed: Candidates) -> Candidates:
        """Return squares that R-Net takes for faces too."""
        if not len(proposed):
            return proposed
        offsets, scores = _run_on_crops(self._rnet, integral, proposed, RNET_INPUT)
        passed = scores[:, 1] > RNET_SCORE
        these = Candidates(proposed.images[passed], proposed.boxes[passed], scores[:, 1][passed])
        kept = these.nms(SAME_FACE_IOU)
        boxes = _to_squares(_apply_offsets(these.boxes[kept], offsets[passed][kept], 1))
        return _drop_outside(integral, Candidates(these.images[kept], boxes, these.scores[kept]))

    def _run_onet(
        self, integral: "IntegralImage", refined: Candidates
    ) -> tuple[Candidates, Tensor]:
        """Return boxes and landmarks by O-Net."""
        if not len(refined):
            return refined, refined.boxes.new_zeros(0, 5, 2)
        offsets, points, scores = _run_on_crops(self._onet, integral, refined, ONET_INPUT)
        passed = scores[:, 1] > ONET_SCORE
        boxes = refined.boxes[passed]
        sides = boxes[:, None, 2:] - boxes[:, None, :2] + 1
        points = points[passed].reshape(-1, 2, 5).transpose(1, 2)
        landmarks = boxes[:, None, :2] - 1 + sides * points
        boxes = _apply_offsets(boxes, offsets[passed], 1)
        these = Candidates(refined.images[passed], boxes, scores[:, 1][passed])
        kept = nms_by_smaller_box(these)
        return these.select(kept), landmarks[kept]

    def _scales(self, shorter_side: int) -> Iterator[float]:
        """Yield the scales of the image pyramid."""
        scale = SMALLEST_INPUT / self._min_face
        shortest = shorter_side * scale
        while shortest > SMALLEST_INPUT - 1e-6:  # 12 / 47 * 47 is a little less than 12
            yield scale
            scale *= SCALE_STEP
            shortest *= SCALE_STEP


def nms_by_smaller_box(candidates: Candidates) -> Tensor:
    """Return the rows of those that are not mostly in a better one, or it in them; best first.

    The overlap is the share of the smaller box, which torchvision's suppression does not know.
    """
    boxes = candidates.boxes
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(1)
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low + 1).clamp(min=0).prod(2)
    overlap = shared / torch.minimum(areas[:, None], areas[None]) > SAME_FACE_SHARE
    same = (overlap & (candidates.images[:, None] == candidates.images)).cpu()
    kept: list[int] = []
    for row in candidates.scores.argsort(stable=True).flip(0).tolist():  # as facenet-pytorch, the
        # last one of those with equal scores, which are common: many scores are 1.0
        if not same[row, kept].any():
            kept.append(row)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)


def _drop_outside(integral: "IntegralImage", candidates: Candidates) -> Candidates:
    """Return those that lie at least partly in their image."""
    pixels = _clip(integral, candidates.boxes)
    return candidates.select((pixels[:, 2:] > pixels[:, :2]).all(1))


def _clip(integral: "IntegralImage", boxes: Tensor) -> Tensor:
    """Return the part of boxes that is in the image, as `IntegralImage.crop` wants it.

    Boxes count pixels from 1, and the last one is theirs.
    """
    sizes = torch.tensor([integral.width, integral.height], device=boxes.device)
    corners = boxes.trunc().long()
    low, high = corners[:, :2].clamp(min=1) - 1, torch.minimum(corners[:, 2:], sizes)
    return torch.cat([low, high], 1)


def _run_on_crops(
    network: Network, integral: "IntegralImage", candidates: Candidates, size: int
) -> list[Tensor]:
    """Return what a network gives for candidates, each as a crop of its input's size."""
    pixels = _clip(integral, candidates.boxes)
    crops = (
        integral.crop(candidates.images[first : first + LARGEST_BATCH], boxes, size)
        for first, boxes in zip(
            range(0, len(pixels), LARGEST_BATCH), torch.split(pixels, LARGEST_BATCH), strict=True
        )
    )
    outputs = [network(_normalize(part)) for part in crops]
    return [torch.cat(column) for column in zip(*outputs, strict=True)]


def _apply_offsets(boxes: Tensor, offsets: Tensor, last: int) -> Tensor:
    """Move the corners of boxes by shares of their sides; `last` pixels belong to these too."""
    sides = boxes[:, 2:] - boxes[:, :2] + last
    return boxes + offsets * sides.repeat(1, 2)


def _to_squares(boxes: Tensor) -> Tensor:
    """Return squares of the boxes' longer sides, around the same middles."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.amax(1, keepdim=True)
    low = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return torch.cat([low, low + longer], 1)


def _normalize(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) / 128


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
