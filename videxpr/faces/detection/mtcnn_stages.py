"""The three stages of MTCNN (Zhang et al., "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", 2016), around facenet-pytorch's networks.

facenet-pytorch has the stages too, and finds the same faces; but half of its time goes into making
pictures smaller, each size and each candidate from the pixels of the whole picture.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from videxpr.faces.detection.integral_image import AreaMeans

SMALLEST_INPUT: Final = 12
"""Side of what the first network sees as one candidate, in pixels."""

STRIDE: Final = 2
"""Pixels from one candidate of the first network to the next."""

SCALE_STEP: Final = 0.709
"""Each picture of the pyramid is so much smaller than the one before: half the area."""

PROPOSED_SCORE: Final = 0.6
REFINED_SCORE: Final = 0.7
FOUND_SCORE: Final = 0.7
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
        pictures: (K,) int64, the picture that each is in.
        boxes: (K, 4) corners, in pixels of the picture.
        scores: (K,) of 0 to 1.
    """

    pictures: Tensor
    boxes: Tensor
    scores: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    def of(self, rows: Tensor) -> "Candidates":
        """Those of some rows, a mask or indices."""
        return Candidates(self.pictures[rows], self.boxes[rows], self.scores[rows])

    @classmethod
    def joined(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """Those of all parts, at least one."""
        columns = zip(*((one.pictures, one.boxes, one.scores) for one in parts), strict=True)
        return cls(*map(torch.cat, columns))

    def best(self, iou: float) -> Tensor:
        """Rows of those that overlap no better one in their picture by more, best first."""
        rows: Tensor = batched_nms(self.boxes, self.scores, self.pictures, iou)
        return rows


class Cascade:
    """MTCNN's networks one after the other."""

    def __init__(self, propose: Network, refine: Network, find: Network, min_face: float) -> None:
        """Args: P-Net, R-Net and O-Net, and the side of the smallest face in pixels."""
        self._propose = propose
        self._refine = refine
        self._find = find
        self._min_face = min_face

    @torch.inference_mode()
    def faces(self, pictures: Tensor) -> tuple[Candidates, Tensor]:
        """Faces of pictures (N, height, width, 3) uint8, and their landmarks (K, 5, 2)."""
        means = AreaMeans(pictures)
        return self._found(means, self._refined(means, self._proposed(means)))

    def _proposed(self, means: AreaMeans) -> Candidates:
        """Squares that P-Net, which sees the pictures in all sizes, takes for faces."""
        parts: list[tuple[Candidates, Tensor]] = []
        for scale in self._scales(min(means.height, means.width)):
            rows, columns = (int(side * scale + 1) for side in (means.height, means.width))
            moves, scores = self._propose(_normalized(means.whole(rows, columns)))
            sure = scores[:, 1] >= PROPOSED_SCORE
            places = sure.nonzero()
            corner = STRIDE * places[:, 1:].flip(1)
            low, high = (((corner + reach) / scale).floor() for reach in (1, SMALLEST_INPUT))
            these = Candidates(places[:, 0], torch.cat([low, high], 1), scores[:, 1][sure])
            best = these.best(SAME_SCALE_IOU)
            parts.append((these.of(best), moves.permute(0, 2, 3, 1)[sure][best]))
        every = Candidates.joined([part for part, _ in parts])
        best = every.best(SAME_FACE_IOU)
        moves = torch.cat([part for _, part in parts])[best]
        kept = every.of(best)
        boxes = _square(_moved(kept.boxes, moves, 0))
        return _inside(means, Candidates(kept.pictures, boxes, kept.scores))

    def _refined(self, means: AreaMeans, proposed: Candidates) -> Candidates:
        """Squares that R-Net takes for faces too."""
        if not len(proposed):
            return proposed
        moves, scores = _answers(self._refine, means, proposed, 24)
        sure = scores[:, 1] > REFINED_SCORE
        these = Candidates(proposed.pictures[sure], proposed.boxes[sure], scores[:, 1][sure])
        best = these.best(SAME_FACE_IOU)
        boxes = _square(_moved(these.boxes[best], moves[sure][best], 1))
        return _inside(means, Candidates(these.pictures[best], boxes, these.scores[best]))

    def _found(self, means: AreaMeans, refined: Candidates) -> tuple[Candidates, Tensor]:
        """Boxes and landmarks by O-Net."""
        if not len(refined):
            return refined, refined.boxes.new_zeros(0, 5, 2)
        moves, points, scores = _answers(self._find, means, refined, 48)
        sure = scores[:, 1] > FOUND_SCORE
        boxes = refined.boxes[sure]
        sides = boxes[:, None, 2:] - boxes[:, None, :2] + 1
        points = points[sure].reshape(-1, 2, 5).transpose(1, 2)
        landmarks = boxes[:, None, :2] - 1 + sides * points
        these = Candidates(
            refined.pictures[sure], _moved(boxes, moves[sure], 1), scores[:, 1][sure]
        )
        best = without_parts(these)
        return these.of(best), landmarks[best]

    def _scales(self, shorter: int) -> Iterator[float]:
        scale = SMALLEST_INPUT / self._min_face
        shortest = shorter * scale
        while shortest > SMALLEST_INPUT - 1e-6:  # 12 / 47 * 47 is a little less than 12
            yield scale
            scale *= SCALE_STEP
            shortest *= SCALE_STEP


def without_parts(candidates: Candidates) -> Tensor:
    """Rows of those that are not mostly in a better one, or it in them; best first."""
    boxes = candidates.boxes
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(1)
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low + 1).clamp(min=0).prod(2)
    part = shared / torch.minimum(areas[:, None], areas[None]) > SAME_FACE_SHARE
    same = (part & (candidates.pictures[:, None] == candidates.pictures)).cpu()
    kept: list[int] = []
    for row in candidates.scores.argsort(stable=True).flip(0).tolist():  # as facenet-pytorch, the
        # last one of those that are equally sure, which is common: many scores are 1.0
        if not same[row, kept].any():
            kept.append(row)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)


