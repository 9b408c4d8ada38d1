"""From what SCRFD's network computes to boxes and landmarks, for a batch of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

KINDS: Final = ("score", "distances to the sides", "offsets of landmarks")
"""What is known of an anchor: 1, 4 and 10 numbers."""

STRIDES: Final = {9: (8, 16, 32), 15: (8, 16, 32, 64, 128)}
"""Pixels between anchors on each level, by the number of the network's outputs."""

ANCHORS: Final = {9: 2, 15: 1}
"""Anchors that share a place, by the number of outputs."""

SAME_FACE_IOU: Final = 0.4


@dataclass(frozen=True)
class Candidates:
    """Anchors that may be faces, by picture, by level and by place.

    Attributes:
        picture: number in the batch, shape (K,) int64.
        scores: shape (K,), in [0, 1].
        boxes: x1, y1, x2, y2, shape (K, 4).
        landmarks: shape (K, 5, 2).
    """

    picture: Tensor
    scores: Tensor
    boxes: Tensor
    landmarks: Tensor


def candidates(
    outputs: Sequence[Tensor],
    pictures: int,
    shape: tuple[int, int],
    scale: float,
    min_score: float,
) -> Candidates:
    """Anchors of at least a score, on the CPU: few numbers, brought over in one go.

    Args:
        outputs: the network's, first scores by level, then distances, then landmarks.
        pictures: of the batch.
        shape: rows and columns of the input.
        scale: pixels of the input for one of a picture.
        min_score: the least score.
    """
    count = len(outputs)
    grid = anchor_grid(shape, count, outputs[0].device)  # (anchors, 3)
    levels = count // len(KINDS)
    scores, distances, offsets = (
        torch.cat(
            [split_batch(one, pictures, ANCHORS[count]) for one in outputs[first : first + levels]],
            dim=1,
        )
        for first in range(0, count, levels)
    )
    picture, anchor = torch.nonzero(scores[..., 0] >= min_score, as_tuple=True)
    place = grid[anchor]
    center, stride = place[:, :2], place[:, 2:]
    reach = distances[picture, anchor] * stride
    corners = torch.cat([center - reach[:, :2], center + reach[:, 2:]], dim=1)
    points = center.repeat(1, 5) + offsets[picture, anchor] * stride
    pixels = torch.cat([corners, points], dim=1) / scale
    found = torch.cat([picture[:, None], scores[picture, anchor], pixels], dim=1).cpu()
    return Candidates(
        found[:, 0].long(), found[:, 1], found[:, 2:6], found[:, 6:].reshape(-1, 5, 2)
    )


def split_batch(output: Tensor, pictures: int, anchors: int) -> Tensor:
    """Rows by picture, shape (pictures, places * anchors, numbers).

    Files whose outputs have no axis for the batch permute to rows, columns, batch: the pictures are
    interleaved in their outputs (places * pictures * anchors, numbers).
    """
    if output.ndim == 3:
        return output
    numbers = output.shape[-1]
    by_place = output.reshape(-1, pictures, anchors, numbers)
    return by_place.transpose(0, 1).reshape(pictures, -1, numbers)


@lru_cache(maxsize=16)
def anchor_grid(shape: tuple[int, int], outputs: int, device: torch.device) -> Tensor:
    """Column, row and stride in pixels of every anchor, shape (anchors, 3), level after level."""
    levels = []
    for stride in STRIDES[outputs]:
        steps = (
            torch.arange(side // stride, device=device, dtype=torch.float32) * stride
            for side in shape
        )
        rows, columns = torch.meshgrid(*steps, indexing="ij")
        places = torch.stack([columns, rows, torch.full_like(rows, stride)], dim=-1)
        levels.append(places.reshape(-1, 3).repeat_interleave(ANCHORS[outputs], dim=0))
    return torch.cat(levels)


def best(found: Candidates, pictures: int) -> list[Candidates]:
    """Of each picture the candidates that overlap no better one, by falling score.

    Greedy, as insightface does it: the best candidate stays, those that overlap it go, and so on; all
    pictures take each step together.
    """
    counts = torch.bincount(found.picture, minlength=pictures)
    row = torch.arange(len(found.picture)) - (counts.cumsum(0) - counts)[found.picture]
    width = int(counts.max()) if pictures else 0
    scores = torch.full((pictures, width), -1.0)
    boxes = torch.zeros(pictures, width, 4)
    source = torch.zeros(pictures, width, dtype=torch.int64)
    scores[found.picture, row] = found.scores
    boxes[found.picture, row] = found.boxes
    source[found.picture, row] = torch.arange(len(row))
    kept: list[list[int]] = [[] for _ in range(pictures)]
    while (left := (scores >= 0).any(dim=1).nonzero()[:, 0]).numel():
        top = scores[left].argmax(dim=1)  # the first of equals
        for picture, place in zip(left.tolist(), source[left, top].tolist(), strict=True):
            kept[picture].append(place)
        covered = _overlap(boxes[left, top][:, None], boxes[left]) > SAME_FACE_IOU
        covered[torch.arange(len(left)), top] = True
        scores[left] = scores[left].masked_fill(covered, -1.0)
    return [_taken(found, places) for places in kept]


def _overlap(one: Tensor, others: Tensor) -> Tensor:
    """Shared area over joint area; boxes end with the pixel of their far corner, as insightface's."""
    low = torch.maximum(one[..., :2], others[..., :2])
    high = torch.minimum(one[..., 2:], others[..., 2:])
    shared = (high - low + 1).clamp(min=0).prod(dim=-1)
    return shared / (_area(one) + _area(others) - shared)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2] + 1).prod(dim=-1)


def _taken(found: Candidates, places: Sequence[int]) -> Candidates:
    return Candidates(
        found.picture[places], found.scores[places], found.boxes[places], found.landmarks[places]
    )
