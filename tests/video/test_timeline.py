"""The clock of a video's frames: it always rises, whatever the times in the file."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.video.timeline import Timeline


@given(
    st.lists(
        st.integers(-(10**9), 10**9).map(lambda ticks: ticks / 90_000) | st.just(math.nan),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 1000),
)
def test_the_log_has_a_clock_that_always_rises(times, first):
    log = Timeline(fps=25.0)
    for number, pts_seconds in enumerate(times):
        assert log.add(first + number, pts_seconds, 0, (6, 4)) == log.seconds[-1]
    assert log.seconds[0] == 0
    assert (np.diff(log.seconds) > 0).all()
    np.testing.assert_array_equal(log.pts_seconds, times)
    assert log.picture == (6, 4)
    wanted = np.arange(first, first + len(times))[::3]
    np.testing.assert_array_equal(log.times(wanted), log.seconds[::3])


def test_a_frame_without_a_time_comes_a_usual_step_later():
    log = Timeline(fps=10.0)
    for number, pts_seconds in enumerate([5.0, math.nan, 5.5, 5.75, 6.0, 4.0]):
        log.add(number, pts_seconds, 0, (6, 4))
    # no step is known at the first NaN, and none from NaN to 5.5; then 0.25 twice, and 0.25 assumed
    np.testing.assert_allclose(np.diff(log.seconds), [0.1, 0.1, 0.25, 0.25, 0.25])
    assert log.odd_steps == 3


def test_untimed_frames_have_the_assumed_rate():
    log = Timeline(fps=20.0)
    log.add_untimed(3)
    assert np.isnan(log.pts_seconds).all()
    assert log.seconds.tolist() == [0.0, 0.05, 0.1]
    assert log.shots.tolist() == [0, 0, 0]
