"""Median, spread, bound and efficiency, against figures worked out by hand."""

import math

import pytest
from benchmarked import SPEEDS, figures
from hypothesis import given
from hypothesis import strategies as st

from videxpr.annotation.benchmark.figures import STAGES, Speed, StageFigures, bound


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
    embed = StageFigures("embed", "face", items=150, speed=Speed(50, (0.5,)))
    assert embed.speed.frames_per_second == 100
    assert embed.items_per_second == 300
    assert StageFigures("embed", "face", 0, None).items_per_second is None


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
