"""From what SCRFD's network computes to boxes and landmarks, for a batch of images."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from videxpr.core.structures import Face
from videxpr.faces.detection.candidates import Candidates, nms

STRIDES: Final = {9: (8, 16, 32), 15: (8, 16, 32, 64, 128)}
"""Pixels between anchors on each level, by the number of the network's outputs."""

ANCHORS: Final = {9: 2, 15: 1}
"""Anchors that share a place, by the number of outputs."""

SAME_FACE_IOU: Final = 0.4


def decode(
    outputs: Sequence[Tensor],
    images: int,
    shape: tuple[int, int],
    scale: float,
    min_score: float,
) -> Candidates:
    """Return the anchors of at least a score, on the CPU: few numbers, copied in one go.

    Args:
        outputs: the network's: by level scores (1 number an anchor), then distances to the sides of
            the box (4), then offsets of the landmarks (10).
        images: number of images in the batch.
        shape: rows and columns of the input.
        scale: pixels of the input for one of an image.
        min_score: the least score, in [0, 1].
    """
    count = len(outputs)
    grid = anchor_grid(shape, count, outputs[0].device)  # (anchors, 3)
    levels = count // 3
    scores, distances, offsets = (
        torch.cat(
            [split_batch(one, images, ANCHORS[count]) for one in outputs[first : first + levels]],
            dim=1,
        )
        for first in range(0, count, levels)
    )
    image, anchor = torch.nonzero(scores[..., 0] >= min_score, as_tuple=True)
    place = grid[anchor]
    center, stride = place[:, :2], place[:, 2:]
    reach = distances[image, anchor] * stride
    corners = torch.cat([center - reach[:, :2], center + reach[:, 2:]], dim=1)
    points = center.repeat(1, 5) + offsets[image, anchor] * stride
    pixels = torch.cat([corners, points], dim=1) / scale
    found = torch.cat([image[:, None], scores[image, anchor], pixels], dim=1).cpu()
    return Candidates(
        found[:, 0].long(), found[:, 2:6], found[:, 1], found[:, 6:].reshape(-1, 5, 2)
    )


def split_batch(output: Tensor, images: int, anchors: int) -> Tensor:
    """Return an output by image, (images, places * anchors, numbers).

    Files whose outputs have no axis for the batch permute to rows, columns, batch: the images are
    interleaved in their outputs (places * images * anchors, numbers).
    """
    if output.ndim == 3:
        return output
    numbers = output.shape[-1]
    by_place = output.reshape(-1, images, anchors, numbers)
    return by_place.transpose(0, 1).reshape(images, -1, numbers)


@lru_cache(maxsize=16)
def anchor_grid(shape: tuple[int, int], outputs: int, device: torch.device) -> Tensor:
    """Return column, row and stride in pixels of every anchor, (anchors, 3), level after level."""
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


def suppress(found: Candidates, images: int) -> list[list[Face]]:
    """Return the faces of each image that overlap no better one, best score first."""
    # insightface's boxes end with the pixel of their far corner
    boxes = found.boxes + torch.tensor([0.0, 0, 1, 1])
    kept = nms(boxes, found.scores, found.images, SAME_FACE_IOU)
    return found.select(kept).faces(images)
