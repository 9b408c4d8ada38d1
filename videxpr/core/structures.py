"""The small values that travel between the stages. All are frozen; none holds more than data."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB pixels, shape (height, width, 3), uint8."""

Floats = NDArray[np.float32]
"""Measurements in single precision, of any shape; their docstrings say which."""

Integers = NDArray[np.int64]
"""Labels, indices and counts."""

Times = NDArray[np.float64]
"""Times in seconds, shape (frames,), double precision; NaN where a frame has none."""


@dataclass(frozen=True)
class Frame:
    """One decoded frame.

    Attributes:
        index: 0-based position among the frames that decode, in presentation order.
        pts_seconds: presentation time in seconds on the stream's own time base, NaN if it has none.
        image: (height, width, 3) uint8, upright RGB pixels in display shape (square pixels).
        duration_seconds: for which it is shown, as the file states it; NaN if it does not.
    """

    index: int
    pts_seconds: float
    image: Image
    duration_seconds: float = math.nan


@dataclass(frozen=True)
class Face:
    """One face in one frame, in displayed pixels.

    Attributes:
        bbox: (4,) x1, y1, x2, y2; may reach outside the frame.
        landmarks: (5, 2), points (x, y) in the order of `CropTemplate`: right eye, left eye, nose tip,
            right and left corner of the mouth; "right" is the person's own.
        score: the detector's confidence in [0, 1].
    """

    bbox: Floats
    landmarks: Floats
    score: float

    def __post_init__(self) -> None:
        if self.bbox.shape != (4,) or self.landmarks.shape != (5, 2):
            raise ValueError(
                f"a face has a bbox of shape (4,) and landmarks of shape (5, 2), "
                f"not {self.bbox.shape} and {self.landmarks.shape}"
            )

    @property
    def area(self) -> float:
        """Return the area of the box in square pixels."""
        x1, y1, x2, y2 = self.bbox
        return float(max(x2 - x1, 0) * max(y2 - y1, 0))

    @property
    def shorter_side(self) -> float:
        """Return the shorter side of the box in pixels."""
        x1, y1, x2, y2 = self.bbox
        return float(min(x2 - x1, y2 - y1))

    def iou(self, other: "Face") -> float:
        """Return the area of the two boxes' intersection over that of their union, in [0, 1]."""
        low = np.maximum(self.bbox[:2], other.bbox[:2])
        high = np.minimum(self.bbox[2:], other.bbox[2:])
        shared = float(np.prod(np.clip(high - low, 0, None)))
        return shared / max(self.area + other.area - shared, 1e-9)
