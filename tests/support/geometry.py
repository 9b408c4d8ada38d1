"""What tests of geometry share."""

import numpy as np

from videxpr.core.crop_template import ARCFACE
from videxpr.datasets.crops.geometry import Measurement

POINTS = np.array(ARCFACE.landmarks)


def shifted(points: np.ndarray, x: float, y: float) -> np.ndarray:
    return points + np.array([x, y])


def measurement(points=POINTS, scatter=0.5, size=112, count=60, folders=6) -> Measurement:
    """Points found with an error in each crop, which adds up to none."""
    rng = np.random.default_rng(0)
    errors = rng.normal(0, scatter, (count // 2, 5, 2))
    fitted = points + np.concatenate([errors, -errors])
    return Measurement(
        name="measured",
        size=size,
        detector="told",
        sampled=count + 5,
        found=count + 2,
        landmarks=shifted(fitted, 0, 2),
        fitted=fitted,
        people=np.arange(count) % folders,
        mean_crop=np.zeros((size, size, 3), np.uint8),
    )
