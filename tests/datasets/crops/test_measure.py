"""Measuring crops: with landmarks that are known, and with real detectors on real faces."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from chosen import crop_options
from conftest import SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pipeline import face

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.structures import Face
from videxpr.datasets.crops.batch import crop_sources
from videxpr.datasets.crops.cropper import Cropper
from videxpr.datasets.crops.measure import SIDE, draw_sample, measure_crops
from videxpr.datasets.crops.options import MeasureOptions
from videxpr.datasets.crops.writer import CropTree
from videxpr.faces.align import similarity_transform, transform_points
from videxpr.faces.detection.load import load_detector
from videxpr.faces.options import DetectionOptions
from videxpr.video.search import find_sources

EXAMPLE = Path(__file__).parents[3] / "examples" / "astronaut.mp4"
PACKS = SHARED / "models" / "insightface"
CLIPS = SHARED / "data" / "clips"
POINTS = np.array(ARCFACE.landmarks)


def shifted(points: np.ndarray, x: float, y: float) -> np.ndarray:
    return points + np.array([x, y])


def template(points: np.ndarray, size: int = 112) -> CropTemplate:
    return CropTemplate("other", size, tuple((float(x), float(y)) for x, y in points))


DISPLACED = template(shifted(POINTS, 4, -3))
SMALLER = template((POINTS - 55.5) * 0.9 + 55.5)


class Knowing:
    """Finds the landmarks that it is told, in crops enlarged to `SIDE`; None is no face."""

    name = "scrfd:told"
    weights_sha256 = "0" * 64
    device = "cpu"
    min_score = sure_score = 0.5

    def __init__(self, landmarks: Sequence[np.ndarray | None], size: int = 112) -> None:
        self.landmarks = list(landmarks)
        self.scale = SIDE / size
        self.seen = []

    def detect(self, images):
        self.seen += images
        told, self.landmarks = self.landmarks[: len(images)], self.landmarks[len(images) :]
        return [[] if points is None else [self._face(points)] for points in told]

    def _face(self, points: np.ndarray) -> Face:
        shown = ((points + 0.5) * self.scale - 0.5).astype(np.float32)
        return Face(np.concatenate([shown.min(axis=0), shown.max(axis=0)]), shown, 0.9)


def save_crops(folder: Path, count: int, size: int = 112, ending: str = "png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        shade = np.full((size, size, 3), 7 * number % 256, np.uint8)
        Image.fromarray(shade).save(folder / f"{number:05d}.{ending}")
    return folder


def people(count: int, seed: int, spread: float = 2.0) -> np.ndarray:
    """(count, 5, 2) landmarks of different faces somewhere in a picture."""
    rng = np.random.default_rng(seed)
    return POINTS * 3 + 200 + rng.normal(0, 3 * spread, (count, 5, 2))


def aligned(faces: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """Where the landmarks lie in crops that are aligned to a geometry."""
    return [transform_points(one, similarity_transform(one, points)) for one in faces]


@settings(deadline=None, max_examples=30)
@given(
    st.floats(0.6, 1.2),
    st.floats(-0.3, 0.3),
    st.floats(-9, 9),
    st.floats(-9, 9),
    st.integers(0, 99),
)
def test_any_similar_geometry_is_found_exactly_whatever_the_faces(
    tmp_path_factory, scale, angle, x, y, seed
):
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    truth = (POINTS - 55.5) @ turn.T + 55.5 + [x, y]
    folder = tmp_path_factory.getbasetemp() / "twelve"
    if not folder.exists():
        save_crops(folder, 12)
    detector = Knowing(aligned(people(12, seed), truth))
    measured = measure_crops(folder, detector, MeasureOptions())
    np.testing.assert_allclose(measured.points, truth, atol=1e-3)
    assert measured.similarity.scale == pytest.approx(scale, abs=1e-4)
    assert measured.similarity.degrees == pytest.approx(np.degrees(angle), abs=1e-3)


def test_mean_and_spread_are_those_of_the_landmarks(tmp_path):
    landmarks = aligned(people(20, 1), POINTS)
    measured = measure_crops(save_crops(tmp_path, 20), Knowing(landmarks), MeasureOptions())
    np.testing.assert_allclose(measured.mean, np.mean(landmarks, axis=0), atol=1e-4)
    np.testing.assert_allclose(measured.spread, np.std(landmarks, axis=0), atol=1e-4)
    assert measured.agrees


def test_false_detections_do_not_pull(tmp_path):
    landmarks: list[np.ndarray | None] = list(aligned(people(40, 2, 0.5), shifted(POINTS, 4, -3)))
    landmarks[3] = landmarks[30] = None
    for number in (5, 17, 20):
        landmarks[number] = POINTS * 0.3 + [60, 0]
    measured = measure_crops(save_crops(tmp_path, 40), Knowing(landmarks), MeasureOptions())
    assert (measured.sampled, measured.found, measured.set_aside) == (40, 38, 3)
    np.testing.assert_allclose(measured.points, shifted(POINTS, 4, -3), atol=1e-3)


def test_of_several_faces_the_large_one_in_the_middle_counts(tmp_path):
    class Crowd(Knowing):
        def detect(self, images):
            corner, border = face(0, 0, 60, 0.99), face(150, 20, 130, 0.99)
            return [[corner, border, *faces] for faces in super().detect(images)]

    landmarks = aligned(people(5, 3), POINTS)
    measured = measure_crops(save_crops(tmp_path, 5), Crowd(landmarks), MeasureOptions())
    np.testing.assert_allclose(measured.points, POINTS, atol=1e-3)


@pytest.mark.parametrize(("size", "ending"), [(224, "jpg"), (80, "png")])
def test_other_sizes_are_measured_in_their_own_pixels(tmp_path, size, ending):
    points = shifted(np.array(ARCFACE.resized(size).landmarks), 3, 0)
    detector = Knowing(aligned(people(8, 4), points), size)
    folder = save_crops(tmp_path, 8, size, ending)
    measured = measure_crops(folder, detector, MeasureOptions(name="mine"))
    np.testing.assert_allclose(measured.points, points, atol=2e-3)
    assert (measured.template.size, measured.template.name) == (size, "mine")
    assert measured.mean_crop.shape == (size, size, 3)
    assert {image.shape for image in detector.seen} == {(SIDE, SIDE, 3)}


def test_the_mean_crop_is_the_mean_of_the_crops(tmp_path):
    detector = Knowing(aligned(people(9, 5), POINTS))
    measured = measure_crops(save_crops(tmp_path, 9), detector, MeasureOptions())
    assert set(np.unique(measured.mean_crop)) == {7 * 5}


def test_sample_is_spread_over_folders_and_repeatable(tmp_path):
    for name, count in (("a", 50), ("b", 5), ("c", 50)):
        save_crops(tmp_path / name, count, 8)
    save_crops(tmp_path / ".hidden", 3, 8)
    (tmp_path / "a" / "notes.txt").touch()
    paths = draw_sample(tmp_path, 35, seed=1)
    counts = {name: sum(path.parent.name == name for path in paths) for name in "abc"}
    assert counts == {"a": 15, "b": 5, "c": 15}
    assert len(set(paths)) == 35
    assert draw_sample(tmp_path, 35, seed=1) == paths
    assert draw_sample(tmp_path, 35, seed=2) != paths
    assert len(draw_sample(tmp_path, 1000, seed=1)) == 105


def test_folders_that_cannot_be_measured_say_why(tmp_path):
    nobody = Knowing([None] * 4)
    with pytest.raises(SourceError, match="no folder"):
        measure_crops(tmp_path / "nosuch", nobody, MeasureOptions())
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no image"):
        measure_crops(tmp_path / "empty", nobody, MeasureOptions())
    with pytest.raises(SourceError, match="no face in 4 crops"):
        measure_crops(save_crops(tmp_path / "blank", 4), nobody, MeasureOptions())
    save_crops(tmp_path / "mixed", 3)
    save_crops(tmp_path / "mixed" / "more", 2, 96)
    with pytest.raises(SourceError, match=r"112 x 112 \(3\), 96 x 96 \(2\)"):
        measure_crops(tmp_path / "mixed", nobody, MeasureOptions())
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "00001.jpg").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"00001\.jpg"):
        measure_crops(tmp_path / "bad", nobody, MeasureOptions())


def test_wrong_options_are_refused():
    for wrong in ({"sample": 0}, {"name": " "}, {"name": "a\nb"}):
        with pytest.raises(UsageError):
            MeasureOptions(**wrong)


def crop_and_measure(detector, paths, root, crops, seconds):
    """What `crops measure` says of the crops that `crops make` cuts with a geometry."""
    options = crop_options(template=crops, end_seconds=seconds)
    cropper, tree = Cropper(detector, options), CropTree(root, crops)
    reports = list(crop_sources(cropper, find_sources(map(str, paths)), tree))
    assert {report.status for report in reports} == {"done"}
    return measure_crops(root, detector, MeasureOptions())


def apart(measured, truth: np.ndarray) -> float:
    return float(np.linalg.norm(measured - truth, axis=1).max())


def test_mtcnn_finds_a_displacement_within_half_a_pixel(tmp_path):
    detector = load_detector(DetectionOptions("mtcnn"))
    plain = crop_and_measure(detector, [EXAMPLE], tmp_path / "plain", ARCFACE, 0.28)
    other = crop_and_measure(detector, [EXAMPLE], tmp_path / "other", DISPLACED, 0.28)
    assert plain.agrees
    assert not other.agrees
    # one person's face may differ by a pixel, but it does so in both
    assert apart(other.points - plain.points, np.array([[4, -3]] * 5)) < 0.5
    assert apart(other.points, np.array(DISPLACED.landmarks)) < 1.0


def one_face_each(count: int) -> list[Path]:
    """The first clips, by name, that show one person from their first frame on."""
    with (CLIPS / "clips.csv").open(encoding="utf-8", newline="") as stream:
        return [
            CLIPS / row["file"]
            for row in csv.DictReader(stream)
            if (row["people"], row["faces_in_frames"], row["rotation"]) == ("1", "", "0")
            and float(row["first_pts_seconds"]) == 0
        ][:count]


@needs_shared
@pytest.mark.parametrize("crops", [DISPLACED, SMALLER], ids=["displaced", "smaller"])
def test_scrfd_finds_any_geometry_within_half_a_pixel(tmp_path, crops):
    detector = load_detector(DetectionOptions("scrfd:buffalo_sc", root=PACKS, threads=1))
    measured = crop_and_measure(detector, one_face_each(16), tmp_path, crops, 0.034)
    assert not measured.agrees
    assert measured.folders == 16
    assert apart(measured.points, np.array(crops.landmarks)) < 0.5
