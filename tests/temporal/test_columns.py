import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from videxpr.temporal.columns import cut_columns

steps = st.lists(st.floats(0.01, 3.0), min_size=1, max_size=60)


@given(steps, st.integers(1, 40), st.randoms(use_true_random=False))
def test_a_column_holds_what_is_shown_while_it_lasts(durations, count, random) -> None:
    edges = np.concatenate([[1.5], 1.5 + np.cumsum(durations)])
    values = np.array([random.choice([np.nan, random.random()]) for _ in durations])
    columns = cut_columns(edges, count)
    least, most, mean = columns.least(values), columns.most(values), columns.mean(values)
    for place in range(count):
        begin, end = columns.edges[place], columns.edges[place + 1]
        shown = [
            value
            for value, first, last in zip(values, edges[:-1], edges[1:], strict=True)
            if min(last, end) - max(first, begin) > 2e-6
        ]
        known = [value for value in shown if not np.isnan(value)]
        own = values[columns.first[place] : columns.end[place]]
        own_known = own[~np.isnan(own)]
        assert set(known) <= set(own_known)
        if len(own_known) == 0:
            assert np.isnan([least[place], most[place], mean[place]]).all()
        else:
            expected = own_known.min(), own_known.max(), own_known.mean()
            assert_allclose((least[place], most[place], mean[place]), expected)


def test_an_hour_keeps_the_peak_of_one_frame() -> None:
    frames = 3600 * 25
    values = np.zeros(frames)
    values[45_678] = 1.0
    columns = cut_columns(np.arange(frames + 1) / 25, 600)
    (peak,) = np.flatnonzero(columns.most(values))
    assert peak == int(45_678 / frames * 600)
    assert not columns.least(values).any()
