"""Faces refined between keyframes, by a detector of gray squares on black pictures."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline import face

from videxpr.core.errors import UsageError
from videxpr.faces.detection.detector import RegionOfInterest, most_central
from videxpr.faces.keyframes import KeyframeDetector
from videxpr.faces.options import KeyframeOptions

SIZE = (200, 300)
GRAY = 200
EVERY = 6


class SquareDetector:
    """Each person is a square of a gray of its own, from 100 on in steps of 20."""

    name = "squares"
    weights_sha256 = "0" * 64
    device = "cpu"
    providers = ()
    min_score = 0.5
    min_face = 10.0
    sure_score = 0.8
    roi = RegionOfInterest(margin=2.0, size=96)

    def __init__(self, scores=None, near_scores=None, bias=0.0, unrefinable=False):
        self.scores = scores or {}
        self.near_scores = near_scores or {}
        self.bias = bias  # of regions, in pixels of them
        self.unrefinable = unrefinable
        self.detected = 0
        self.refined = 0

    def detect(self, images):
        self.detected += len(images)
        return [sorted(squares(image, self.scores), key=lambda one: -one.score) for image in images]

    def refine(self, rois):
        self.refined += len(rois)
        if self.unrefinable:
            return [None] * len(rois)
        found = [most_central(squares(one, self.near_scores), len(one)) for one in rois]
        return [
            one and replace(one, bbox=one.bbox + self.bias, landmarks=one.landmarks + self.bias)
            for one in found
        ]


def squares(image, scores):
    """Faces of a picture; those whose score is 0 are not seen."""
    found = []
    for gray in range(100, 241, 20):
        rows, columns = np.nonzero(np.abs(image[..., 0].astype(int) - gray) < 8)
        if len(rows) == 0 or scores.get(gray, 0.9) == 0:
            continue
        x, y, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        edge = min(right - x, bottom - y) < 5 or len(rows) < (right - x) * (bottom - y) / 2
        if not edge:  # the blurred one of another
            found.append(face(float(x), float(y), float(right - x), scores.get(gray, 0.9)))
    return found


def picture(*people):
    """A picture of squares (x, y, side, gray)."""
    image = np.zeros((*SIZE, 3), np.uint8)
    for x, y, side, gray in people:
        image[y : y + side, x : x + side] = gray
    return image


def walk(count, start=40, step=2, y=60, side=40, gray=GRAY):
    return [(start + step * number, y, side, gray) for number in range(count)]


def found(images, detector=None, every=EVERY, keyframes=None):
    keyframes = keyframes or KeyframeDetector(detector or SquareDetector(), KeyframeOptions(every))
    length = keyframes.block_length(batch_size=5)
    blocks = [images[first : first + length] for first in range(0, len(images), length)]
    return [faces for block in blocks for faces in keyframes.detect(block)]


def xs(faces):
    return [[round(float(one.bbox[0])) for one in every] for every in faces]


def test_a_face_is_found_in_every_frame_and_detected_in_few():
    detector = SquareDetector()
    people = walk(20)
    faces = found([picture(one) for one in people], detector)
    for every, (x, y, side, _) in zip(faces, people, strict=True):
        (one,) = every
        np.testing.assert_allclose(one.bbox, [x, y, x + side, y + side], atol=1.5)
        np.testing.assert_allclose(one.landmarks[0], [x + 0.3 * side, y + 0.4 * side], atol=1.5)
    assert detector.detected == 1 + 4  # the first frame, and the last one of every block
    assert detector.refined == 20


def test_every_frame_is_a_keyframe_where_that_is_asked_for():
    images = [picture(one) for one in walk(13)]
    detector = SquareDetector()
    faces = found(images, detector, every=1)
    assert (detector.detected, detector.refined) == (13, 0)
    plain = SquareDetector().detect(images)
    assert [[one.bbox.tolist() for one in every] for every in faces] == [
        [one.bbox.tolist() for one in every] for every in plain
    ]


def test_every_frame_is_a_keyframe_for_a_detector_without_regions():
    detector = SquareDetector()
    detector.roi = None
    assert xs(found([picture(one) for one in walk(13)], detector)) == [
        [40 + 2 * number] for number in range(13)
    ]
    assert (detector.detected, detector.refined) == (13, 0)


@pytest.mark.parametrize("first", [1, 3, 5, 6, 7, 11])
def test_a_new_face_is_found_from_its_first_frame_on(first):
    people = walk(18)
    images = [picture(*people[number : number + 1] * (number >= first)) for number in range(18)]
    faces = found(images)
    assert [len(every) for every in faces] == [0] * first + [1] * (18 - first)


@pytest.mark.parametrize("last", [1, 4, 5, 6, 9])
def test_a_face_that_goes_is_not_seen_any_longer_and_costs_one_keyframe(last):
    people, detector = walk(18), SquareDetector()
    images = [picture(*people[number : number + 1] * (number <= last)) for number in range(18)]
    faces = found(images, detector)
    assert [len(every) for every in faces] == [1] * (last + 1) + [0] * (17 - last)
    assert detector.detected <= 1 + 3 + 1


def test_a_face_that_jumps_is_found_where_it_is():
    people = walk(4) + walk(8, start=200, y=10)
    faces = found([picture(one) for one in people])
    assert [abs(x - want[0]) <= 1 for (x,), want in zip(xs(faces), people, strict=True)] == [
        True
    ] * 12


def test_the_bias_of_regions_is_taken_off():
    people = walk(24, step=0)
    biased = found([picture(one) for one in people], SquareDetector(bias=6.0))
    places = np.array([one.landmarks for (one,) in biased])
    true = np.array([one.landmarks for (one,) in found([picture(one) for one in people])])
    assert np.abs(places - true).max() < 1.0  # 6 pixels of a region are 5 of the frame


def test_a_weak_face_that_no_keyframe_confirms_is_dropped():
    scores, images = {GRAY: 0.6}, [picture(one) for one in walk(12)]
    once = SquareDetector(scores={GRAY: 0.6}, near_scores=scores)
    keyframes = KeyframeDetector(once, KeyframeOptions(EVERY))
    first = keyframes.detect(images[:EVERY])
    assert [len(every) for every in first] == [1] * EVERY  # confirmed by the keyframe at the end
    once.scores = {GRAY: 0.0}
    assert keyframes.detect(images[EVERY:]) == [[]] * EVERY


def test_a_sure_face_stays_although_a_keyframe_misses_it():
    detector = SquareDetector(near_scores={GRAY: 0.95})
    keyframes = KeyframeDetector(detector, KeyframeOptions(EVERY))
    images = [picture(one) for one in walk(12)]
    keyframes.detect(images[:EVERY])
    detector.scores = {GRAY: 0.0}
    assert [len(every) for every in keyframes.detect(images[EVERY:])] == [1] * EVERY


def test_a_weak_new_face_is_not_traced_back():
    weak = {GRAY: 0.6}
    images = [picture()] + [picture(one) for one in walk(5)]
    faces = found(images, SquareDetector(scores=weak, near_scores=weak))
    assert [len(every) for every in faces] == [0, 0, 0, 0, 0, 1]  # only at the keyframe


def test_a_face_that_no_region_shows_is_detected_in_every_frame():
    detector = SquareDetector(unrefinable=True)
    faces = found([picture(one) for one in walk(15)], detector)
    assert xs(faces) == [[40 + 2 * number] for number in range(15)]
    assert detector.detected == 15


def test_two_faces_keep_apart_and_the_surer_one_comes_first():
    left, right = walk(12, start=20, gray=100), walk(12, start=250, step=-2, gray=140)
    detector = SquareDetector(scores={100: 0.85, 140: 0.95})
    faces = found([picture(one, other) for one, other in zip(left, right, strict=True)], detector)
    for number, every in enumerate(faces):
        assert [one.score for one in every] == pytest.approx([0.95, 0.85])  # as detected
        assert abs(every[0].bbox[0] - right[number][0]) <= 1.5


def test_of_two_that_come_to_the_same_place_one_is_lost():
    hidden = [(40 + min(4 * number, 80), 60, 40, 100) for number in range(24)]
    front = (120, 60, 40, 140)  # in front of the other one
    faces = found([picture(one, front) for one in hidden])
    assert [len(every) for every in faces[:5]] == [2] * 5
    assert [len(every) for every in faces[-3:]] == [1] * 3


def test_jitter_is_smoothed_and_real_movement_is_not():
    still = [(100 + number % 2, 60, 80, GRAY) for number in range(EVERY)]
    places = [every[0].bbox[0] for every in found([picture(one) for one in still])]
    assert np.abs(np.diff(places[1:-1])).max() < 0.6
    leaping = [(100 + 14 * (number % 2), 60, 80, GRAY) for number in range(EVERY)]
    places = [every[0].bbox[0] for every in found([picture(one) for one in leaping])]
    np.testing.assert_allclose(np.abs(np.diff(places)), 14, atol=1.5)


def test_smaller_faces_than_the_detector_reports_are_lost():
    shrinking = [(100, 60, max(40 - 4 * number, 6), GRAY) for number in range(EVERY)]
    detector = SquareDetector()
    detector.min_face = 25.0
    images = [picture(one) for one in shrinking]
    keyframes = KeyframeDetector(detector, KeyframeOptions(EVERY))
    detector.scores = {GRAY: 0.0}
    assert keyframes.detect(images[:1] * EVERY) == [[]] * EVERY
    keyframes.begin_shot()
    detector.scores = {}
    faces = keyframes.detect(images[:4])
    assert len(faces[0]) == 1
    assert all(one.shorter_side >= 25 for every in faces[:3] for one in every)


def test_nothing_is_carried_into_the_next_shot():
    detector = SquareDetector()
    keyframes = KeyframeDetector(detector, KeyframeOptions(EVERY))
    found([picture(one) for one in walk(EVERY)], keyframes=keyframes)
    keyframes.begin_shot()
    detector.refined = 0
    assert keyframes.detect([picture()] * EVERY) == [[]] * EVERY
    assert detector.refined == 0


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=30),
    st.integers(2, 9),
)
def test_a_sure_face_is_found_whenever_it_is_there(script, every):
    x, images = 120, []
    for there, step in script:
        x += step
        images.append(picture((x, 60, 40, GRAY)) if there else picture())
    faces = found(images, every=every)
    there = [shown for shown, _ in script]
    seen = [len(one) == 1 for one in faces]
    assert not any(sees and not shows for sees, shows in zip(seen, there, strict=True))
    # it may be missed only where it comes and goes between two keyframes
    for first in range(0, len(there), every):
        block = there[first : first + every]
        if all(block):
            assert all(seen[first : first + every])


def test_keyframes_more_often_than_every_frame_are_wrong_usage():
    with pytest.raises(UsageError, match="0"):
        KeyframeOptions(0)
