"""Stages do what the pipeline does, on faces that a scripted detector finds."""

import pytest
from benchmarked import small_model
from chosen import annotation_options
from pipeline import ScriptedDetector, face, picture, source_of, write_clip, write_portrait

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.benchmark.figures import STAGES
from videxpr.annotation.benchmark.sample import take_sample
from videxpr.annotation.benchmark.stages import measure_stages, stretch_length, write_results
from videxpr.faces.detection.mtcnn import Mtcnn
from videxpr.faces.options import DetectionOptions, KeyframeOptions
from videxpr.formats.parquet import read_parquet
from videxpr.model.checkpoint import load_checkpoint

FRAMES = 20
OPTIONS = annotation_options(batch_size=8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return load_checkpoint(small_model(tmp_path_factory.mktemp("weights") / "m.safetensors"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    pictures = [picture(number) for number in range(FRAMES)]
    return source_of(write_clip(tmp_path_factory.mktemp("clips") / "v.mp4", pictures))


@pytest.fixture
def measure(checkpoint, source):
    """Measures the stages where each frame has these faces, counted over one pass of the video."""

    def run(script):
        detector = ScriptedDetector(lambda number: script(number % FRAMES))
        annotator = Annotator(checkpoint, detector, OPTIONS)
        annotation = annotator.annotate(source)
        sample = take_sample(source.path, OPTIONS.faces.batch_size)
        begun = []
        stages = measure_stages(source, sample, annotation, annotator, 2, begun.append)
        assert begun == [one.name for one in stages] == list(STAGES)
        return {one.name: one for one in stages}, annotation

    return run


def test_speeds_are_per_frame_whatever_the_number_of_faces(measure):
    stages, _ = measure(lambda number: [face(20, 40), face(150, 50, size=50)])
    assert {name: one.items for name, one in stages.items()} == {
        "decode": FRAMES, "detect": FRAMES, "align": 2 * FRAMES, "embed": 2 * FRAMES,
        "classify": FRAMES, "write": FRAMES,
    }  # fmt: skip
    for name, one in stages.items():
        assert one.speed.frames == FRAMES
        assert len(one.speed.seconds) == 2
        twice = 2 if name in ("align", "embed") else 1
        assert one.items_per_second == pytest.approx(twice * one.speed.frames_per_second)


def test_who_is_not_the_main_person_is_embedded_but_not_classified(measure):
    stages, annotation = measure(
        lambda number: [face(20, 40)] + [face(150, 50, size=50)] * (number >= 10)
    )
    assert stages["align"].items == stages["embed"].items == FRAMES + 10
    assert stages["classify"].items == len(annotation.faces) == FRAMES


def test_bridged_frames_need_no_crop(measure):
    stages, annotation = measure(lambda number: [face()] if number not in (7, 8) else [])
    assert len(annotation.faces) == FRAMES
    assert stages["embed"].items == stages["classify"].items == FRAMES - 2


def test_without_a_face_there_is_nothing_to_do_per_face(measure):
    stages, _ = measure(lambda number: [])
    assert {name for name, one in stages.items() if one.speed is None} == {
        *("align", "embed", "classify")
    }
    assert {one.per for one in stages.values() if one.speed is None} == {"face"}


def test_faces_are_followed_as_in_the_pipeline(checkpoint, tmp_path):
    frames, options = 30, annotation_options(keyframes=KeyframeOptions(3))
    write_portrait(tmp_path / "p.mp4", frames)
    source, detector = source_of(tmp_path / "p.mp4"), CountingDetector()
    annotator = Annotator(checkpoint, detector, options)
    annotation = annotator.annotate(source)
    assert stretch_length(annotator) == 24
    sample = take_sample(source.path, stretch_length(annotator))
    detector.searched = 0
    stages = measure_stages(source, sample, annotation, annotator, 1, lambda name: None)
    # of the warm-up and the run: the first picture of each of two stretches, and the last of 10 blocks
    assert detector.searched == 2 * (2 + 10)
    assert {one.name: one.items for one in stages}["embed"] == frames


class CountingDetector(Mtcnn):
    """The real thing, which counts the whole pictures that it searches."""

    def __init__(self) -> None:
        super().__init__(DetectionOptions("mtcnn"))
        self.searched = 0

    def detect(self, images):
        self.searched += len(images)
        return super().detect(images)


def test_what_is_written_is_what_annotate_writes_by_default(measure, source, tmp_path):
    _, annotation = measure(lambda number: [face()])
    write_results(source, annotation, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"v.txt", "v.parquet", "predictions.txt"} <= names
    assert len(read_parquet(tmp_path / "out" / "v.parquet")) == FRAMES
