"""Which tracks are one person, by place and by vectors; recognition models of any pack."""

from itertools import islice

import numpy as np
import onnx
import pytest
from conftest import SHARED, needs_shared
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import DetectorError
from videxpr.faces.align import align_face
from videxpr.faces.detection.load import load_detector
from videxpr.faces.identity import MOST_CROPS, Appearance, BestCrops, join, load_recognizer, unit
from videxpr.faces.options import DetectionOptions
from videxpr.video.reader import Video


def seen(first, last, *vector):
    """A track from one frame to another, with a vector in that direction."""
    direction = unit(np.array(vector, np.float32)) if vector else None
    return Appearance(np.arange(first, last + 1), direction)


def crop(level):
    return np.full((112, 112, 3), level, np.uint8)


# ---- which tracks are one person


def test_tracks_that_look_alike_are_one_person_and_others_are_not():
    tracks = [seen(0, 9, 1, 0), seen(20, 29, 0, 1), seen(40, 49, 1, 0.2), seen(60, 69, 0.1, 1)]
    assert join(tracks, threshold=0.9).tolist() == [1, 2, 1, 2]
    assert join(tracks).tolist() == [1, 2, 3, 4]  # nobody looked
    assert join([]).tolist() == [] and join([], threshold=0.5).tolist() == []


def test_people_are_numbered_as_they_appear():
    tracks = [seen(30, 40, 1, 0), seen(5, 9, 0, 1), seen(0, 3, 1, 0)]
    assert join(tracks, threshold=0.9).tolist() == [1, 2, 1]


def test_two_who_are_seen_in_one_frame_are_never_one_person_however_alike():
    twins = [seen(0, 9, 1, 0), seen(9, 20, 1, 0)]
    assert join(twins, links=[(0, 1)], threshold=0.1).tolist() == [1, 2]
    # a third that could be either joins the more alike; the other stays apart though it is alike too
    third = seen(30, 40, 1, 0.1)
    both = [seen(0, 9, 1, 0), seen(9, 20, 1, 0.1), third]
    assert join(both, threshold=0.1).tolist() == [1, 2, 2]


def test_tracks_that_take_turns_frame_by_frame_are_not_seen_together():
    even, odd = Appearance(np.arange(0, 20, 2)), Appearance(np.arange(1, 20, 2))
    assert join([even, odd], links=[(0, 1)]).tolist() == [1, 1]


def test_links_by_place_need_no_vector_and_bring_their_whole_group():
    tracks = [seen(0, 9, 1, 0), seen(12, 20), seen(90, 99, 1, 0)]
    assert join(tracks, [(0, 1)], threshold=0.9).tolist() == [1, 1, 1]
    # what was linked was seen with the third, so that its look-alike may not join either
    tracks = [seen(0, 9, 1, 0), seen(12, 20), seen(15, 99, 1, 0)]
    assert join(tracks, [(0, 1)], threshold=0.9).tolist() == [1, 1, 2]


def test_a_chain_of_likenesses_does_not_make_one_person_of_its_ends():
    turns = np.radians([0, 40, 81])
    tracks = [seen(10 * n, 10 * n + 5, np.cos(a), np.sin(a)) for n, a in enumerate(turns)]
    assert join(tracks, threshold=0.75).tolist() == [1, 1, 2]


@given(st.data())
def test_nobody_is_seen_twice_in_a_frame_and_numbers_rise_with_time(data):
    count = data.draw(st.integers(1, 8))
    frames = st.sets(st.integers(0, 12), min_size=1).map(sorted).map(np.array)
    coordinates = st.integers(-3, 3)
    tracks = [
        Appearance(
            data.draw(frames),
            data.draw(st.none() | st.tuples(coordinates, coordinates, st.just(1)).map(_vector)),
        )
        for _ in range(count)
    ]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    people = join(tracks, data.draw(st.lists(pairs, max_size=4)), threshold=0.8)
    for person in range(1, people.max() + 1):
        together = np.concatenate(
            [t.frames for t, p in zip(tracks, people, strict=True) if p == person]
        )
        assert len(set(together.tolist())) == len(together)
    firsts = [min(t.frames[0] for t, p in zip(tracks, people, strict=True) if p == n + 1)
              for n in range(people.max())]  # fmt: skip
    assert firsts == sorted(firsts)


def _vector(numbers):
    return unit(np.array(numbers, np.float32))


# ---- the best crops of a track


def test_few_crops_are_all_kept_and_of_many_the_best_of_each_part():
    best = BestCrops()
    assert best.crops == []
    for n in range(3):
        best.add(0.5 * n, 1.0, crop(n))
    assert [int(one[0, 0, 0]) for one in best.crops] == [0, 1, 2]
    for n in range(3, 200):
        best.add(0.5 * n, 2.0 if n in (90, 130) else 1.0, crop(n))
    kept = [int(one[0, 0, 0]) for one in best.crops]
    assert 3 <= len(kept) <= MOST_CROPS
    assert {90, 130} <= set(kept)
    assert kept[0] < 70 and kept == sorted(kept)


def test_neighbors_in_time_share_one_place_and_the_better_one_has_it():
    best = BestCrops()
    for n, quality in enumerate([1.0, 3.0, 2.0]):
        best.add(7 + 0.04 * n, quality, crop(n))
    assert [int(one[0, 0, 0]) for one in best.crops] == [1]


