"""SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR
2022) through insightface and ONNX Runtime, on the CPU."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from insightface.model_zoo.scrfd import SCRFD

from videxpr.core.errors import DetectorError
from videxpr.core.files import sha256_of
from videxpr.core.onnx_runtime import open_session, session_providers
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.detection.letterbox import input_shape
from videxpr.faces.detection.nms import nms
from videxpr.faces.detection.opencv import to_bgr
from videxpr.faces.detection.packs import Pack
from videxpr.faces.detection.scrfd_decode import SAME_FACE_IOU, STRIDES

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

INPUT_SIZE: Final = 640
RETRY_SIZES: Final = (320, 160)
"""Inputs tried next when nothing is found or the best score is weak: a face that fills the frame is
larger than the network's largest anchors at 640."""

WEAK_SCORE: Final = 0.65
MIN_SCORE: Final = 0.5
ROI: Final = RegionOfInterest(margin=1.4, size=160)
"""Larger squares and finer images place the landmarks no better: docs/log/performance.md."""

LARGEST_STRIDE: Final = {outputs: strides[-1] for outputs, strides in STRIDES.items()}
"""Pixels between anchors of the last level, by the number of outputs of networks with landmarks."""


class Scrfd:
    """One SCRFD model on the CPU, its input size pinned."""

    sure_score = WEAK_SCORE
    roi: RegionOfInterest | None = ROI

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
        return [self._detect_one(image) for image in images]

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """Return the face in the middle of each region of interest."""
        return [most_central(self._run(to_bgr(one), len(one)), len(one)) for one in rois]

    def _detect_one(self, image: Image) -> list[Face]:
        if not can_hold_a_face(image, self.min_face):
            return []
        bgr = to_bgr(image)
        faces: list[Face] = []
        for size in (INPUT_SIZE, *RETRY_SIZES):
            faces = merge_faces(faces + self._run(bgr, size))
            if faces and faces[0].score >= WEAK_SCORE:
                break
        return [face for face in faces if face.shorter_side >= self.min_face]

    def _run(self, bgr: Image, size: int) -> list[Face]:
        """Return the faces that the network finds at one input size, however small."""
        rows, columns = input_shape(bgr, size, self._step)
        boxes, landmarks = self._model.detect(bgr, input_size=(columns, rows))
        return [
            Face(box[:4].astype(np.float32), points.astype(np.float32), float(box[4]))
            for box, points in zip(boxes, landmarks, strict=True)
        ]


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
