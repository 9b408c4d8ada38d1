"""Median, spread, bound and efficiency, against figures worked out by hand; and as JSON."""

import json
import math
from pathlib import Path

import pytest
from benchmarked import SPEEDS, figures
from chosen import annotation_options
from hypothesis import given
from hypothesis import strategies as st
from pipeline import source_of

from videxpr.annotation.benchmark.figures import (
    BenchmarkReport,
    Speed,
    StageFigures,
    as_json,
    bound,
)
from videxpr.annotation.benchmark.machine import InUse, Machine
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.core.stage_timer import STAGES
from videxpr.core.version import VERSION

MACHINE = Machine("Abacus", 4, 2, 8_000_000_000, 0.25, None, None, "Linux", "3.11", "2.6", None)
USED = InUse(("starter",), ("ab" * 32,), "cpu", ("torch",), (), 2, 2, 1, "mtcnn", "cpu", (), None)


def test_speed_is_that_of_the_median_run():
    speed = Speed(60, (2.0, 1.0, 4.0))
    assert speed.frames_per_second == 30
    assert (speed.slowest, speed.fastest) == (15, 60)
    assert speed.spread == pytest.approx((60 - 15) / 30)


def test_median_of_an_even_number_of_runs_lies_between_the_two_in_the_middle():
    assert Speed(60, (1.0, 2.0, 4.0, 9.0)).frames_per_second == 60 / 3


def test_one_run_has_no_spread():
    assert Speed(7, (0.5,)).spread == 0


@pytest.mark.parametrize(("frames", "seconds"), [(0, (1.0,)), (5, ()), (5, (1.0, 0.0))])
def test_there_is_no_speed_of_nothing(frames, seconds):
    with pytest.raises(ValueError, match="no speed"):
        Speed(frames, seconds)


def test_stages_that_share_the_cores_add_up_their_times():
    assert bound([40, 60, 120], overlap=False) == pytest.approx(20)  # 25 + 16.7 + 8.3 ms


def test_of_stages_that_overlap_the_slowest_decides():
    assert bound([40, 60, 120], overlap=True) == 40


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=9))
def test_sharing_is_never_faster_than_overlapping(speeds):
    shared, overlapped = bound(speeds, overlap=False), bound(speeds, overlap=True)
    assert overlapped / len(speeds) * 0.999 <= shared <= overlapped * 1.001


def test_speed_of_a_stage_per_face_counts_frames_and_its_items_faces():
    embed = StageFigures("embed", items=150, speed=Speed(50, (0.5,)))
    assert embed.speed.frames_per_second == 100
    assert embed.items_per_second == 300
    assert (embed.per, StageFigures("write", 50, embed.speed).per) == ("face", "frame")
    assert StageFigures("embed", 0, None).items_per_second is None


def test_efficiency_is_the_pipeline_over_the_bound():
    shared, overlapped = figures(), figures(overlap=True)
    milliseconds = math.fsum(1000 / speed for speed in SPEEDS.values())  # 2.5 + 25 + 1 + 10 + 0.2
    assert milliseconds == pytest.approx(38.7)
    assert shared.bound == pytest.approx(1000 / 38.7)
    assert shared.pipeline.speed.frames_per_second == 20
    assert shared.efficiency == pytest.approx(20 * 38.7 / 1000)
    assert overlapped.bound == 40 and overlapped.efficiency == 0.5
    assert shared.slowest == overlapped.slowest == "detect"
    assert shared.faces_per_frame == 2


def test_every_stage_has_its_place():
    assert tuple(one.name for one in figures().stages) == STAGES


def found(*reports):
    command = BenchmarkCommand(("v.mp4",), annotation_options(batch_size=8), runs=3)
    return json.loads(as_json(MACHINE, USED, command, reports))


def done(**changes):
    source = source_of(Path("sub/v.mp4"))
    return BenchmarkReport(source, "done", warnings=("dark",), figures=figures(**changes))


def test_what_was_measured_on_what():
    fields = found()
    assert list(fields) == [*("videxpr_version", "machine", "in_use", "runs", "options", "videos")]
    assert (fields["videxpr_version"], fields["runs"]) == (VERSION, 3)
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
    assert (fields["options"]["batch-size"], fields["options"]["stride"]) == (8, 16)
    assert fields["videos"] == []


def test_figures_of_a_video():
    (video,) = found(done())["videos"]
    assert list(video) == [
        *("video", "frames", "width", "height", "codec", "faces_per_frame"),
        *("stages", "bound", "pipeline", "efficiency", "peak_memory", "warnings"),
    ]
    assert list(video["stages"]) == list(STAGES)
    assert video["stages"]["classify"] is None
    for name, speed in SPEEDS.items():
        assert video["stages"][name]["frames_per_second"] == pytest.approx(speed)
    assert video["stages"]["embed"] == {
        "frames_per_second": 100, "slowest": 100, "fastest": 100, "spread": 0, "frames": 100,
        "seconds": [1.0], "per": "face", "items": 200, "items_per_second": 200,
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