def _inside(means: AreaMeans, candidates: Candidates) -> Candidates:
    """Those that lie at least partly in their picture."""
    pixels = _pixels(means, candidates.boxes)
    return candidates.of((pixels[:, 2:] > pixels[:, :2]).all(1))


def _pixels(means: AreaMeans, boxes: Tensor) -> Tensor:
    """The part of boxes that is in the picture, as `AreaMeans.crops` wants it.

    Boxes count pixels from 1, and the last one is theirs.
    """
    sizes = torch.tensor([means.width, means.height], device=boxes.device)
    corners = boxes.trunc().long()
    low, high = corners[:, :2].clamp(min=1) - 1, torch.minimum(corners[:, 2:], sizes)
    return torch.cat([low, high], 1)


def _answers(network: Network, means: AreaMeans, candidates: Candidates, size: int) -> list[Tensor]:
    """What a network gives for candidates, each as a crop of its input's size."""
    pixels = _pixels(means, candidates.boxes)
    parts = (
        means.crops(candidates.pictures[first : first + LARGEST_BATCH], boxes, size)
        for first, boxes in zip(
            range(0, len(pixels), LARGEST_BATCH), torch.split(pixels, LARGEST_BATCH), strict=True
        )
    )
    answers = [network(_normalized(part)) for part in parts]
    return [torch.cat(column) for column in zip(*answers, strict=True)]


def _moved(boxes: Tensor, moves: Tensor, last: int) -> Tensor:
    """Boxes whose corners are moved by shares of their sides; `last` pixels belong to these too."""
    sides = boxes[:, 2:] - boxes[:, :2] + last
    return boxes + moves * sides.repeat(1, 2)


def _square(boxes: Tensor) -> Tensor:
    """Squares of the boxes' longer sides, around the same middles."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.amax(1, keepdim=True)
    low = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return torch.cat([low, low + longer], 1)


def _normalized(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) / 128