def test_a_clock_that_jumps_far_ahead_keeps_few():
    best = BestCrops()
    for n, seconds in enumerate([0.0, 1e6, 2e6]):
        best.add(seconds, 1.0, crop(n))
    assert 1 < len(best.crops) <= MOST_CROPS


# ---- recognition models


def write_recognition(path, side=112, batch="n"):
    """A network whose two numbers are the means of red and of blue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = np.array([[1, 0], [0, 0], [0, 1]], np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["input.1"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["683"]),
    ]
    taken = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [batch, 3, side, side])
    given_ = helper.make_tensor_value_info("683", TensorProto.FLOAT, [batch, 2])
    graph = helper.make_graph(
        nodes, "tiny", [taken], [given_], [numpy_helper.from_array(weights, "weights")]
    )
    opset = helper.make_opsetid("", 11)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=6), str(path))
    return path


def pack_with(root, *recognition, detector="det_500m.onnx", **shape):
    folder = root / "models" / "pack"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / detector).touch()
    for name in recognition:
        write_recognition(folder / name, **shape)
    return DetectionOptions("scrfd:pack", root=root, threads=1)


@pytest.mark.parametrize("file", ["w600k_mbf.onnx", "w600k_r50.onnx", "glintr100.onnx"])
@pytest.mark.parametrize("batch", ["n", 1])
def test_the_recognition_model_of_a_pack_is_taken_whatever_it_is_called(tmp_path, file, batch):
    recognizer = load_recognizer(pack_with(tmp_path, file, batch=batch))
    assert recognizer.name == f"pack/{file.removesuffix('.onnx')}"
    assert len(recognizer.sha256) == 64 and 0.4 <= recognizer.threshold < 1
    red, white, black = np.zeros((3, 112, 112, 3), np.uint8)
    red[..., 0] = 255
    white[:] = 255
    vectors = recognizer.embed([red, white, black] * 7)  # more than one batch
    expected = np.array([[1, -1], [1, 1], [-1, -1]]) / np.sqrt(2)  # 0 to 255 is -1 to 1, red first
    np.testing.assert_allclose(vectors, np.tile(expected, (7, 1)), atol=1e-5)
    assert len(recognizer.embed([])) == 0


def test_a_track_has_the_mean_of_its_crops_vectors(tmp_path):
    recognizer, best = load_recognizer(pack_with(tmp_path, "w600k_mbf.onnx")), BestCrops()
    assert best.vector(recognizer) is None
    red, blue = np.zeros((2, 112, 112, 3), np.uint8)
    red[..., 0] = blue[..., 2] = 255
    best.add(0.0, 1.0, red)
    best.add(1.0, 1.0, np.full_like(red, 255))
    best.add(2.0, 1.0, blue)
    np.testing.assert_allclose(best.vector(recognizer), np.array([1, 1]) / np.sqrt(2), atol=1e-5)


def test_where_the_pack_has_none_the_package_s_own_is_taken(tmp_path):
    assert load_recognizer(DetectionOptions("mtcnn")).name == "starter"
    assert load_recognizer(pack_with(tmp_path)).name == "starter"
    assert load_recognizer(DetectionOptions(root=tmp_path / "nothing")).name == "starter"
    by_file = tmp_path / "models" / "pack" / "det_500m.onnx"
    pack_with(tmp_path, "w600k_mbf.onnx")
    assert load_recognizer(DetectionOptions(f"scrfd:{by_file}")).name == "det_500m/w600k_mbf"


def test_a_file_that_is_no_recognition_model_is_named(tmp_path):
    options = pack_with(tmp_path, "w600k_mbf.onnx", side=64)
    with pytest.raises(DetectorError, match=r"w600k_mbf\.onnx is no model .* 112 pixels"):
        load_recognizer(options)
    (tmp_path / "models" / "pack" / "w600k_mbf.onnx").write_bytes(b"cut short")
    with pytest.raises(DetectorError, match=r"w600k_mbf\.onnx"):
        load_recognizer(options)


# ---- the package's own, on real faces

MTCNN = DetectionOptions("mtcnn", min_face=120, threads=1)
PEOPLE = ("single-face.mp4", "man-grin.mp4", "man-portrait-phone.mp4")


@needs_shared
def test_people_of_other_shots_size_and_light_are_told_apart():
    detector, recognizer = load_detector(MTCNN), load_recognizer(MTCNN)
    tracks = []
    for clip in PEOPLE:
        with Video(SHARED / "data" / "clips" / clip) as video:
            images = [frame.image for frame in islice(video, 61)][::20]
        crops = [
            align_face(image, detector.detect([image])[0][0].landmarks, ARCFACE) for image in images
        ]
        tracks += [crops[:2], [(0.6 * crop).astype(np.uint8) for crop in crops[2:]]]
    appearances = []
    for number, crops in enumerate(tracks):
        best = BestCrops()
        for second, one in enumerate(crops):
            best.add(second, 1.0, one)
        appearances.append(Appearance(np.array([number]), best.vector(recognizer)))
    assert join(appearances, threshold=recognizer.threshold).tolist() == [1, 1, 2, 2, 3, 3]
