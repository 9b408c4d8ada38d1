"""SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR
2022) through insightface and ONNX Runtime, on the CPU."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from insightface.model_zoo.scrfd import SCRFD

from videxpr.core.errors import DetectorError
from videxpr.core.files import sha256_of
from videxpr.core.onnx_runtime import open_session, session_providers
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.candidates import nms
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.detection.letterbox import input_shape
from videxpr.faces.detection.opencv import to_bgr
from videxpr.faces.detection.packs import MIN_SCORES, Pack

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

INPUT_SIZE: Final = 640
RETRY_SIZES: Final = (320, 160)
"""Inputs tried next when nothing is found or the best score is weak: a face that fills the frame is
larger than the network's largest anchors at 640."""

WEAK_SCORE: Final = 0.65
SAME_FACE_IOU: Final = 0.4
MIN_SCORE: Final = MIN_SCORES["scrfd"]
ROI: Final = RegionOfInterest(margin=1.4, size=160)
"""Larger squares and finer images place the landmarks no better: docs/log/performance.md."""

ORIENTATION_ROI: Final = RegionOfInterest(margin=2.2, size=160)
"""In larger squares scores of upright and of turned faces lie farther apart: docs/log/identity.md."""

STRIDES: Final = {9: (8, 16, 32), 15: (8, 16, 32, 64, 128)}
"""Pixels between anchors on each level, by the number of the network's outputs."""

LARGEST_STRIDE: Final = {outputs: strides[-1] for outputs, strides in STRIDES.items()}
"""Pixels between anchors of the last level, by the number of outputs of networks with landmarks."""


class Scrfd:
    """One SCRFD model on the CPU, its input size pinned."""

    sure_score = WEAK_SCORE
    roi: RegionOfInterest | None = ROI
    orientation_roi: RegionOfInterest | None = ORIENTATION_ROI

    def __init__(self, pack: Pack, options: "DetectionOptions") -> None:
        """Load the model.

        Args:
            pack: the model.
            options: which of its findings count, and how many threads it takes.

        Raises:
            DetectorError: the file cannot be read, or is no SCRFD model with landmarks.
        """
        self.name = f"scrfd:{pack.name}"
        self.min_face = options.min_face
        self.min_score = MIN_SCORE if options.min_score is None else options.min_score
        try:
            self.weights_sha256 = sha256_of(pack.model)
            session = open_session(pack.model, options.threads, options.device)
            self._model = SCRFD(model_file=str(pack.model), session=session)
        except Exception as exc:  # ONNX Runtime's errors share no base class
            raise DetectorError(f"cannot load the detector {pack.model}: {exc}") from exc
        stride = LARGEST_STRIDE.get(len(session.get_outputs()))
        if stride is None:
            raise DetectorError(f"{pack.model} is no SCRFD model with landmarks")
        self._step = stride
        self._model.prepare(0, det_thresh=self.min_score)
        self.providers = session_providers(session)
        self.device = self.providers[0].removesuffix("ExecutionProvider").lower()

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of each image, best score first."""
        return search(self.detect_at, images, (INPUT_SIZE, *RETRY_SIZES), self.min_face)

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """Return the face in the middle of each region of interest."""
        return [most_central(faces, ROI.size) for faces in self.detect_at(rois, ROI.size)]

    def detect_at(self, images: Sequence[Image], side: int) -> list[list[Face]]:
        """Return the faces of each image that the network finds at one input size, however small."""
        found = []
        for image in images:
            height, width = input_shape(image, side, self._step)
            boxes, landmarks = self._model.detect(to_bgr(image), input_size=(width, height))
            rows = zip(boxes.astype(np.float32), landmarks.astype(np.float32), strict=True)
            found.append([Face(box[:4], five, float(box[4])) for box, five in rows])
        return found


def search(
    detect_at: Callable[[Sequence[Image], int], list[list[Face]]],
    images: Sequence[Image],
    sides: Sequence[int],
    min_face: float,
) -> list[list[Face]]:
    """Return the faces of each image, best score first.

    Args:
        detect_at: returns what the network finds in images, brought to an input of that side.
        images: of any sizes.
        sides: of the inputs; the next is tried for images whose best score is weak.
        min_face: smaller faces are left out, in pixels of the image.
    """
    faces: list[list[Face]] = [[] for _ in images]
    pending = [n for n, image in enumerate(images) if can_hold_a_face(image, min_face)]
    for side in sides:
        found = detect_at([images[n] for n in pending], side)
        for number, more in zip(pending, found, strict=True):
            faces[number] = merge_faces(faces[number] + more)
        pending = [n for n in pending if not faces[n] or faces[n][0].score < WEAK_SCORE]
    return [[one for one in each if one.shorter_side >= min_face] for each in faces]


def can_hold_a_face(image: Image, min_face: float) -> bool:
    """Return whether an image is large enough, and not too long for the smallest input."""
    short, long = sorted(image.shape[:2])
    return bool(short >= max(min_face, 1) and short * RETRY_SIZES[-1] >= long)


def merge_faces(faces: Sequence[Face]) -> list[Face]:
    """Return the faces of one image, found at several input sizes, each once, best score first."""
    if len(faces) < 2:
        return list(faces)
    boxes = torch.from_numpy(np.stack([face.bbox for face in faces]))
    scores = torch.tensor([face.score for face in faces])
    kept = nms(boxes, scores, torch.zeros(len(faces), dtype=torch.int64), SAME_FACE_IOU)
    return [faces[row] for row in kept.tolist()]
