"""SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR
2022) through insightface and ONNX Runtime, on the CPU."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from insightface.model_zoo.scrfd import SCRFD

from videxpr.core.errors import DetectorError
from videxpr.core.files import sha256_of
from videxpr.core.onnx_runtime import open_session, session_providers
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.detection.letterbox import input_shape
from videxpr.faces.detection.opencv import bgr_of
from videxpr.faces.detection.packs import Pack
from videxpr.faces.detection.scrfd_decode import STRIDES

if TYPE_CHECKING:
    from videxpr.faces.options import DetectionOptions

INPUT_SIZE: Final = 640
RETRY_SIZES: Final = (320, 160)
"""Inputs tried next when nothing is found or the best score is weak: a face that fills the frame is
larger than the network's largest anchors at 640."""

WEAK_SCORE: Final = 0.65
MIN_SCORE: Final = 0.5
CLOSE_UP: Final = RegionOfInterest(margin=1.4, size=160)
"""Larger squares and finer pictures place the landmarks no better; docs/performance.md has figures."""

SAME_FACE_IOU: Final = 0.4
LARGEST_STRIDE: Final = {outputs: strides[-1] for outputs, strides in STRIDES.items()}
"""Pixels between anchors of the last level, by the number of outputs of networks with landmarks."""


class Scrfd:
    """One SCRFD model on the CPU, its input size pinned."""

    sure_score = WEAK_SCORE
    roi: RegionOfInterest | None = CLOSE_UP

    def __init__(self, pack: Pack, options: "DetectionOptions") -> None:
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
        """Faces of each image, best score first."""
        return [self._faces(image) for image in images]

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """The face in the middle of each close-up."""
        return [most_central(self._search(bgr_of(one), len(one)), len(one)) for one in rois]

    def _faces(self, image: Image) -> list[Face]:
        short, long = sorted(image.shape[:2])
        if short < max(self.min_face, 1) or short * RETRY_SIZES[-1] < long:
            return []
        bgr = bgr_of(image)
        faces: list[Face] = []
        for size in (INPUT_SIZE, *RETRY_SIZES):
            faces = nms(faces + self._search(bgr, size))
            if faces and faces[0].score >= WEAK_SCORE:
                break
        return [face for face in faces if face.shorter_side >= self.min_face]

    def _search(self, bgr: Image, size: int) -> list[Face]:
        rows, columns = input_shape(bgr, size, self._step)
        boxes, landmarks = self._model.detect(bgr, input_size=(columns, rows))
        return [
            Face(box[:4].astype(np.float32), points.astype(np.float32), float(box[4]))
            for box, points in zip(boxes, landmarks, strict=True)
        ]


def nms(faces: list[Face]) -> list[Face]:
    """Faces by falling score, those that overlap a better one left out."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(face.iou(other) < SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept
