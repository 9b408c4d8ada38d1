"""Many videos: one that cannot be measured does not stop the others."""

from pathlib import PurePosixPath

import pytest
from benchmarked import small_model
from chosen import annotation_options
from PIL import Image
from pipeline import source_of, write_portrait

from videxpr.annotation.benchmark.batch import benchmark_sources
from videxpr.annotation.benchmark.figures import STAGES
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.load import load_annotator
from videxpr.core.errors import UsageError
from videxpr.faces.options import DetectionOptions
from videxpr.video.sources import Source

MTCNN = DetectionOptions("mtcnn", min_face=60, threads=1)
FRAMES = 9


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("weights") / "m.safetensors")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    portrait = write_portrait(folder / "face.mp4", FRAMES)
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "crops").mkdir()
    Image.fromarray(portrait).save(folder / "crops" / "00001.jpg")
    return folder


def test_every_source_has_its_report(model, clips):
    sources = [
        source_of(clips / "broken.mp4"),
        source_of(clips / "crops"),
        Source(clips / "x.mp4", "missing", PurePosixPath("x.mp4"), problem="no such file"),
        source_of(clips / "face.mp4"),
    ]
    options = BenchmarkOptions(annotation_options(detection=MTCNN, batch_size=4), runs=2)
    tools = load_annotator([model], options.annotate, "cpu", 1)
    begun = []

    def begin(source, stage):
        begun.append((source.stem, stage))

    broken, crops, missing, done = benchmark_sources(tools, [model], sources, options, begin)
    assert [one.status for one in (broken, crops, missing)] == ["failed"] * 3
    assert "broken.mp4" in broken.error and not broken.trace
    assert "holds crops" in crops.error and "no such file" in missing.error
    assert broken.figures is None
    assert begun == [("broken", None), ("face", None), *(("face", name) for name in STAGES)]

    found = done.figures
    assert (done.status, done.frames, found.frames, found.sampled_frames) == ("done", *[FRAMES] * 3)
    assert (found.width, found.height, found.codec, found.overlap) == (240, 240, "h264", False)
    assert found.faces_per_frame == 1
    assert all(len(one.speed.seconds) == options.runs for one in found.stages)
    assert len(found.pipeline.speed.seconds) == options.runs
    assert found.pipeline.speed.frames == FRAMES
    assert done.frames_per_second == found.pipeline.speed.frames_per_second
    assert found.bound < min(one.speed.frames_per_second for one in found.stages)
    assert found.efficiency > 0
    assert 100e6 < found.pipeline.host_bytes < 4e9
    assert found.pipeline.device_bytes is None


def test_wrong_usage_is_so_for_every_video(model, clips):
    options = BenchmarkOptions(annotation_options(detection=MTCNN), runs=1)
    tools = load_annotator([model], options.annotate, "cpu", 1)
    elsewhere = annotation_options(detection=DetectionOptions("scrfd", root=clips / "nowhere"))
    reports = benchmark_sources(
        tools, [model], [source_of(clips / "face.mp4")], BenchmarkOptions(elsewhere, runs=1)
    )
    with pytest.raises(UsageError, match="nowhere"):
        list(reports)
