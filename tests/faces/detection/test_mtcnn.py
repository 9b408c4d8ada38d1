"""MTCNN's stages against those of facenet-pytorch, with its real weights."""

from itertools import islice

import facenet_pytorch
import numpy as np
import pytest
import torch
from conftest import SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from torch.nn import functional

from videxpr.faces.detection.candidates import Candidates
from videxpr.faces.detection.mtcnn import IntegralImage, Mtcnn, integral_of, nms_by_smaller_box
from videxpr.faces.options import DetectionOptions
from videxpr.video.reader import Video

CLIPS = {  # clip: every which frame
    "woman-side-light-720p.mp4": 60,
    "woman-face-fills-frame.mp4": 25,
    "stage-many-people-cuts.mp4": 60,
    "dancer-small-face.mp4": 60,
    "label-anger-cremad-1001.flv": 30,
    "people-from-behind-139s.mp4": 400,
}


def assert_same(images, min_face):
    """Check that faces are facenet-pytorch's; their number."""
    plain = facenet_pytorch.MTCNN(keep_all=True, min_face_size=min_face).eval()
    found = Mtcnn(DetectionOptions("mtcnn", min_face=min_face, min_score=0)).detect(images)
    for image, faces in zip(images, found, strict=True):
        boxes, scores, landmarks = plain.detect(image, landmarks=True)
        expected = [] if boxes is None else list(zip(boxes, scores, landmarks, strict=True))
        large = [one for one in expected if min(one[0][2:] - one[0][:2]) >= min_face]
        large.sort(key=lambda one: -one[1])
        assert len(faces) == len(large)
        for face, (box, score, points) in zip(faces, large, strict=True):
            np.testing.assert_allclose(face.bbox, box.astype(float), atol=0.01)
            np.testing.assert_allclose(face.landmarks, points.astype(float), atol=0.01)
            assert face.score == pytest.approx(score, abs=1e-5)
    return sum(map(len, found))


def test_faces_of_photographs_are_those_of_facenet_pytorch():
    portrait = data.astronaut()
    crowd = np.concatenate([portrait, portrait[:, ::-1]], axis=1)[:300]
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    black = np.zeros((60, 60, 3), np.uint8)
    assert assert_same([portrait, crowd, crowd[:, ::-1].copy(), noise, black], 40) >= 5


def test_faces_at_the_edges_are_those_of_facenet_pytorch():
    portrait = data.astronaut()
    cut = [portrait[40:, 200:], portrait[95:], portrait[:170], portrait[60:190, 160:290]]
    assert assert_same([np.ascontiguousarray(one) for one in cut], 20) >= 4


@needs_shared
def test_faces_of_real_clips_are_those_of_facenet_pytorch():
    faces = 0
    for clip, step in CLIPS.items():
        with Video(SHARED / "data" / "clips" / clip) as video:
            wanted = (frame.image for frame in video if frame.index % step == 0)
            faces += assert_same(list(islice(wanted, 2)), 40)
    assert faces >= 10


@pytest.mark.parametrize("side", [12, 47, 94])
def test_picture_as_small_as_the_smallest_face_is_taken(side):
    picture = np.ascontiguousarray(data.astronaut()[:side, :side])  # a flag
    assert Mtcnn(DetectionOptions("mtcnn", min_face=side)).detect([picture])[0] == []


def candidates(images, boxes, scores):
    landmarks = torch.arange(10.0 * len(images)).reshape(-1, 5, 2)
    return Candidates(
        torch.tensor(images, dtype=torch.int64),
        torch.tensor(boxes).reshape(-1, 4),
        torch.tensor(scores),
        landmarks,
    )


def test_of_a_face_and_a_part_of_it_the_surer_stays_in_each_picture():
    whole, part, apart = [0.0, 0, 99, 99], [10.0, 10, 39, 39], [80.0, 80, 139, 139]
    all_four = candidates([0, 0, 0, 1], [whole, part, apart, part], [0.8, 0.9, 0.7, 0.75])
    kept = nms_by_smaller_box(all_four)
    assert kept.images.tolist() == [0, 1, 0]
    assert kept.boxes.tolist() == [part, part, apart]
    assert kept.regressed[:, 0, 0].tolist() == [10, 30, 20]


def test_of_nothing_nothing_stays():
    assert len(nms_by_smaller_box(candidates([], [], []))) == 0


def noise(*shape):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8))


def averaged(pictures, rows, columns):
    """Pictures (N, height, width, 3) as torch makes them smaller or larger."""
    return functional.interpolate(
        pictures.permute(0, 3, 1, 2).double(), (rows, columns), mode="area"
    )


@given(*[st.integers(1, 60)] * 4)
@settings(max_examples=60, deadline=None)
def test_whole_pictures_of_any_size_are_averaged_as_torch_does_it(height, width, rows, columns):
    pictures = noise(2, height, width)
    made = IntegralImage(pictures).resize(rows, columns)
    assert made.dtype == torch.float32
    expected = averaged(pictures, rows, columns)
    torch.testing.assert_close(made.double(), expected, atol=1e-4, rtol=0)


def test_crops_of_several_pictures_are_averaged_as_torch_does_it():
    pictures = noise(3, 50, 70)
    boxes = [(0, 0, 70, 50), (5, 7, 6, 8), (60, 3, 70, 44), (0, 20, 31, 50)]
    of = [2, 0, 1, 2]
    made = IntegralImage(pictures).crop(torch.tensor(of), torch.tensor(boxes), 24)
    assert made.shape == (4, 3, 24, 24)
    for found, number, (left, top, right, bottom) in zip(made, of, boxes, strict=True):
        part = pictures[number : number + 1, top:bottom, left:right]
        torch.testing.assert_close(found.double(), averaged(part, 24, 24)[0], atol=1e-4, rtol=0)


def test_sums_that_overflow_still_give_means():
    bright = torch.full((1, 2950, 2950, 3), 255, dtype=torch.uint8)
    bright[0, -10:] = 7
    made = IntegralImage(bright).crop(
        torch.tensor([0]), torch.tensor([[2900, 2930, 2950, 2950]]), 2
    )
    assert made[0, :, 0].unique().tolist() == [255]
    assert made[0, :, 1].unique().tolist() == [7]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_gpu_sums_the_same():
    pictures = noise(2, 33, 47)
    assert torch.equal(integral_of(pictures.cuda()).cpu(), integral_of(pictures))
