"""Non-maximum suppression, for every detector; the door to torchvision's."""

import torch
from torch import Tensor
from torchvision.ops import batched_nms


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
