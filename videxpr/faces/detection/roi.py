"""Pictures of a face's surroundings, in which a detector finds it again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videxpr.core.structures import Face


@dataclass(frozen=True)
class RegionOfInterest:
    """How a detector wants to see the surroundings of a face that it is to find again.

    Attributes:
        margin: side of the square around the face, in longer sides of the face's box.
        size: side in pixels to which that square is brought.
    """

    margin: float
    size: int


def most_central(faces: Sequence[Face], size: int) -> Face | None:
    """The face whose box is nearest to the middle of a square picture; None if there is none."""
    middle = size / 2
    return min(
        faces,
        key=lambda face: float(np.hypot(*((face.bbox[:2] + face.bbox[2:]) / 2 - middle))),
        default=None,
    )
