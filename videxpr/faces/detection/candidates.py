"""What may be faces in a batch of images, and non-maximum suppression; the door to torchvision's."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from videxpr.core.structures import Face


@dataclass(frozen=True)
class Candidates:
    """What may be faces, of any number of images.

    Attributes:
        images: (K,) int64, number of the image that each is in.
        boxes: (K, 4) x1, y1, x2, y2, in pixels of the image.
        scores: (K,) in [0, 1].
        regressed: (K, ...) what the network says of each besides: its landmarks (5, 2) in pixels of the
            image or, as long as these are unknown, offsets (4,) of the box's corners.
    """

    images: Tensor
    boxes: Tensor
    scores: Tensor
    regressed: Tensor

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, rows: Tensor) -> "Candidates":
        """Return those of some rows, a mask or indices."""
        return Candidates(*(column[rows] for column in vars(self).values()))

    def nms(self, iou: float) -> "Candidates":
        """Return those that overlap no better one in their image by more, best first."""
        return self.select(nms(self.boxes, self.scores, self.images, iou))

    def faces(self, count: int) -> list[list[Face]]:
        """Return the faces of each of `count` images, in order; these have landmarks."""
        found: list[list[Face]] = [[] for _ in range(count)]
        arrays = (self.boxes.cpu().numpy(), self.regressed.cpu().numpy(), self.scores.tolist())
        for image, *values in zip(self.images.tolist(), *arrays, strict=True):
            found[image].append(Face(*values))
        return found


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """Return the candidates of all parts, at least one."""
    columns = zip(*(vars(one).values() for one in parts), strict=True)
    return Candidates(*map(torch.cat, columns))


def nms(boxes: Tensor, scores: Tensor, images: Tensor, iou: float) -> Tensor:
    """Return the rows of boxes that overlap no better one in their image by more, best first.

    Greedy, as insightface and facenet-pytorch do it: the best box stays, those that overlap it go, and
    so on; of boxes with equal scores the first stays.

    Args:
        boxes: (K, 4) x1, y1, x2, y2; x2 and y2 are the first coordinates outside.
        scores: (K,).
        images: (K,) int64, number of the image that each box is in.
        iou: largest overlap, as intersection over union, in [0, 1].

    Returns:
        (N,) int64, N at most K.
    """
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    # torchvision moves the images apart by their largest coordinate: boxes that begin outside of their
    # image, at negative coordinates, would reach into the one before
    rows: Tensor = batched_nms(boxes - boxes.amin(), scores, images, iou)
    return rows
