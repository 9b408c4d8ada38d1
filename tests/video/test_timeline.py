"""The clock of a video's frames: it always rises, whatever the times in the file."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.video.timeline import Timeline, median

nan = math.nan


def clock(times: list[float]) -> list[float]:
    """The seconds of frames with these times, of 25 a second."""
    timeline = Timeline(fps=25.0)
    return [timeline.add(number, pts, 0, (6, 4)) for number, pts in enumerate(times)]


@given(
    st.lists(
        st.integers(-(10**9), 10**9).map(lambda ticks: ticks / 90_000) | st.just(math.nan),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 1000),
)
def test_seconds_always_rise(times, first):
    timeline = Timeline(fps=25.0)
    for number, pts_seconds in enumerate(times):
        assert timeline.add(first + number, pts_seconds, 0, (6, 4)) == timeline.seconds[-1]
    assert timeline.seconds[0] == 0
    assert (np.diff(timeline.seconds) > 0).all()
    np.testing.assert_array_equal(timeline.pts_seconds, times)
    assert timeline.frame_size == (6, 4)
    wanted = np.arange(first, first + len(times))[::3]
    np.testing.assert_array_equal(timeline.times(wanted), timeline.seconds[::3])


def test_a_frame_without_a_time_comes_a_usual_step_later():
    timeline = Timeline(fps=10.0)
    for number, pts_seconds in enumerate([5.0, math.nan, 5.5, 5.75, 6.0, 4.0]):
        timeline.add(number, pts_seconds, 0, (6, 4))
    # no step is known at the first NaN, and none from NaN to 5.5; then 0.25 twice, and 0.25 assumed
    np.testing.assert_allclose(np.diff(timeline.seconds), [0.1, 0.1, 0.25, 0.25, 0.25])
    assert timeline.odd_steps == 3


def test_untimed_frames_have_the_assumed_rate():
    timeline = Timeline(fps=20.0)
    timeline.add_untimed(3)
    assert np.isnan(timeline.pts_seconds).all()
    assert timeline.seconds.tolist() == [0.0, 0.05, 0.1]
    assert timeline.shots.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("pts", "seconds"),
    [
        ([0.0, 0.1, 0.2], [0.0, 0.1, 0.2]),
        ([5.0, 5.1, 5.4], [0.0, 0.1, 0.4]),
        ([0.0, 0.1, 0.1, 0.3, 0.2, 0.3], [0.0, 0.1, 0.2, 0.4, 0.55, 0.65]),
        ([0.0, 0.5, nan, 1.5, 1.6], [0.0, 0.5, 1.0, 1.5, 1.6]),
        ([0.0, 0.0, 0.0], [0.0, 0.04, 0.08]),
        ([nan, nan, nan], [0.0, 0.04, 0.08]),
        # the third frame jumps back: only the step before it, .04, is known when it comes
        (
            [0.0, 0.04, 0.02, 0.06, 0.10, 0.20, 0.30, 0.40, 0.50],
            [0.0, 0.04, 0.08, 0.12, 0.16, 0.26, 0.36, 0.46, 0.56],
        ),
        ([], []),
        ([7.0], [0.0]),
        ([nan, 4.0, 5.0], [0.0, 0.04, 1.04]),
        ([0.0, 2.0, 4.0, 1.0, 3.0], [0.0, 2.0, 4.0, 6.0, 8.0]),
        ([5.0, 4.0, 3.0], [0.0, 0.04, 0.08]),
        ([0.0, 1.0, 2.0, 12.0, 11.0], [0.0, 1.0, 2.0, 12.0, 13.0]),
    ],
)
def test_unknown_and_falling_steps_become_the_usual_step_so_far(
    pts: list[float], seconds: list[float]
) -> None:
    np.testing.assert_allclose(clock(pts), seconds)


@given(st.lists(st.just(nan) | st.floats(0, 100), min_size=1, max_size=30), st.integers(1, 30))
def test_the_clock_keeps_the_steps_that_rise_and_needs_no_later_frame(
    pts: list[float], known: int
) -> None:
    times = np.array(pts)
    seconds = clock(pts)
    good = np.diff(times) > 0
    assert seconds[0] == 0 and (np.diff(seconds) >= 0).all()
    np.testing.assert_allclose(np.diff(seconds)[good], np.diff(times)[good], atol=1e-9)
    np.testing.assert_allclose(clock(pts[:known]), seconds[:known])


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.04, 1 / 3, 0.0]), min_size=1, max_size=50)
)
def test_the_median_of_counted_numbers_is_the_median_of_all_that_came(
    numbers: list[float],
) -> None:
    assert median(Counter(numbers)) == np.median(numbers)


@pytest.mark.parametrize(
    ("pts", "duration", "seconds"),
    [
        ([0.0, 0.1, 0.3], 0.7, 0.7),
        ([0.0, 0.1, 0.3], nan, 0.15),
        ([0.0, 0.1, 0.3], 0.0, 0.15),
        ([0.0], nan, 0.04),
    ],
)
def test_the_last_frame_lasts_as_stated_or_as_frames_before_it(pts, duration, seconds):
    timeline = Timeline(fps=25.0)
    for number, time in enumerate(pts):
        timeline.add(number, time, 0, (6, 4), duration)
    assert timeline.last_frame_seconds == pytest.approx(seconds)
