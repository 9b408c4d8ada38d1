"""SCRFD in torch, on the device that the other networks run on, batch by batch.

The network is built from the weights of the ONNX file, and finds what ONNX Runtime finds with it: the
same faces, boxes within a pixel, scores within a thousandth.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from videxpr.core.auto_batch import AutoBatch
from videxpr.core.errors import DetectorError, DeviceError
from videxpr.core.files import sha256_of
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.candidates import Candidates, nms
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.detection.letterbox import fit_to_square, input_shape, letterbox
from videxpr.faces.detection.onnx_to_torch import Graph
from videxpr.faces.detection.packs import Pack
from videxpr.faces.detection.scrfd import (
    INPUT_SIZE,
    LARGEST_STRIDE,
    MIN_SCORE,
    ORIENTATION_ROI,
    RETRY_SIZES,
    ROI,
    SAME_FACE_IOU,
    STRIDES,
    WEAK_SCORE,
    search,
)

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

SMALLEST_INPUT: Final = 128
"""Side of the input on which a file's network is tried when it is loaded, if it takes any."""

ANCHORS: Final = {9: 2, 15: 1}
"""Anchors that share a place, by the number of outputs."""


class ScrfdTorch:
    """One SCRFD model on one device of torch."""

    providers: tuple[str, ...] = ()
    sure_score = WEAK_SCORE
    roi: RegionOfInterest | None = None
    orientation_roi: RegionOfInterest | None = ORIENTATION_ROI
    """Full frames go through the network batch by batch; one region after another would not."""

    def __init__(self, pack: Pack, options: "DetectionOptions") -> None:
        """Load the model, and try it.

        Args:
            pack: the model.
            options: which of its findings count, and where it runs.

        Raises:
            DetectorError: the file cannot be read, or is no SCRFD model with landmarks.
            DeviceError: the device cannot be used.
        """
        self.name = f"scrfd:{pack.name}"
        self.min_face = options.min_face
        self.min_score = MIN_SCORE if options.min_score is None else options.min_score
        self.device = options.device
        self._graph = Graph(pack.model).eval()
        self._device = _move_to(self._graph, options.device)
        self.weights_sha256 = sha256_of(pack.model)
        pinned = self._graph.input_side
        self._sides = (INPUT_SIZE, *RETRY_SIZES) if pinned is None else (pinned,)
        self._step = LARGEST_STRIDE.get(len(self._graph.outputs)) if pinned is None else None
        self._batches = AutoBatch("detection")
        self._check_network(pack, pinned or SMALLEST_INPUT)

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of each image, best score first; retries share a batch too."""
        return search(self.detect_at, images, self._sides, self.min_face)

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """Return the face in the middle of each region of interest."""
        return [most_central(faces, ROI.size) for faces in self.detect_at(rois, ROI.size)]

    def detect_at(self, images: Sequence[Image], side: int) -> list[list[Face]]:
        """Return the faces of each image, however small, best score first.

        Args:
            images: of any sizes; those of one size that follow each other go through together.
            side: of the network's square input in pixels, a multiple of 32.

        Raises:
            DetectorError: the device's memory is too small for a single image.
        """
        found: list[list[Face]] = []
        try:
            for _, alike in groupby(images, key=lambda image: image.shape):
                found += self._batches.run(list(alike), lambda part: self._run(part, side))
        except torch.OutOfMemoryError as exc:
            raise DetectorError(
                f"the memory of {self.device} is too small for {self.name} on one image; something "
                "else may fill it: choose another device, or --device cpu"
            ) from exc
        return found

    @torch.inference_mode()
    def _run(self, images: Sequence[Image], side: int) -> list[list[Face]]:
        shape = input_shape(images[0], side, self._step or side)
        outputs = self._graph(letterbox(images, side, shape, self._device))
        scale = fit_to_square(images[0], side)[2]
        return suppress(decode(outputs, len(images), shape, scale, self.min_score), len(images))

    @torch.inference_mode()
    def _check_network(self, pack: Pack, side: int) -> None:
        """Refuse other networks at once: two images must come out as two."""
        pixels = torch.zeros(2, 3, side, side, device=self._device)
        try:
            outputs = self._graph(pixels)
            decode(outputs, 2, (side, side), 1.0, 0.0)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, LookupError) as exc:  # shapes that do not fit
            raise DetectorError(f"{pack.model} is no SCRFD model with landmarks ({exc})") from exc


def _move_to(graph: Graph, name: str) -> torch.device:
    """Move the weights to a device, and return it."""
    try:
        device = torch.device(name)
        graph.to(device)
    except (RuntimeError, AssertionError) as exc:  # torch's, without a GPU and without CUDA
        reason = str(exc).partition("\n")[0]
        raise DeviceError(f"face detection cannot run on {name}: {reason}") from exc
    if device.type == "cuda":
        # Shortened to TF32, convolutions move scores by more than a thousandth.
        torch.backends.cudnn.allow_tf32 = False
    return device


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
