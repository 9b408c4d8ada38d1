"""MTCNN (Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks", 2016) with the networks of facenet-pytorch, whose wheel carries the weights.

facenet-pytorch has the stages too, and finds the same faces; but half of its time goes into making
images smaller, each size and each candidate from the pixels of the whole image. Here they are all made
from one integral image, which is 2.3 times as fast in all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

import facenet_pytorch
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from videxpr.core.files import sha256_of
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.candidates import Candidates, concatenate
from videxpr.faces.detection.detector import RegionOfInterest
from videxpr.faces.detection.letterbox import stack_on
from videxpr.faces.detection.opencv import write_integral
from videxpr.faces.detection.packs import MIN_SCORES, MTCNN, mtcnn_weights

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

MIN_SCORE: Final = MIN_SCORES[MTCNN]
SURE_SCORE: Final = 0.97
PIXELS_AT_ONCE: Final = 16_000_000
"""Pixels that go through the networks together; they take about 20 bytes for each."""

CANDIDATES_AT_ONCE: Final = 512
"""Candidates that go through a network together, so that a GPU's memory is enough in a crowd."""

ROI: Final = RegionOfInterest(margin=1.0, size=96)
"""Twice the side of O-Net's own input: pixels are averaged to it, as MTCNN does."""

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

Network = Callable[[Tensor], tuple[Tensor, ...]]


class Mtcnn:
    """The three networks of MTCNN on one device."""

    name = "mtcnn"
    providers: tuple[str, ...] = ()
    sure_score = SURE_SCORE
    roi: RegionOfInterest | None = ROI
    orientation_roi: RegionOfInterest | None = ROI

    def __init__(self, options: "DetectionOptions") -> None:
        """Load the networks.

        Args:
            options: which of its findings count, and where it runs.
        """
        # Its stages were never tried on Apple's GPUs.
        self.device = "cpu" if options.device.startswith("mps") else options.device
        self.min_face = options.min_face
        self.min_score = MIN_SCORE if options.min_score is None else options.min_score
        self.weights_sha256 = sha256_of(*mtcnn_weights())
        self._networks = facenet_pytorch.MTCNN(device=torch.device(self.device)).eval()
        # Pooling and small convolutions are quicker by far with a pixel's channels side by side.
        self._networks.to(memory_format=torch.channels_last)

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of each image, best score first; images of one size share a batch."""
        found: list[list[Face]] = []
        for (height, width, _), group in groupby(images, key=lambda image: image.shape):
            batch = list(group)
            if min(height, width) < max(self.min_face, SMALLEST_INPUT):
                found += [[] for _ in batch]
                continue
            together = max(1, PIXELS_AT_ONCE // (height * width))
            for first in range(0, len(batch), together):
                found += self._detect_batch(batch[first : first + together])
        return found

    @torch.inference_mode()
    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """Return what O-Net, which gives box and landmarks of a candidate, makes of each region."""
        if not rois:
            return []
        size = ROI.size
        pixels = torch.from_numpy(np.stack(rois)).to(self.device).permute(0, 3, 1, 2).float()
        offsets, points, scores = self._networks.onet(_normalize(functional.avg_pool2d(pixels, 2)))
        boxes = size * (torch.tensor([0.0, 0, 1, 1], device=self.device) + offsets)
        landmarks = size * points.unflatten(1, (2, 5)).transpose(1, 2)
        each = torch.arange(len(rois), device=self.device)
        faces = Candidates(each, boxes, scores[:, 1], landmarks).faces(len(rois))
        return [face if face.score >= self.min_score else None for (face,) in faces]

    @torch.inference_mode()
    def _detect_batch(self, images: Sequence[Image]) -> list[list[Face]]:
        integral = IntegralImage(stack_on(images, torch.device(self.device)))
        found = self._run_onet(integral, self._run_rnet(integral, self._run_pnet(integral)))
        return [
            [
                one
                for one in faces
                if one.score >= self.min_score and one.shorter_side >= self.min_face
            ]
            for faces in found.faces(len(images))
        ]

    def _run_pnet(self, integral: "IntegralImage") -> Candidates:
        """Return squares that P-Net, which sees the images in all sizes, takes for faces."""
        parts: list[Candidates] = []
        for scale in self._scales(min(integral.height, integral.width)):
            rows, columns = (int(side * scale + 1) for side in (integral.height, integral.width))
            offsets, scores = self._networks.pnet(_normalize(integral.resize(rows, columns)))
            passed = scores[:, 1] >= PNET_SCORE
            places = passed.nonzero()
            corner = STRIDE * places[:, 1:].flip(1)
            low, high = (((corner + reach) / scale).floor() for reach in (1, SMALLEST_INPUT))
            boxes, offsets = torch.cat([low, high], 1), offsets.permute(0, 2, 3, 1)[passed]
            these = Candidates(places[:, 0], boxes, scores[:, 1][passed], offsets)
            parts.append(these.nms(SAME_SCALE_IOU))
        return _best_squares(integral, concatenate(parts), 0)

    def _run_rnet(self, integral: "IntegralImage", proposed: Candidates) -> Candidates:
        """Return squares that R-Net takes for faces too."""
        if not len(proposed):
            return proposed
        offsets, scores = _run_on_crops(self._networks.rnet, integral, proposed, RNET_INPUT)
        these = Candidates(proposed.images, proposed.boxes, scores[:, 1], offsets)
        return _best_squares(integral, these.select(these.scores > RNET_SCORE), 1)

    def _run_onet(self, integral: "IntegralImage", refined: Candidates) -> Candidates:
        """Return boxes and landmarks by O-Net, best first."""
        if not len(refined):
            return refined
        offsets, points, scores = _run_on_crops(self._networks.onet, integral, refined, ONET_INPUT)
        low, high = refined.boxes[:, None, :2], refined.boxes[:, None, 2:]
        landmarks = low - 1 + (high - low + 1) * points.reshape(-1, 2, 5).transpose(1, 2)
        boxes = _apply_offsets(refined.boxes, offsets, 1)
        these = Candidates(refined.images, boxes, scores[:, 1], landmarks)
        return nms_by_smaller_box(these.select(these.scores > ONET_SCORE))

    def _scales(self, shorter_side: int) -> Iterator[float]:
        """Yield the scales of the image pyramid."""
        scale = SMALLEST_INPUT / max(int(self.min_face), SMALLEST_INPUT)
        shortest = shorter_side * scale
        while shortest > SMALLEST_INPUT - 1e-6:  # 12 / 47 * 47 is a little less than 12
            yield scale
            scale *= SCALE_STEP
            shortest *= SCALE_STEP


def nms_by_smaller_box(candidates: Candidates) -> Candidates:
    """Return those that are not mostly in a better one, or it in them; best first.

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
    return candidates.select(torch.tensor(kept, dtype=torch.int64, device=boxes.device))


