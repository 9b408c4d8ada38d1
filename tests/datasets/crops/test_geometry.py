"""What is measured on crops, in numbers and as a picture."""

from dataclasses import replace

import numpy as np
import pytest
from geometry import POINTS, measurement, shifted
from PIL import Image

from videxpr.datasets.crops.geometry import GREEN, PLOT_SIDE, RED, Measurement, write_plot
from videxpr.video.images import image_size


def test_geometry_is_rounded_to_what_is_worth_writing():
    (x, y), *_ = measurement(POINTS + 1 / 3).template.landmarks
    assert (x, y) == (38.628, 52.03)


def test_shift_scale_and_rotation_are_told_apart():
    angle = np.radians(5.0)
    turn = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = POINTS.mean(axis=0)
    found = measurement((POINTS - middle) @ turn.T + middle + [4, -3]).similarity
    assert found.scale == pytest.approx(0.9)
    assert found.degrees == pytest.approx(5.0)  # y points down: clockwise
    assert found.shift == pytest.approx((4.0, -3.0))


def test_crops_near_arcface_agree():
    measured = measurement(shifted(POINTS, 0.6, 0.8))
    assert measured.agrees
    assert measured.distance == pytest.approx(1.0)
    assert "agree with ArcFace's geometry within 1.0 pixels" in measured.verdict


def test_displaced_crops_do_not_agree_and_it_is_said_how():
    measured = measurement(shifted(POINTS, 4, -3))
    assert measured.aligned
    assert not measured.agrees
    assert "up to 5.0 pixels" in measured.verdict
    assert "+4.0, -3.0" in measured.verdict


def test_crops_that_scatter_follow_no_geometry():
    measured = measurement(scatter=4.0)
    assert measured.distance < 1e-9
    assert not measured.aligned
    assert not measured.agrees
    assert "follow no geometry" in measured.verdict


def test_tolerances_grow_with_the_crops():
    points = (POINTS + 0.5) * 2 - 0.5
    assert measurement(shifted(points, 2, 1), scatter=2.0, size=224).agrees
    assert not measurement(shifted(POINTS, 2, 1)).agrees


def test_uncertainty_comes_from_folders_not_from_frames():
    assert measurement(folders=1).uncertainty is None
    rng = np.random.default_rng(1)
    habits = rng.normal(0, 1.0, (40, 1, 2))  # every face has its own error, the same in all frames
    people = np.repeat(np.arange(40), 25)
    fitted = POINTS + habits[people]
    whole = Measurement(
        "m", 112, "told", 1000, 1000, fitted, fitted, people, np.zeros((9, 9, 3), "u1")
    )
    expected = np.linalg.norm(habits.std(axis=0, ddof=1)) / np.sqrt(40)
    assert whole.uncertainty == pytest.approx(expected)
    assert whole.folders == 40


def test_counts_add_up():
    measured = measurement()
    assert (measured.sampled - measured.found, measured.set_aside) == (3, 2)


def test_both_geometries_are_drawn_where_they_are(tmp_path):
    write_plot(tmp_path / "mean.png", measurement(shifted(POINTS, 4, -3)))
    with Image.open(tmp_path / "mean.png") as image:
        drawn = np.array(image)
    assert drawn.shape == (PLOT_SIDE, PLOT_SIDE, 3)
    for color, points in ((GREEN, POINTS), (RED, shifted(POINTS, 4, -3))):
        for x, y in points / 112 * PLOT_SIDE:
            near = drawn[int(y) - 2 : int(y) + 6, int(x) - 2 : int(x) + 6]
            assert (near == color).all(axis=2).any()


def test_crops_of_any_size_are_enlarged(tmp_path):
    small = measurement((POINTS + 0.5) / 2 - 0.5, size=56)
    write_plot(tmp_path / "mean.png", replace(small, name="half"))
    assert image_size(tmp_path / "mean.png") == (PLOT_SIDE, PLOT_SIDE)
