"""One contract for every detector, on a real photograph with real weights."""

import numpy as np
import pytest
from conftest import SHARED
from PIL import Image
from pipeline import face
from skimage import data

from videxpr.core.errors import DetectorError, UsageError
from videxpr.faces.align import crop_square
from videxpr.faces.detection.load import load_detector
from videxpr.faces.detection.packs import find_pack, installed_packs
from videxpr.faces.detection.scrfd import merge_faces
from videxpr.faces.options import DetectionOptions

PACKS = SHARED / "models" / "insightface"
DETECTORS = [
    "mtcnn",
    *(
        pytest.param(
            name,
            marks=pytest.mark.skipif(not PACKS.is_dir(), reason=f"no SCRFD weights in {PACKS}"),
        )
        for name in ("scrfd:buffalo_sc", "scrfd:scrfd_2.5g")
    ),
]


@pytest.fixture(scope="module")
def photograph():
    return data.astronaut()[:300, 60:460]


@pytest.fixture(scope="module", params=DETECTORS)
def load(request):
    def make(**options):
        return load_detector(DetectionOptions(request.param, root=PACKS, threads=2, **options))

    return make


def test_face_of_a_photograph_is_where_it_is(load, photograph):
    ((found,),) = load().detect([photograph])
    x1, y1, x2, y2 = found.bbox
    assert x1 < 160 < x2  # the nose
    assert y1 < 120 < y2
    assert 80 < x2 - x1 < 160
    assert 0.5 < found.score <= 1
    right_eye, left_eye, nose, right_mouth, left_mouth = found.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_several_images_give_what_each_gives_alone(load, photograph):
    detector = load()
    noise = np.random.default_rng(0).integers(0, 256, (200, 260, 3), dtype=np.uint8)
    together = detector.detect([photograph, noise, photograph[:, ::-1].copy(), photograph])
    assert [len(faces) for faces in together] == [1, 0, 1, 1]
    alone = detector.detect([photograph])
    np.testing.assert_allclose(together[0][0].bbox, alone[0][0].bbox, atol=0.5)
    np.testing.assert_allclose(together[3][0].landmarks, alone[0][0].landmarks, atol=0.5)


def test_smaller_faces_than_asked_for_are_not_reported(load, photograph):
    assert load(min_face=200).detect([photograph]) == [[]]


def test_weaker_faces_than_asked_for_are_not_reported(load, photograph):
    assert load(min_score=1.0).detect([photograph]) == [[]]


def test_picture_smaller_than_any_face(load):
    assert load().detect([np.full((20, 20, 3), 90, np.uint8)]) == [[]]


def test_face_that_fills_the_frame_is_found(load, photograph):
    close = photograph[40:200, 90:230]
    large = np.array(Image.fromarray(close).resize((840, 960), Image.Resampling.BICUBIC))
    ((found, *_),) = load().detect([large])
    assert found.bbox[2] - found.bbox[0] > 400


def test_face_is_refined_in_a_region_around_it(load, photograph):
    detector = load()
    ((found,),) = detector.detect([photograph])
    roi = detector.roi
    side = roi.margin * float((found.bbox[2:] - found.bbox[:2]).max())
    corner = (found.bbox[:2] + found.bbox[2:] - side) / 2
    noise = np.random.default_rng(0).integers(0, 256, (roi.size, roi.size, 3), dtype=np.uint8)
    moved = corner + 0.08 * side
    near = [crop_square(photograph, place, side, roi.size) for place in (corner, moved)]
    again, from_aside, nothing = detector.refine([*near, noise])
    assert nothing is None
    for face_there, place in ((again, corner), (from_aside, moved)):
        landmarks = place + (face_there.landmarks + 0.5) * side / roi.size - 0.5
        eyes = np.linalg.norm(found.landmarks[0] - found.landmarks[1])
        apart = np.linalg.norm(landmarks - found.landmarks, axis=1)
        assert apart.mean() < 0.1 * eyes
        assert face_there.score > 0.6
    assert detector.refine([]) == []


def test_device_and_weights_are_stated(load):
    detector = load()
    assert detector.device == "cpu"
    assert len(detector.weights_sha256) == 64
    assert detector.name.startswith(("mtcnn", "scrfd:"))
    assert detector.providers == (() if detector.name == "mtcnn" else ("CPUExecutionProvider",))


def test_packs_are_taken_in_their_order_of_merit(tmp_path):
    for name in ("zeta", "buffalo_sc", "buffalo_l", "empty"):
        (tmp_path / "models" / name).mkdir(parents=True)
        if name != "empty":
            (tmp_path / "models" / name / "det_x.onnx").touch()
    assert [pack.name for pack in installed_packs(tmp_path)] == ["buffalo_l", "buffalo_sc", "zeta"]
    assert find_pack("", tmp_path).name == "buffalo_l"
    assert find_pack("zeta", tmp_path).model.name == "det_x.onnx"
    assert find_pack(str(tmp_path / "models" / "zeta"), None).name == "zeta"
    assert find_pack("empty", tmp_path) is None


def test_auto_is_mtcnn_where_no_pack_is(tmp_path):
    assert load_detector(DetectionOptions(root=tmp_path)).name == "mtcnn"


def test_scrfd_without_a_pack_is_an_error_that_says_where_it_looked(tmp_path):
    for wanted in ("scrfd", "scrfd:buffalo_l"):
        with pytest.raises(DetectorError, match="mtcnn") as error:
            load_detector(DetectionOptions(wanted, root=tmp_path))
        assert str(tmp_path) in str(error.value)


def test_damaged_pack_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "models" / "bad").mkdir(parents=True)
    (tmp_path / "models" / "bad" / "det_bad.onnx").write_bytes(b"no model")
    with pytest.raises(DetectorError, match=r"det_bad\.onnx"):
        load_detector(DetectionOptions("scrfd:bad", root=tmp_path))


@pytest.mark.parametrize("name", ["yolo", "mtcnn:x", "scrfd:", "auto:x", ""])
def test_unknown_detectors_are_wrong_usage(name):
    with pytest.raises(UsageError, match="scrfd|packs"):
        DetectionOptions(name)


def test_of_two_boxes_on_one_face_the_better_stays():
    weak, strong, other = face(score=0.6), face(x=64, score=0.8), face(x=300, score=0.5)
    assert merge_faces([weak, strong, other]) == [strong, other]
    assert merge_faces([weak]) == [weak] and merge_faces([]) == []
