"""Where the five landmarks of a face lie in an aligned crop: the crop geometry."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class CropTemplate:
    """The geometry of aligned crops: where the five landmarks lie in them.

    Attributes:
        name: what the geometry is called, e.g. ``"arcface"``.
        size: side of the square crop in pixels.
        landmarks: five (x, y) points in pixels of the crop: right eye, left eye, nose tip, right
            and left corner of the mouth; "right" is the person's own, the left one in the picture.
    """

    name: str
    size: int
    landmarks: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.landmarks) != 5 or any(len(point) != 2 for point in self.landmarks):
            raise ValueError(f"a crop template has five (x, y) landmarks, not {self.landmarks!r}")

    def resized(self, size: int) -> "CropTemplate":
        """Return the template of the same crops, resized to another side in pixels."""
        if size == self.size:
            return self
        # pixel centers: a pixel covers half a unit on either side of its number
        scale = size / self.size
        points = tuple(
            ((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for x, y in self.landmarks
        )
        return CropTemplate(f"{self.name} at {size}", size, points)


ARCFACE: Final = CropTemplate(
    name="arcface",
    size=112,
    landmarks=(
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ),
)
"""The template of ArcFace (Deng et al., CVPR 2019) at 112 x 112."""

UNVERIFIED: Final = replace(ARCFACE, name="unverified")
"""Stands for crops that somebody else made and nobody measured: ArcFace's template is assumed."""