def _best_squares(integral: "IntegralImage", candidates: Candidates, last: int) -> Candidates:
    """Return those that overlap no better one, moved, as squares at least partly in their image.

    Args:
        integral: the images.
        candidates: with offsets of their corners.
        last: as of `_apply_offsets`.
    """
    best = candidates.nms(SAME_FACE_IOU)
    boxes = _apply_offsets(best.boxes, best.regressed, last)
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.amax(1, keepdim=True)
    low = boxes[:, :2] + sides * 0.5 - longer * 0.5
    squares = torch.cat([low, low + longer], 1)
    pixels = _clip(integral, squares)
    return replace(best, boxes=squares).select((pixels[:, 2:] > pixels[:, :2]).all(1))


def _apply_offsets(boxes: Tensor, offsets: Tensor, last: int) -> Tensor:
    """Move the corners of boxes by shares of their sides; `last` pixels belong to these too."""
    sides = boxes[:, 2:] - boxes[:, :2] + last
    return boxes + offsets * sides.repeat(1, 2)


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
    parts = zip(
        torch.split(candidates.images, CANDIDATES_AT_ONCE),
        torch.split(_clip(integral, candidates.boxes), CANDIDATES_AT_ONCE),
        strict=True,
    )
    outputs = [network(_normalize(integral.crop(images, boxes, size))) for images, boxes in parts]
    return [torch.cat(column) for column in zip(*outputs, strict=True)]


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
