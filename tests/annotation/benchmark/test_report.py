"""JSON for programs: every figure under its key."""

import json
from pathlib import Path

import pytest
from benchmarked import SPEEDS, figures
from chosen import annotation_options
from pipeline import source_of

from videxpr.annotation.benchmark.batch import BenchmarkReport
from videxpr.annotation.benchmark.figures import STAGES
from videxpr.annotation.benchmark.machine import InUse, Machine
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.benchmark.report import as_json
from videxpr.core.version import VERSION

MACHINE = Machine("Abacus", 4, 2, 8_000_000_000, 0.25, None, None, "Linux", "3.11", "2.6", None)
USED = InUse(("starter",), ("ab" * 32,), "cpu", ("torch",), (), 2, 2, 1, "mtcnn", "cpu", (), None)


def found(*reports):
    options = BenchmarkOptions(annotation_options(batch_size=8), runs=3)
    return json.loads(as_json(MACHINE, USED, options, reports))


def done(**changes):
    source = source_of(Path("sub/v.mp4"))
    return BenchmarkReport(source, "done", warnings=("dark",), figures=figures(**changes))


def test_what_was_measured_on_what():
    fields = found()
    assert list(fields) == [
        *("videxpr_version", "machine", "in_use", "runs", "batch_size", "options", "videos")
    ]
    assert (fields["videxpr_version"], fields["runs"], fields["batch_size"]) == (VERSION, 3, 8)
    assert fields["machine"] == {
        "cpu": "Abacus", "cores": 4, "usable_cores": 2, "memory_bytes": 8_000_000_000, "load": 0.25,
        "gpu": None, "gpu_bytes": None, "system": "Linux", "python": "3.11", "torch": "2.6",
        "onnxruntime": None,
    }  # fmt: skip
    assert fields["in_use"] == {
        "models": ["starter"], "models_sha256": ["ab" * 32], "device": "cpu", "torch_threads": 2,
        "model_runtimes": ["torch"], "model_providers": [], "model_threads": 2,
        "detector": "mtcnn", "detector_device": "cpu", "providers": [], "detector_threads": None,
        "stage_threads": 1,
    }  # fmt: skip
    assert fields["options"]["stride"] == "16"
    assert fields["videos"] == []


def test_figures_of_a_video():
    (video,) = found(done())["videos"]
    assert list(video) == [
        *("video", "frames", "width", "height", "codec", "sampled_frames", "faces_per_frame"),
        *("stages", "bound", "pipeline", "efficiency", "peak_memory", "warnings"),
    ]
    assert list(video["stages"]) == list(STAGES)
    assert video["stages"]["classify"] is None
    for name, speed in SPEEDS.items():
        assert video["stages"][name]["frames_per_second"] == pytest.approx(speed)
    assert video["stages"]["embed"] == {
        "frames_per_second": 100, "slowest": 100, "fastest": 100, "spread": 0, "frames": 50,
        "seconds": [0.5], "per": "face", "items": 100, "items_per_second": 200,
    }  # fmt: skip
    assert video["bound"] == {
        "frames_per_second": pytest.approx(1000 / 38.7),
        "rule": "1 / sum(1 / stage)",
        "slowest_stage": "detect",
    }
    assert video["pipeline"] == {
        "frames_per_second": 20, "slowest": 12.5, "fastest": 25, "spread": 0.625, "frames": 100,
        "seconds": [4.0, 5.0, 8.0],
    }  # fmt: skip
    assert video["efficiency"] == pytest.approx(0.774)
    assert video["peak_memory"] == {"host_bytes": 900_000_000, "device_bytes": None}
    assert (video["video"], video["frames"], video["faces_per_frame"]) == ("v.mp4", 100, 2)
    assert video["warnings"] == ["dark"]


def test_where_stages_overlap_the_rule_is_another():
    (video,) = found(done(overlap=True))["videos"]
    assert video["bound"]["rule"] == "slowest stage"
    assert (video["bound"]["frames_per_second"], video["efficiency"]) == (40, 0.5)


def test_a_video_that_failed_has_its_error_among_the_others():
    failed = BenchmarkReport(source_of(Path("broken.mp4")), "failed", error="no video")
    first, second = found(failed, done())["videos"]
    assert first == {"video": "broken.mp4", "error": "no video"}
    assert second["video"] == "v.mp4"
