"""MTCNN (Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks", 2016) through facenet-pytorch, whose wheel carries the weights."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

import facenet_pytorch
import numpy as np
import torch
from torch.nn import functional

from videxpr.core.files import sha256_of
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.detector import RegionOfInterest
from videxpr.faces.detection.letterbox import stack_on
from videxpr.faces.detection.mtcnn_stages import SMALLEST_INPUT, Cascade

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

MIN_SCORE: Final = 0.9
SURE_SCORE: Final = 0.97
LARGEST_BATCH: Final = 16_000_000
"""Pixels that go through the networks together; they take about 20 bytes for each."""

ROI: Final = RegionOfInterest(margin=1.0, size=96)
"""Twice the side of O-Net's own input: pixels are averaged to it, as MTCNN does."""

WEIGHTS: Final = ("pnet.pt", "rnet.pt", "onet.pt")


class Mtcnn:
    """The three networks of MTCNN on one device."""

    name = "mtcnn"
    providers: tuple[str, ...] = ()
    sure_score = SURE_SCORE
    roi: RegionOfInterest | None = ROI

    def __init__(self, options: "DetectionOptions") -> None:
        """Load the networks.

        Args:
            options: which of its findings count, and where it runs.
        """
        # Its stages were never tried on Apple's GPUs.
        self.device = "cpu" if options.device.startswith("mps") else options.device
        self.min_face = options.min_face
        self.min_score = MIN_SCORE if options.min_score is None else options.min_score
        self.weights_sha256 = _weights_sha256()
        networks = facenet_pytorch.MTCNN(device=torch.device(self.device)).eval()
        # Pooling and small convolutions are quicker by far with a pixel's channels side by side.
        networks.to(memory_format=torch.channels_last)
        self._onet = networks.onet
        smallest = max(int(options.min_face), SMALLEST_INPUT)
        self._cascade = Cascade(networks.pnet, networks.rnet, networks.onet, smallest)

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of each image, best score first; images of one size share a batch."""
        found: list[list[Face]] = []
        for _, group in groupby(images, key=lambda image: image.shape):
            batch = list(group)
            height, width = batch[0].shape[:2]
            if min(height, width) < max(self.min_face, SMALLEST_INPUT):
                found += [[] for _ in batch]
                continue
            together = max(1, LARGEST_BATCH // (height * width))
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
        offsets, points, scores = self._onet((functional.avg_pool2d(pixels, 2) - 127.5) / 128)
        boxes = size * (torch.tensor([0.0, 0, 1, 1], device=self.device) + offsets)
        landmarks = size * points.unflatten(1, (2, 5)).transpose(1, 2)
        columns = (boxes.cpu().numpy(), landmarks.cpu().numpy(), scores[:, 1].tolist())
        return [
            Face(box, five, score) if score >= self.min_score else None
            for box, five, score in zip(*columns, strict=True)
        ]

    def _detect_batch(self, images: Sequence[Image]) -> list[list[Face]]:
        candidates, landmarks = self._cascade.detect(stack_on(images, torch.device(self.device)))
        found: list[list[Face]] = [[] for _ in images]
        columns = (candidates.images, candidates.boxes, landmarks, candidates.scores)
        for image, box, points, score in zip(*(one.cpu().numpy() for one in columns), strict=True):
            face = Face(box, points, float(score))
            if face.score >= self.min_score and face.shorter_side >= self.min_face:
                found[image].append(face)
        return [sorted(faces, key=lambda face: -face.score) for faces in found]


def _weights_sha256() -> str:
    folder = Path(facenet_pytorch.__file__).parent / "data"
    return sha256_of(*(folder / name for name in WEIGHTS))
