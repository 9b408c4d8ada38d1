"""Stages and pipeline do what `annotate` does; a video that fails does not stop the others."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from benchmarked import small_model
from chosen import annotation_options
from PIL import Image
from pipeline import ScriptedDetector, face, picture, source_of, write_clip, write_portrait

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.benchmark import measure as measuring
from videxpr.annotation.benchmark.measure import (
    measure_stages,
    measure_videos,
    run_pipeline,
    timed,
    write_results,
)
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.annotation.load import load_annotator
from videxpr.core.errors import DetectorError, SourceError, UsageError
from videxpr.core.memory import peak_memory_bytes
from videxpr.core.stage_timer import STAGES, StageTimer
from videxpr.faces.detection.mtcnn import Mtcnn
from videxpr.faces.options import DetectionOptions, KeyframeOptions
from videxpr.formats.parquet import read_annotation
from videxpr.model.checkpoint import load_checkpoint
from videxpr.temporal.options import WindowOptions
from videxpr.video.sources import Source

EXAMPLE = Path(__file__).parents[3] / "examples" / "astronaut.mp4"
MTCNN = annotation_options(detection=DetectionOptions("mtcnn", min_face=60, threads=1))
PAPER = WindowOptions(stride=64, tail="padded")
MEGABYTE = 1 << 20
FRAMES = 20


class Clock:
    """Shows the time that work took, and nothing else passes on it."""

    def __init__(self, *lengths):
        self.now = 100.0
        self.lengths = iter(lengths)

    def __call__(self):
        return self.now

    def work(self):
        self.now += next(self.lengths)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("weights") / "m.safetensors")


@pytest.fixture(scope="module")
def checkpoint(model):
    return load_checkpoint(model)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    pictures = [picture(number) for number in range(FRAMES)]
    return source_of(write_clip(tmp_path_factory.mktemp("clips") / "v.mp4", pictures))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, of this process and those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def stages_of(checkpoint, source):
    """Measures the stages where each frame has these faces, counted over one pass of the video."""

    def run(script, **options):
        timer = StageTimer()
        detector = ScriptedDetector(lambda number: script(number % FRAMES))
        options = annotation_options(batch_size=8, **options)
        annotator = Annotator(checkpoint, detector, options, timer=timer)
        annotation, stages = measure_stages(source, annotator, timer, 2)
        assert [one.name for one in stages] == list(STAGES)
        return {one.name: one for one in stages}, annotation

    return run


def command(options=MTCNN, runs=1):
    return BenchmarkCommand(("v.mp4",), options, runs=runs)


def test_speeds_are_per_frame_whatever_the_number_of_faces(stages_of):
    stages, _ = stages_of(lambda number: [face(20, 40), face(150, 50, size=50)])
    assert {name: one.items for name, one in stages.items()} == {
        "decode": FRAMES, "detect": FRAMES, "align": 2 * FRAMES, "embed": FRAMES,
        "classify": FRAMES, "write": FRAMES,
    }  # fmt: skip
    for name, one in stages.items():
        assert one.speed.frames == FRAMES
        assert len(one.speed.seconds) == 2
        twice = 2 if name == "align" else 1
        assert one.items_per_second == pytest.approx(twice * one.speed.frames_per_second)


def test_who_is_not_the_main_person_is_not_embedded(stages_of):
    stages, annotation = stages_of(
        lambda number: [face(20, 40)] + [face(150, 50, size=50)] * (number >= 10)
    )
    assert stages["align"].items == FRAMES + 10
    assert stages["embed"].items == stages["classify"].items == len(annotation.faces) == FRAMES


def test_bridged_frames_need_no_crop(stages_of):
    stages, annotation = stages_of(lambda number: [face()] if number not in (7, 8) else [])
    assert len(annotation.faces) == FRAMES
    assert stages["embed"].items == stages["classify"].items == FRAMES - 2


def test_without_a_face_there_is_nothing_to_do_per_face(stages_of):
    stages, _ = stages_of(lambda number: [])
    assert {name for name, one in stages.items() if one.speed is None} == {
        *("align", "embed", "classify")
    }
    assert {one.per for one in stages.values() if one.speed is None} == {"face"}


def test_the_preset_that_classifies_at_the_end_is_measured_there(stages_of):
    stages, annotation = stages_of(
        lambda number: [face()], preset="paper", smooth_seconds=0, windows=PAPER
    )
    assert annotation.paper_probabilities is not None
    assert stages["classify"].speed.seconds


def test_faces_are_followed_as_in_the_pipeline(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "SHORTEST_RUN_SECONDS", 0)
    write_portrait(tmp_path / "p.mp4", 30)
    timer, detector = StageTimer(), CountingDetector()
    options = annotation_options(keyframes=KeyframeOptions(3))
    annotator = Annotator(checkpoint, detector, options, timer=timer)
    _, stages = measure_stages(source_of(tmp_path / "p.mp4"), annotator, timer, 1)
    # of the warm-up and the run: the first picture of the shot, and the last of 10 blocks
    assert detector.searched == 2 * (1 + 10)
    assert {one.name: one.items for one in stages}["embed"] == 30


class CountingDetector(Mtcnn):
    """The real thing, which counts the whole pictures that it searches."""

    def __init__(self) -> None:
        super().__init__(DetectionOptions("mtcnn"))
        self.searched = 0

    def detect(self, images):
        self.searched += len(images)
        return super().detect(images)


def test_one_stage_after_another_gives_what_overlapping_stages_give(checkpoint, tmp_path):
    write_portrait(tmp_path / "p.mp4", 30)
    source = source_of(tmp_path / "p.mp4")
    detector = Mtcnn(DetectionOptions("mtcnn"))
    made = [
        Annotator(checkpoint, detector, MTCNN, timer=timer).annotate(source)
        for timer in (None, StageTimer())
    ]
    assert len(made[0].faces) == 30
    assert (made[0].faces.smoothed == made[1].faces.smoothed).all()
    assert (made[0].faces.landmarks == made[1].faces.landmarks).all()


def test_what_is_written_is_what_annotate_writes_by_default(stages_of, source, tmp_path):
    _, annotation = stages_of(lambda number: [face()])
    write_results(source, annotation, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"v.txt", "v.parquet", "predictions.txt"} <= names
    assert len(read_annotation(tmp_path / "out" / "v.parquet")) == FRAMES


def test_every_source_has_its_report(model, tmp_path):
    portrait = write_portrait(tmp_path / "face.mp4", 9)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "crops").mkdir()
    Image.fromarray(portrait).save(tmp_path / "crops" / "00001.jpg")
    sources = [
        source_of(tmp_path / "broken.mp4"),
        source_of(tmp_path / "crops"),
        Source(tmp_path / "x.mp4", "missing", PurePosixPath("x.mp4"), problem="no such file"),
        source_of(tmp_path / "face.mp4"),
    ]
    asked, timer = command(runs=2), StageTimer()
    annotator = load_annotator([model], asked.annotation, "cpu", 1, timer=timer)
    broken, crops, missing, done = measure_videos(asked, sources, [model], annotator, timer)
    assert [one.status for one in (broken, crops, missing)] == ["failed"] * 3
    assert "broken.mp4" in broken.error and not broken.trace
    assert "holds crops" in crops.error and "no such file" in missing.error
    assert broken.figures is None

    found = done.figures
    assert (done.status, done.frames, found.frames) == ("done", 9, 9)
    assert (found.width, found.height, found.codec, found.overlap) == (240, 240, "h264", False)
    assert found.faces_per_frame == 1
    assert all(len(one.speed.seconds) == asked.runs for one in found.stages)
    assert len(found.pipeline.speed.seconds) == asked.runs
    assert done.frames_per_second == found.pipeline.speed.frames_per_second
    assert found.bound < min(one.speed.frames_per_second for one in found.stages)
    assert found.efficiency > 0
    assert 100e6 < found.pipeline.host_bytes < 4e9
    assert found.pipeline.device_bytes is None


def test_wrong_usage_is_so_for_every_video(model, tmp_path):
    write_portrait(tmp_path / "face.mp4", 9)
    timer = StageTimer()
    annotator = load_annotator([model], MTCNN, "cpu", 1, timer=timer)
    elsewhere = annotation_options(detection=DetectionOptions("scrfd", root=tmp_path / "nowhere"))
    reports = measure_videos(
        command(elsewhere), [source_of(tmp_path / "face.mp4")], [model], annotator, timer
    )
    with pytest.raises(UsageError, match="nowhere"):
        list(reports)


def test_errors_of_the_process_are_errors_here(model, temporary):
    (temporary / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"broken\.mp4"):
        run_pipeline(source_of(temporary / "broken.mp4"), [model], command(), "cpu")
    nowhere = annotation_options(detection=DetectionOptions("scrfd", root=temporary))
    with pytest.raises(DetectorError, match="no SCRFD pack"):
        run_pipeline(source_of(EXAMPLE), [model], command(nowhere), "cpu")


def test_a_process_that_dies_is_told_with_its_exit_code(model):
    without_options = replace(command(), annotation=None)  # as a bug would have it
    with pytest.raises(SourceError, match=r"astronaut\.mp4 ended early \(exit code 1\)"):
        run_pipeline(source_of(EXAMPLE), [model], without_options, "cpu")


def test_something_is_measured_at_least_once():
    assert command(runs=1).runs == 1
    with pytest.raises(UsageError, match="not 0"):
        replace(command(), runs=0)


def test_videos_are_annotated_as_annotate_does_by_default():
    assert BenchmarkCommand(("v.mp4",)).annotation == annotation_options()


def test_short_work_is_repeated_and_a_run_is_the_mean():
    clock = Clock(0.15, 0.1, 0.5)  # 0.15 alone is too short, 0.25 is not
    assert timed(clock.work, 2, clock) == pytest.approx((0.125, 0.5))


def test_real_work_takes_real_time():
    (seconds,) = timed(lambda: sum(range(100_000)), 1)
    assert 0 < seconds < 0.2


def peak_of(code):
    """The peak of a process that runs this code, by what it says itself."""
    tail = "from videxpr.core.memory import peak_memory_bytes; print(peak_memory_bytes())"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {tail}"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_the_peak_stays_when_memory_is_given_back():
    least = peak_of("pass")
    assert peak_of(f"data = b'x' * {1000 * MEGABYTE}; del data") >= max(least, 1000 * MEGABYTE)


def test_a_process_does_not_begin_with_the_peak_of_the_one_that_started_it():
    buffered = b"x" * (1000 * MEGABYTE)
    assert peak_memory_bytes() > len(buffered)
    assert peak_of("pass") < len(buffered)
