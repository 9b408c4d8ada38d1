"""What every face detector offers, and how it wants to see a face that it refines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from videxpr.core.structures import Face, Image


@dataclass(frozen=True)
class RegionOfInterest:
    """The square around a face in which a detector refines it.

    Attributes:
        margin: side of the square, in longer sides of the face's box.
        size: side in pixels to which that square is brought.
    """

    margin: float
    size: int


class Detector(Protocol):
    """A face detector.

    Attributes:
        name: the detector and its pack, e.g. ``scrfd:buffalo_sc``.
        weights_sha256: hash of the weights.
        device: where it really runs.
        providers: ONNX Runtime's execution providers that its session got, first choice first; empty
            where torch does the work.
        min_score: faces with less are not reported.
        min_face: faces whose shorter side is less, in pixels, are not reported.
        sure_score: a score that true faces reach sooner or later, and false ones hardly ever.
        roi: how it wants to see a face that it refines; None if detection in the full frame costs no
            more.
        orientation_roi: how it tells best which way up a face is; None if it is not to be asked.
    """

    name: str
    weights_sha256: str
    device: str
    providers: tuple[str, ...]
    min_score: float
    min_face: float
    sure_score: float
    roi: RegionOfInterest | None
    orientation_roi: RegionOfInterest | None

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of each image, best score first, in pixels of the image."""
        ...

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """Return the face in the middle of each region of interest; None where there is none.

        Args:
            rois: (size, size, 3) each, with the size of `roi`; boxes and landmarks are in its pixels.
        """
        ...


def most_central(faces: Sequence[Face], size: int) -> Face | None:
    """Return the face whose box is nearest to the middle of a square image; None if there is none."""
    middle = size / 2
    return min(
        faces,
        key=lambda face: float(np.hypot(*((face.bbox[:2] + face.bbox[2:]) / 2 - middle))),
        default=None,
    )
