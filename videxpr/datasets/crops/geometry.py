"""What was measured on crops, and what it says about their geometry."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.structures import Image
from videxpr.faces.align import similarity_transform

AGREEING: Final = 1.5 / 112
"""Crops whose points lie nearer to ArcFace's than this share of their side follow its template: two
detectors differ by 1 pixel of 112, and one by half a pixel from itself on the whole picture."""

LOOSE: Final = 2.3 / 112
"""Crops that scatter by more than this share of their side were not aligned to a template. Aligned
ones scatter by 0.7 to 1.1 pixels of 112 (1.8 if they were 48 pixels once), detectors' boxes by 2.8."""


@dataclass(frozen=True)
class Similarity:
    """How to get from ArcFace's template to the measured one.

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
        name: what the measured template is called.
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
        """Crops in which something was found that is not like in the others."""
        return self.found - len(self.landmarks)

    @property
    def folders(self) -> int:
        """Number of folders that the crops are from."""
        return len(np.unique(self.people))

    @property
    def reference(self) -> NDArray[np.float64]:
        """(5, 2) ArcFace's points at the crops' size."""
        return np.array(ARCFACE.resized(self.size).landmarks)

    @property
    def mean(self) -> NDArray[np.float64]:
        """(5, 2) mean of the landmarks."""
        return np.asarray(self.landmarks.mean(axis=0))

    @property
    def spread(self) -> NDArray[np.float64]:
        """(5, 2) standard deviation of the landmarks."""
        return np.asarray(self.landmarks.std(axis=0))

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """(5, 2) the measured template."""
        return np.asarray(self.fitted.mean(axis=0))

    @property
    def template(self) -> CropTemplate:
        """The measured template, to a thousandth of a pixel."""
        points = tuple((round(float(x), 3), round(float(y), 3)) for x, y in self.points)
        return CropTemplate(self.name, self.size, points)

    @property
    def displacement(self) -> NDArray[np.float64]:
        """(5, 2) from ArcFace's points to the measured ones."""
        return self.points - self.reference

    @property
    def distance(self) -> float:
        """The longest of these displacements."""
        return float(np.linalg.norm(self.displacement, axis=1).max())

    @property
    def similarity(self) -> Similarity:
        """The same displacements as scale, rotation and shift."""
        transform = similarity_transform(self.reference, self.points)
        x, y = self.displacement.mean(axis=0)
        return Similarity(
            scale=float(np.hypot(*transform[:, 0])),
            degrees=float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0]))),
            shift=(float(x), float(y)),
        )

    @property
    def scatter(self) -> float:
        """How far the points of a crop are from the measured ones, as the median over the crops."""
        apart = np.linalg.norm(self.fitted - self.points, axis=2).mean(axis=1)
        return float(np.median(apart))

    @property
    def uncertainty(self) -> float | None:
        """Standard error of the measured points, from how folders differ; None with one folder."""
        if self.folders < 2:
            return None
        means = [self.fitted[self.people == one].mean(axis=0) for one in np.unique(self.people)]
        error = np.std(means, axis=0, ddof=1) / np.sqrt(len(means))
        return float(np.linalg.norm(error, axis=1).max())

    @property
    def aligned(self) -> bool:
        """Whether the crops were aligned to one template, whichever it is."""
        return self.scatter <= LOOSE * self.size

    @property
    def agrees(self) -> bool:
        """Whether that is ArcFace's template, as far as can be told."""
        return self.aligned and self.distance <= AGREEING * self.size

    @property
    def verdict(self) -> str:
        """All this in a sentence or two."""
        if not self.aligned:
            return (
                f"the crops follow no template: the points of a crop are {self.scatter:.1f} pixels "
                "away from the mean ones; they were not aligned by landmarks"
            )
        if self.agrees:
            return f"the crops agree with ArcFace's template within {self.distance:.1f} pixels"
        fit = self.similarity
        return (
            f"the crops do not follow ArcFace's template: points lie up to {self.distance:.1f} pixels "
            f"from its own (shifted by {fit.shift[0]:+.1f}, {fit.shift[1]:+.1f}, scaled by "
            f"{fit.scale:.3f}, turned by {fit.degrees:.1f} degrees)"
        )
