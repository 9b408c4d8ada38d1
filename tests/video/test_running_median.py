"""The running median against NumPy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.video.running_median import RunningMedian


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.04, 1 / 3, 0.0]), max_size=50))
def test_it_is_the_median_of_all_that_came(numbers: list[float]) -> None:
    running = RunningMedian()
    assert running.median(7.0) == 7.0
    for count, number in enumerate(numbers, 1):
        running.add(number)
        assert running.median(7.0) == np.median(numbers[:count])


def test_it_grows_with_distinct_numbers_only() -> None:
    running = RunningMedian()
    for number in [0.04, 0.08] * 10_000:
        running.add(number)
    assert running.distinct == [0.04, 0.08]
    assert running.counts == {0.04: 10_000, 0.08: 10_000}
