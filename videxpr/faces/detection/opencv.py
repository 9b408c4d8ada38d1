"""What OpenCV does quickest to the pictures that are searched."""

import cv2
import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Image


def bgr_of(image: Image) -> Image:
    """The colors in insightface's order; NumPy takes ten times as long to turn them."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def write_sums(image: Image, sums: NDArray[np.int32]) -> None:
    """Write into sums (height + 1, width + 1, 3) those of all pixels above and to the left.

    In very large pictures they overflow and wrap, which their differences do not feel.
    """
    cv2.integral(image, sums, cv2.CV_32S)
