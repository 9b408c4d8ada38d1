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
from videxpr.faces.detection.load import load_detector
from videxpr.faces.detection.packs import Pack, find_pack
from videxpr.faces.detection.scrfd import Scrfd
from videxpr.faces.detection.scrfd_cuda import ScrfdTorch
from videxpr.faces.options import DetectionOptions
from videxpr.video.reader import Video

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
