"""Alignment against scikit-image, and on pictures with a dot at every landmark."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.faces.align import align_face, invert, similarity_transform, transform_points

TEMPLATE = np.array(ARCFACE.landmarks, dtype=np.float32)
COLORS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)], np.uint8)

coordinates = st.integers(-800, 8000).map(lambda quarter: quarter / 4)
landmarks_anywhere = st.lists(st.tuples(coordinates, coordinates), min_size=5, max_size=5).map(
    lambda points: np.array(points, dtype=np.float32)
)


@given(landmarks_anywhere)
def test_the_transform_agrees_with_scikit_image(landmarks: np.ndarray) -> None:
    assume(np.linalg.matrix_rank(landmarks - landmarks.mean(axis=0), tol=1) == 2)
    reference = SimilarityTransform.from_estimate(
        landmarks.astype(np.float64), TEMPLATE.astype(np.float64)
    )
    assume(bool(reference))
    matrix = similarity_transform(landmarks, TEMPLATE)
    assert matrix.shape == (2, 3)
    corners = np.array([[0, 0, 1], [2000, 0, 1], [0, 2000, 1]], np.float64).T
    np.testing.assert_allclose(
        matrix @ corners, reference.params[:2] @ corners, rtol=1e-6, atol=1e-4
    )


@given(landmarks_anywhere)
def test_the_transform_is_finite_even_for_points_in_one_place(landmarks: np.ndarray) -> None:
    assert np.isfinite(similarity_transform(landmarks, TEMPLATE)).all()
    assert np.isfinite(similarity_transform(np.repeat(landmarks[:1], 5, axis=0), TEMPLATE)).all()


def test_landmarks_that_are_the_template_are_left_where_they_are() -> None:
    np.testing.assert_allclose(similarity_transform(TEMPLATE, TEMPLATE), np.eye(3)[:2], atol=1e-9)
    picture = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    np.testing.assert_array_equal(align_face(picture, TEMPLATE, ARCFACE), picture)


def face_in_picture(scale: float, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks of a face `scale` times as large as the crop, and a black picture around it."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    side = int(150 * scale)
    centered = (TEMPLATE - 55.5) @ turn.T * scale
    return (centered + (side - 1) / 2).astype(np.float32), np.zeros((side, side, 3), np.uint8)


def draw_dot(picture: np.ndarray, center: np.ndarray, radius: float, color: np.ndarray) -> None:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - center[0], rows - center[1])
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    picture[:] = np.round(picture * (1 - cover) + color * cover)


def centroid(crop: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Center of gravity (x, y) of what is bright within 8 pixels of a point."""
    rows, columns = np.mgrid[:112, :112]
    close = np.hypot(columns - near[0], rows - near[1]) < 8
    weight = crop.astype(np.float64).sum(axis=2) * close
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("degrees", [0, -20, 90])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7, 2.5, 5.0, 11.3])
def test_dots_at_the_landmarks_come_to_the_template(scale: float, degrees: float) -> None:
    landmarks, picture = face_in_picture(scale, degrees)
    for point, color in zip(landmarks, COLORS, strict=True):
        draw_dot(picture, point, max(3 * scale, 1), color)
    crop = align_face(picture, landmarks, ARCFACE)
    assert crop.shape == (112, 112, 3) and crop.dtype == np.uint8
    for point, color in zip(TEMPLATE, COLORS, strict=True):
        column, row = np.round(point).astype(int)
        np.testing.assert_allclose(crop[row, column].astype(int), color.astype(int), atol=60)
        np.testing.assert_allclose(centroid(crop, point), point, atol=0.3)


@pytest.mark.parametrize("scale", [2.1, 3.5, 5.1, 8.1])
def test_large_faces_are_averaged_and_not_sampled(scale: float) -> None:
    """Noise keeps its mean, and loses as much of its spread as a mean over the area would."""
    landmarks, picture = face_in_picture(scale, 10)
    noise = np.random.default_rng(0).integers(0, 2, picture.shape, dtype=np.uint8) * 255
    crop = align_face(noise, landmarks, ARCFACE)
    assert abs(crop.mean() - 127.5) < 1
    assert crop.std() < 1.2 * 127.5 / int(scale)


def test_a_crop_has_the_size_of_its_template() -> None:
    half = CropTemplate("half", 56, tuple((x / 2, y / 2) for x, y in ARCFACE.landmarks))
    landmarks, picture = face_in_picture(3, 0)
    draw_dot(picture, landmarks[2], 9, COLORS[1])
    crop = align_face(picture, landmarks, half)
    assert crop.shape == (56, 56, 3)
    brightest = np.unravel_index(crop[..., 1].argmax(), (56, 56))
    assert np.abs(np.array(brightest[::-1]) - TEMPLATE[2] / 2).max() < 2


@pytest.mark.parametrize(
    ("shift", "outside"),
    [
        ((-30, 0), np.s_[:, :30]),
        ((0, -30), np.s_[:30, :]),
        ((30, 0), np.s_[:, -30:]),
        ((0, 30), np.s_[-30:, :]),
    ],
)
@pytest.mark.parametrize("scale", [1, 4])
def test_what_lies_outside_the_picture_is_black(
    shift: tuple[int, int], outside: tuple[slice, slice], scale: int
) -> None:
    picture = np.full((112 * scale, 112 * scale, 3), 255, np.uint8)
    # pixel centers: (x + 0.5) * scale - 0.5
    landmarks = (TEMPLATE + shift) * scale + (scale - 1) / 2
    expected = np.full((112, 112, 3), 255, np.uint8)
    expected[outside] = 0
    crop = align_face(picture, landmarks.astype(np.float32), ARCFACE)
    np.testing.assert_array_equal(crop, expected)


def test_the_template_names_the_persons_own_right_first() -> None:
    right_eye, left_eye, nose, right_mouth, left_mouth = ARCFACE.landmarks
    assert right_eye[0] < nose[0] < left_eye[0] and right_mouth[0] < nose[0] < left_mouth[0]
    assert all(upper < lower for upper, lower in pairwise((right_eye[1], nose[1], right_mouth[1])))


@given(landmarks_anywhere)
def test_the_inverse_takes_the_transform_back(landmarks: np.ndarray) -> None:
    assume(np.linalg.matrix_rank(landmarks - landmarks.mean(axis=0), tol=1) == 2)
    transform = similarity_transform(landmarks, TEMPLATE)
    assume(np.hypot(*transform[:, 0]) > 1e-3)
    there = transform_points(landmarks, transform)
    np.testing.assert_allclose(
        transform_points(there, invert(transform)), landmarks, rtol=1e-6, atol=1e-3
    )


def test_a_resized_template_is_that_of_the_resized_crops() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[:, 200:] = image[150:] = 255  # edges through the middle of the face
    landmarks = TEMPLATE + np.array([144, 94], np.float32)
    half = align_face(image, landmarks, ARCFACE.resized(56))
    averaged = align_face(image, landmarks, ARCFACE).reshape(56, 2, 56, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(half, averaged, atol=2)
    assert ARCFACE.resized(112) is ARCFACE
    assert ARCFACE.resized(56).name == "arcface at 56"
