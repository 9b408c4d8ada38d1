"""Episodes counted by hand."""

import numpy as np

from videxpr.temporal.episodes import EPISODE_MEASURES, count_episodes
from videxpr.temporal.segments import Interval

nan = np.nan


def interval(start: float, end: float, label: int) -> Interval:
    return Interval(start, end, label, 0.5, 0.6, 1, 0, 1.0, 1.0, 0, 1)


def test_an_episode_belongs_to_the_bin_in_which_it_begins() -> None:
    intervals = [interval(0.5, 2.0, 0), interval(2.0, 3.5, 1), interval(3.5, 9.0, 0)]
    found = count_episodes(intervals, np.array([0.0, 2.0, 4.0]), 3)
    assert found.counts.tolist() == [[1, 0, 0], [1, 1, 0]]
    np.testing.assert_allclose(found.mean_seconds, [[1.5, nan, nan], [5.5, 1.5, nan]])
    np.testing.assert_allclose(found.latency_seconds, [[0.5, nan, nan], [1.5, 0.0, nan]])
    rates = found.measures(np.array([0.0, 1.5]))[EPISODE_MEASURES.index("episodes_per_minute")]
    np.testing.assert_allclose(rates, [[nan] * 3, [40, 40, 0]])


def test_what_begins_outside_is_not_counted_and_the_first_counts_for_latency() -> None:
    intervals = [interval(0, 1, 0), interval(3, 4, 0), interval(2, 3, 0), interval(9, 10, 0)]
    found = count_episodes(intervals, np.array([1.0, 9.0]), 1)
    assert (found.counts.item(), found.mean_seconds.item(), found.latency_seconds.item()) == (
        2,
        1,
        1,
    )
    assert count_episodes([], np.array([0.0, 1.0]), 2).counts.tolist() == [[0, 0]]
