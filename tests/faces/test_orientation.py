"""Which way up the picture is, told by the scores of faces."""

import re

import numpy as np
import pytest
from chosen import face_options
from conftest import SHARED, needs_shared
from pipeline import face, write_clip
from skimage import data

from videxpr.core.crop_template import ARCFACE
from videxpr.faces.detection.detector import RegionOfInterest
from videxpr.faces.detection.load import load_detector
from videxpr.faces.options import DetectionOptions
from videxpr.faces.orientation import MOST_EMPTY_LOOKS, MOST_LOOKS, OrientationCheck
from videxpr.faces.pipeline import FacePipeline
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video
from videxpr.video.timeline import Timeline

PACKS = SHARED / "models" / "insightface"
needs_packs = pytest.mark.skipif(not PACKS.is_dir(), reason=f"no SCRFD weights in {PACKS}")
DETECTORS = ["mtcnn", pytest.param("scrfd:buffalo_sc", marks=needs_packs)]
UPRIGHT = np.zeros((160, 240, 3), np.uint8)
UPRIGHT[:40] = 255  # the sky


class CompassDetector:
    """Is as sure of a face as a table says, by the half of the picture that is bright."""

    min_score = 0.5
    sure_score = 0.65

    def __init__(self, sky_above, left, below, right):
        self.scores = {"above": sky_above, "left": left, "below": below, "right": right}
        self.orientation_roi = RegionOfInterest(1.0, 80)
        self.looks = 0

    def score(self, image):
        height, width = image.shape[:2]
        halves = {
            "above": image[: height // 2],
            "left": image[:, : width // 2],
            "below": image[-(height // 2) :],
            "right": image[:, -(width // 2) :],
        }
        return self.scores[max(halves, key=lambda half: halves[half].mean())] * bool(image.any())

    def refine(self, rois):
        self.looks += 1
        return [face(score=self.score(roi)) if self.score(roi) else None for roi in rois]

    def detect(self, images):
        self.looks += 1
        return [[face(score=self.score(one))] if self.score(one) else [] for one in images]


def warnings_after(detector, image, faces, frames=400):
    check = OrientationCheck(detector)
    for _ in range(frames):
        check.look(image, faces)
    return check.warnings()


FILLS = face(x=40, y=0, size=160)
"""A face whose square shows the sky."""


@pytest.mark.parametrize(
    ("quarters", "words"),
    [
        (1, "on its side .* turned clockwise by 90 .* transpose=1"),
        (2, "upside down .* turned by 180 .* vflip,hflip"),
        (3, "on its side .* turned counterclockwise by 90 .* transpose=2"),
    ],
)
def test_a_turned_picture_is_said_with_what_turns_it_back(quarters, words):
    detector = CompassDetector(0.85, 0.6, 0.7, 0.6)
    turned = np.rot90(UPRIGHT, quarters)
    place = FILLS if quarters == 2 else face(x=0, y=40, size=160)
    (sentence,) = warnings_after(detector, turned, [place])
    assert re.search(words, sentence)


def test_an_upright_picture_is_looked_at_once():
    detector = CompassDetector(0.85, 0.6, 0.7, 0.6)
    assert warnings_after(detector, UPRIGHT, [FILLS]) == []
    assert detector.looks == 1


@pytest.mark.parametrize("scores", [(0.7, 0.7, 0.7, 0.7), (0.6, 0.5, 0.63, 0.5), (0, 0, 0.62, 0)])
def test_scores_that_differ_little_or_are_low_say_nothing_and_looks_are_few(scores):
    detector = CompassDetector(*scores)
    assert warnings_after(detector, UPRIGHT, [FILLS]) == []
    assert detector.looks == MOST_LOOKS


def test_where_no_face_is_found_the_whole_picture_is_turned():
    detector = CompassDetector(0.9, 0, 0, 0)
    assert warnings_after(detector, UPRIGHT[::-1, ::-1], []) != []
    assert detector.looks == 3 * MOST_EMPTY_LOOKS
    assert warnings_after(CompassDetector(0, 0, 0, 0), UPRIGHT, []) == []
    assert OrientationCheck(detector).warnings() == []  # no frame at all


def test_a_face_that_is_found_later_counts_and_the_empty_frames_before_do_not():
    check = OrientationCheck(CompassDetector(0.85, 0, 0.6, 0))
    for _ in range(50):
        check.look(np.zeros_like(UPRIGHT), [])
    for _ in range(200):
        check.look(UPRIGHT, [FILLS])
    assert check.warnings() == []


# ---- with real detectors


def detector_of(name):
    return load_detector(DetectionOptions(name, root=PACKS, threads=1))


def warnings_of(path, detector):
    timeline = Timeline()
    pipeline = FacePipeline(detector, face_options(), [ARCFACE])
    list(pipeline.shots(path, timeline, lambda faces: None))
    return timeline.video_warnings


@pytest.mark.parametrize("name", DETECTORS)
def test_a_turned_video_is_told_from_an_upright_one(tmp_path, name):
    portrait = np.ascontiguousarray(data.astronaut()[20:260, 120:360])
    moving = [np.roll(portrait, n, axis=1) for n in range(7)]
    detector = detector_of(name)
    said = {}
    for quarters in range(4):
        pictures = [np.ascontiguousarray(np.rot90(one, quarters)) for one in moving]
        said[quarters] = warnings_of(write_clip(tmp_path / f"{quarters}.mp4", pictures), detector)
    assert said[0] == []
    for quarters, remedy in ((1, "transpose=1"), (2, "vflip,hflip"), (3, "transpose=2")):
        (sentence,) = said[quarters]
        assert remedy in sentence


@needs_shared
@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("clip", ["man-smirk-vp9.webm", "signer-start33.mkv", "single-face.mp4"])
def test_clips_on_which_scores_are_near_each_other(name, clip):
    with Video(SHARED / "data" / "clips" / clip, DecodingOptions()) as video:
        image = next(iter(video)).image
    detector = detector_of(name)
    for quarters in (0, 2):
        turned = np.ascontiguousarray(np.rot90(image, quarters))
        sentences = warnings_after(detector, turned, detector.detect([turned])[0], frames=1)
        assert ["upside down" in one for one in sentences] == [True] * (quarters == 2)


@needs_shared
@pytest.mark.parametrize("clip", ["rotated-90.mp4", "rotated-180.mp4"])
def test_a_turn_that_the_metadata_tell_is_no_reason_to_warn(clip):
    with Video(SHARED / "data" / "clips" / clip, DecodingOptions()) as video:
        image = next(iter(video)).image
    detector = detector_of("mtcnn")
    assert warnings_after(detector, image, detector.detect([image])[0], frames=1) == []
