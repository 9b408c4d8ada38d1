"""What was measured on crops, what it says about their geometry, and a picture of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.structures import Image
from videxpr.faces.align import similarity_transform
from videxpr.video.images import Marks, draw_marks, resize, write_png

AGREEING: Final = 1.5 / 112
"""Crops whose points lie nearer to ArcFace's than this share of their side follow its geometry: two
detectors differ by 1 pixel of 112, and one by half a pixel from itself on the whole picture."""

LOOSE: Final = 2.3 / 112
"""Crops that scatter by more than this share of their side were not aligned by landmarks. Aligned
ones scatter by 0.7 to 1.1 pixels of 112 (1.8 if they were 48 pixels once), detectors' boxes by 2.8."""

PLOT_SIDE: Final = 560
GREEN: Final = (0, 230, 0)
RED: Final = (255, 40, 40)
WHITE: Final = (255, 255, 255)


@dataclass(frozen=True)
class Similarity:
    """How to get from ArcFace's geometry to the measured one.

    Attributes:
        scale: factor around the middle of the five points.
        degrees: rotation, clockwise as the viewer sees it.
        shift: x and y of the middle of the five points, in pixels of the crop.
    """

    scale: float
    degrees: float
    shift: tuple[float, float]


@dataclass(frozen=True)
class Measurement:
    """The landmarks in a sample of crops.

    Attributes:
        name: what the measured geometry is called.
        size: side of the crops in pixels; all other lengths are in these pixels.
        detector: that found the landmarks.
        sampled: number of crops that were looked at.
        found: number of them in which a face was found.
        landmarks: (N, 5, 2) where they lie, false detections set aside.
        fitted: (N, 5, 2) ArcFace's points, brought by each crop's best similarity to its landmarks.
        people: (N,) number of the folder, which stands for a person.
        mean_crop: the mean of these crops, (size, size, 3) uint8.
    """

    name: str
    size: int
    detector: str
    sampled: int
    found: int
    landmarks: NDArray[np.float64]
    fitted: NDArray[np.float64]
    people: NDArray[np.int64]
    mean_crop: Image

    @property
    def set_aside(self) -> int:
        """Return the number of crops in which something was found that is not like in the others."""
        return self.found - len(self.landmarks)

    @property
    def folders(self) -> int:
        """Return the number of folders that the crops are from."""
        return len(np.unique(self.people))

    @property
    def reference(self) -> NDArray[np.float64]:
        """Return (5, 2) ArcFace's points at the crops' size."""
        return np.array(ARCFACE.resized(self.size).landmarks)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Return (5, 2) the mean of the landmarks."""
        return np.asarray(self.landmarks.mean(axis=0))

    @property
    def spread(self) -> NDArray[np.float64]:
        """Return (5, 2) the standard deviation of the landmarks."""
        return np.asarray(self.landmarks.std(axis=0))

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Return (5, 2) the measured points."""
        return np.asarray(self.fitted.mean(axis=0))

    @property
    def template(self) -> CropTemplate:
        """Return the measured geometry, to a thousandth of a pixel."""
        points = tuple((round(float(x), 3), round(float(y), 3)) for x, y in self.points)
        return CropTemplate(self.name, self.size, points)

    @property
    def displacement(self) -> NDArray[np.float64]:
        """Return (5, 2) from ArcFace's points to the measured ones."""
        return self.points - self.reference

    @property
    def distance(self) -> float:
        """Return the length of the longest of these displacements."""
        return float(np.linalg.norm(self.displacement, axis=1).max())

    @property
    def similarity(self) -> Similarity:
        """Return the same displacements as scale, rotation and shift."""
        transform = similarity_transform(self.reference, self.points)
        x, y = self.displacement.mean(axis=0)
        return Similarity(
            scale=float(np.hypot(*transform[:, 0])),
            degrees=float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0]))),
            shift=(float(x), float(y)),
        )

    @property
    def scatter(self) -> float:
        """Return how far a crop's points are from the measured ones, as the median over the crops."""
        distances = np.linalg.norm(self.fitted - self.points, axis=2).mean(axis=1)
        return float(np.median(distances))

    @property
    def uncertainty(self) -> float | None:
        """Return the standard error of the points, from how folders differ; None with one folder."""
        if self.folders < 2:
            return None
        means = [self.fitted[self.people == one].mean(axis=0) for one in np.unique(self.people)]
        error = np.std(means, axis=0, ddof=1) / np.sqrt(len(means))
        return float(np.linalg.norm(error, axis=1).max())

    @property
    def aligned(self) -> bool:
        """Return whether the crops were aligned to one geometry, whichever it is."""
        return self.scatter <= LOOSE * self.size

    @property
    def agrees(self) -> bool:
        """Return whether that is ArcFace's geometry, as far as can be told."""
        return self.aligned and self.distance <= AGREEING * self.size

    @property
    def verdict(self) -> str:
        """Return all this in a sentence or two."""
        if not self.aligned:
            return (
                f"the crops follow no geometry: the points of a crop are {self.scatter:.1f} pixels "
                "away from the mean ones; they were not aligned by landmarks"
            )
        if self.agrees:
            return f"the crops agree with ArcFace's geometry within {self.distance:.1f} pixels"
        fit = self.similarity
        return (
            f"the crops do not follow ArcFace's geometry: points lie up to {self.distance:.1f} pixels "
            f"from its own (shifted by {fit.shift[0]:+.1f}, {fit.shift[1]:+.1f}, scaled by "
            f"{fit.scale:.3f}, rotated by {fit.degrees:.1f} degrees)"
        )


def write_plot(path: Path, measured: Measurement) -> None:
    """Write the mean crop with ArcFace's points and the measured ones as PNG, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    scale = PLOT_SIDE / measured.size
    groups = [
        Marks("ArcFace's geometry", (measured.reference + 0.5) * scale - 0.5, GREEN),
        Marks(f"geometry {measured.name}", (measured.points + 0.5) * scale - 0.5, RED),
        Marks("landmarks, mean", (measured.mean + 0.5) * scale - 0.5, WHITE),
    ]
    write_png(path, draw_marks(resize(measured.mean_crop, PLOT_SIDE, PLOT_SIDE), groups))
