"""Face crops: a similarity transform of five landmarks to the model's template; and square regions of
an image. A door to OpenCV."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import CropTemplate
from videxpr.core.structures import Face, Floats, Image

LARGEST_REDUCTION: Final = 8


def similarity_transform(
    landmarks: NDArray[np.floating], template: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the similarity transform that brings landmarks nearest to a template, in least squares.

    Method: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991, for the plane and without reflection.

    Args:
        landmarks: (5, 2) points.
        template: (5, 2) points to which they belong.

    Returns:
        (2, 3) matrix [[a, -b, x], [b, a, y]].
    """
    source = landmarks.astype(np.float64)
    target = template.astype(np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centered_source, centered_target = source - source_mean, target - target_mean
    spread = max(float((centered_source**2).sum()), 1e-12)
    a = float((centered_source * centered_target).sum()) / spread
    cross = centered_source[:, 0] * centered_target[:, 1]
    cross -= centered_source[:, 1] * centered_target[:, 0]
    b = float(cross.sum()) / spread
    rotation = np.array([[a, -b], [b, a]])
    return np.column_stack([rotation, target_mean - rotation @ source_mean])


def invert(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of a (2, 3) transform."""
    back = np.linalg.inv(transform[:, :2])
    return np.column_stack([back, -back @ transform[:, 2]])


def transform_points(
    points: NDArray[np.floating], transform: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return points (N, 2) after a (2, 3) transform."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


def align_face(image: Image, landmarks: Floats, template: CropTemplate) -> Image:
    """Return the face at these landmarks, aligned to a template.

    It is warped from the full-resolution frame; a large face first to a whole multiple of the
    crop's size, then averaged down, since a bilinear warp alone would skip most of its pixels.
    What lies outside the frame is black.

    Args:
        image: the frame, (height, width, 3).
        landmarks: (5, 2) in its pixels.
        template: where the landmarks shall lie.

    Returns:
        (size, size, 3) uint8.
    """
    points = np.asarray(template.landmarks, dtype=np.float32)
    matrix = similarity_transform(landmarks, points)
    reduction = int(np.clip(1 / max(np.hypot(*matrix[:, 0]), 1e-6), 1, LARGEST_REDUCTION))
    if reduction > 1:
        # pixel centers: (x + 0.5) * reduction - 0.5
        matrix = matrix * reduction
        matrix[:, 2] += (reduction - 1) / 2
    side = template.size * reduction
    warped = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR)
    if reduction > 1:
        warped = cv2.resize(warped, (template.size, template.size), interpolation=cv2.INTER_AREA)
    return np.asarray(warped, dtype=np.uint8)


def square_around(face: Face, margin: float) -> tuple[NDArray[np.float64], float]:
    """Return corner (x, y) and side of the square around a face, `margin` longer sides of its box."""
    low, high = face.bbox[:2].astype(np.float64), face.bbox[2:].astype(np.float64)
    side = margin * max(float((high - low).max()), 1.0)
    return (low + high - side) / 2, side


def crop_square(image: Image, corner: NDArray[np.floating], side: float, size: int) -> Image:
    """Return a square of an image, brought to another size; what lies outside the image is black.

    Args:
        image: (height, width, 3).
        corner: x and y of the square's upper left corner, in pixels of the image.
        side: of the square, in pixels of the image.
        size: side of the result in pixels.

    Returns:
        (size, size, 3) uint8. Its point p shows what is at ``corner + (p + 0.5) * side / size - 0.5``.
    """
    scale = size / side
    x, y = scale * (0.5 - np.asarray(corner, dtype=np.float64)) - 0.5
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    warped = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, dtype=np.uint8)
