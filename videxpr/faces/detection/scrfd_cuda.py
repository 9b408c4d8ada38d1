"""SCRFD in torch, on the device that the other networks run on, batch by batch.

The network is built from the weights of the ONNX file, and finds what ONNX Runtime finds with it: the
same faces, boxes within a pixel, scores within a thousandth.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

import torch

from videxpr.core.auto_batch import AutoBatch
from videxpr.core.errors import DetectorError, DeviceError
from videxpr.core.files import sha256_of
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.detection.letterbox import fit_to_square, input_shape, letterbox
from videxpr.faces.detection.onnx_to_torch import Graph
from videxpr.faces.detection.packs import Pack
from videxpr.faces.detection.scrfd import (
    INPUT_SIZE,
    LARGEST_STRIDE,
    MIN_SCORE,
    RETRY_SIZES,
    ROI,
    WEAK_SCORE,
    search,
)
from videxpr.faces.detection.scrfd_decode import decode, suppress

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

SMALLEST_INPUT: Final = 128
"""Side of the input on which a file's network is tried when it is loaded, if it takes any."""


class ScrfdTorch:
    """One SCRFD model on one device of torch."""

    providers: tuple[str, ...] = ()
    sure_score = WEAK_SCORE
    roi: RegionOfInterest | None = None
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
