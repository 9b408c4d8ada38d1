"""SCRFD in torch finds what insightface finds with the same file in ONNX Runtime."""

from itertools import chain, islice

import numpy as np
import onnx
import pytest
import torch
from conftest import SHARED, needs_shared
from onnx import TensorProto, helper
from skimage import data
from small_scrfd import write_small_scrfd

from videxpr.core.errors import DetectorError, DeviceError
from videxpr.faces.detection.candidates import Candidates
from videxpr.faces.detection.load import load_detector
from videxpr.faces.detection.packs import Pack, find_pack
from videxpr.faces.detection.scrfd import Scrfd
from videxpr.faces.detection.scrfd_cuda import (
    ScrfdTorch,
    anchor_grid,
    decode,
    split_batch,
    suppress,
)
from videxpr.faces.options import DetectionOptions
from videxpr.video.reader import Video

CPU = torch.device("cpu")
PACKS = SHARED / "models" / "insightface"
CLIPS = {  # clip: every which frame
    "woman-side-light-720p.mp4": 60,
    "woman-face-fills-frame.mp4": 25,
    "stage-many-people-cuts.mp4": 60,
    "man-vfr.mkv": 60,
    "dancer-small-face.mp4": 60,
    "label-anger-mead-m030-1080p.mp4": 60,
    "people-from-behind-139s.mp4": 60,
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "models" / "small"
    return Pack("small", write_small_scrfd(folder / "det_small.onnx"))


@pytest.fixture(scope="module")
def pictures():
    portrait = data.astronaut()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return [
        portrait[:300, 60:460],
        portrait[:300, 110:510],  # of the same size: both are resized together
        noise,
        portrait[:480, :270],
        portrait,
        np.ascontiguousarray(portrait[::2, ::2]),
    ]


def assert_same(found, expected):
    assert [len(faces) for faces in found] == [len(faces) for faces in expected]
    for one, other in zip(chain(*found), chain(*expected), strict=True):
        np.testing.assert_allclose(one.bbox, other.bbox, atol=0.05)
        np.testing.assert_allclose(one.landmarks, other.landmarks, atol=0.05)
        assert one.score == pytest.approx(other.score, abs=1e-4)


@pytest.mark.parametrize("min_score", [0.5, 0.47])
def test_small_network_finds_what_it_finds_in_onnx_runtime(pack, pictures, min_score):
    options = DetectionOptions(min_score=min_score, min_face=0, threads=1)
    expected = Scrfd(pack, options).detect(pictures)
    assert min(map(len, expected)) >= 1
    assert max(map(len, expected)) >= 20
    assert_same(ScrfdTorch(pack, options).detect(pictures), expected)


def test_batch_gives_what_each_picture_gives_alone(pack, pictures):
    detector = ScrfdTorch(pack, DetectionOptions(min_face=0))
    alone = [detector.detect([picture])[0] for picture in pictures]
    assert_same(detector.detect(pictures), alone)


def test_detection_at_another_size_is_of_that_size(pack, pictures):
    options = DetectionOptions(min_face=0, threads=1)
    plain = Scrfd(pack, options)
    expected = plain.detect_at(pictures, 224)
    assert_same(ScrfdTorch(pack, options).detect_at(pictures, 224), expected)


def test_file_that_pins_its_input_detects_at_that_size(tmp_path, pictures):
    pinned = Pack("pinned", write_small_scrfd(tmp_path / "det.onnx", side=320))
    options = DetectionOptions(min_face=0, threads=1)
    expected = Scrfd(pinned, options).detect(pictures)
    assert min(map(len, expected)) >= 1
    assert_same(ScrfdTorch(pinned, options).detect(pictures), expected)


@needs_shared
@pytest.mark.skipif(not PACKS.is_dir(), reason=f"no SCRFD weights in {PACKS}")
@pytest.mark.parametrize("name", ["buffalo_sc", "scrfd_2.5g"])
def test_real_weights_find_the_same_faces_in_real_clips(name):
    options = DetectionOptions(threads=1)
    plain, batched = (kind(find_pack(name, PACKS), options) for kind in (Scrfd, ScrfdTorch))
    faces = 0
    for clip, step in CLIPS.items():
        with Video(SHARED / "data" / "clips" / clip) as video:
            wanted = (frame.image for frame in video if frame.index % step == 0)
            images = list(islice(wanted, 2))
        expected = plain.detect(images)
        faces += sum(map(len, expected))
        assert_same(batched.detect(images), expected)
    assert faces >= 12


def test_what_is_too_small_or_too_long_has_no_face(pack):
    detector = ScrfdTorch(pack, DetectionOptions())
    shapes = [(20, 20), (300, 39), (45, 7300)]
    assert detector.detect([np.full((*shape, 3), 90, np.uint8) for shape in shapes]) == [[]] * 3
    assert detector.detect([]) == []


def test_it_says_what_it_is_and_where_it_runs(pack):
    detector = ScrfdTorch(pack, DetectionOptions(min_score=0.4))
    assert (detector.name, detector.device, detector.min_score) == ("scrfd:small", "cpu", 0.4)
    assert detector.providers == ()
    assert detector.weights_sha256 == Scrfd(pack, DetectionOptions(threads=1)).weights_sha256


def test_memory_that_is_too_small_is_logged_once_and_the_faces_are_the_same(pack, pictures, caplog):
    detector = ScrfdTorch(pack, DetectionOptions(min_face=0))
    expected = detector.detect(pictures)
    graph = detector._graph

    def cramped(pixels):
        if len(pixels) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return graph(pixels)

    detector._graph = cramped
    assert_same(detector.detect(pictures), expected)
    assert_same(detector.detect(pictures), expected)
    (sentence,) = caplog.messages
    assert "detection" in sentence and "--batch-size" in sentence


def test_memory_that_is_too_small_for_one_picture_is_an_error(pack, pictures):
    detector = ScrfdTorch(pack, DetectionOptions())

    def full(pixels):
        raise torch.OutOfMemoryError("CUDA out of memory")

    detector._graph = full
    with pytest.raises(DetectorError, match="memory of cpu is too small"):
        detector.detect(pictures[:2])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")
def test_gpu_that_is_not_there_is_never_replaced_by_the_cpu(pack):
    root = pack.model.parents[2]
    with pytest.raises(DeviceError, match="cuda:0"):
        load_detector(DetectionOptions("scrfd:small", root=root, device="cuda:0"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_gpu_finds_what_the_cpu_finds(pack, pictures):
    root = pack.model.parents[2]
    options = DetectionOptions("scrfd:small", root=root, min_face=0, device="cuda:0")
    detector = load_detector(options)
    assert (detector.device, detector.providers) == ("cuda:0", ())
    expected = Scrfd(pack, DetectionOptions(min_face=0, threads=1)).detect(pictures)
    assert_same(detector.detect(pictures), expected)


def test_other_networks_are_refused(tmp_path):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w"])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [made])
    onnx.save(helper.make_model(graph), str(tmp_path / "det_odd.onnx"))
    with pytest.raises(DetectorError, match=r"det_odd\.onnx is no SCRFD model"):
        ScrfdTorch(Pack("odd", tmp_path / "det_odd.onnx"), DetectionOptions())


def found(*boxes_of_images):
    """Candidates of each picture from rows of x1, y1, x2, y2 and score."""
    rows = [(n, *row) for n, boxes in enumerate(boxes_of_images) for row in boxes]
    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
    points = table[:, 1:3].repeat(1, 5).reshape(-1, 5, 2)
    return Candidates(table[:, 0].long(), table[:, 1:5], table[:, 5], points)


def test_rows_of_several_images_are_split():
    pictures, places, anchors = 3, 4, 2
    numbers = torch.arange(pictures * places * anchors).reshape(pictures, places, anchors)
    mixed = numbers.transpose(0, 1).reshape(-1, 1)
    apart = split_batch(mixed, pictures, anchors)
    np.testing.assert_array_equal(apart[..., 0], numbers.reshape(pictures, -1))


def test_rows_that_are_split_already_stay():
    rows = torch.rand(3, 8, 4)
    assert split_batch(rows, 3, 2) is rows


def test_anchors_stand_row_by_row_and_share_places():
    grid = anchor_grid((64, 96), 9, CPU)
    assert grid.shape == (2 * (8 * 12 + 4 * 6 + 2 * 3), 3)
    assert grid[:4].tolist() == [[0, 0, 8], [0, 0, 8], [8, 0, 8], [8, 0, 8]]
    assert grid[2 * 12].tolist() == [0, 8, 8]
    assert grid[-1].tolist() == [64, 32, 32]
    assert anchor_grid((128, 256), 15, CPU)[-1].tolist() == [128, 0, 128]


def test_candidate_is_decoded_around_its_anchor():
    sizes = [2 * n * n for n in (8, 4, 2)]
    pictures = 2
    outputs = [torch.zeros(pictures, n, width) for width in (1, 4, 10) for n in sizes]
    at = 2 * (3 * 4 + 2) + 1  # of stride 16: row 3, column 2, the second anchor
    outputs[1][1, at] = 0.75
    outputs[4][1, at] = torch.tensor([1.0, 0.5, 2.0, 0.25])
    outputs[7][1, at] = torch.tensor([0.5, -0.5] * 5)
    one = decode(outputs, pictures, (64, 64), 0.5, 0.5)
    assert (one.images.tolist(), one.scores.tolist()) == ([1], [0.75])
    assert one.boxes.tolist() == [[32.0, 80.0, 128.0, 104.0]]
    assert one.regressed.tolist() == [[[80.0, 80.0]] * 5]
    assert len(decode(outputs, pictures, (64, 64), 0.5, 0.76).scores) == 0


def test_of_candidates_that_overlap_the_best_stays_in_each_picture():
    first = [(0, 0, 10, 10, 0.6), (1, 0, 11, 10, 0.9), (50, 50, 60, 60, 0.7)]
    second = [(0, 0, 10, 10, 0.8)]
    kept = suppress(found(first, [], second), 3)
    assert [[face.score for face in faces] for faces in kept] == [
        [pytest.approx(0.9), pytest.approx(0.7)],
        [],
        [pytest.approx(0.8)],
    ]
    assert kept[0][1].landmarks[0].tolist() == [50, 50]


def test_what_only_a_lost_candidate_covers_stays():
    row = [(0, 0, 10, 10, 0.9), (4, 0, 14, 10, 0.8), (8, 0, 18, 10, 0.7)]
    (kept,) = suppress(found(row), 1)
    assert [face.bbox[0] for face in kept] == [0, 8]


def test_of_equals_the_first_stays():
    (kept,) = suppress(found([(0, 0, 10, 10, 0.9), (1, 0, 11, 10, 0.9)]), 1)
    assert [face.bbox[0] for face in kept] == [0]


def test_no_candidates_and_no_pictures():
    assert suppress(found([], []), 2) == [[], []]
    assert suppress(found(), 0) == []
