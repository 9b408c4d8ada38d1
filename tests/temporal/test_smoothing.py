"""Smoothing against plain loops. Times are whole milliseconds, so that edges are sharp."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.temporal.smoothing import MovingMean, moving_mean

rising_milliseconds = st.lists(st.integers(1, 200), min_size=1, max_size=60).map(
    lambda steps: np.cumsum(steps)
)


def random_probabilities(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(8), count).astype(np.float32)


def naive_moving_mean(values: np.ndarray, milliseconds: np.ndarray, span: int) -> np.ndarray:
    return np.array(
        [
            np.mean(
                [
                    value.astype(np.float64)
                    for value, other in zip(values, milliseconds.tolist(), strict=True)
                    if 2 * abs(other - center) <= span
                ],
                axis=0,
            )
            for center in milliseconds.tolist()
        ]
    )


@given(rising_milliseconds, st.integers(1, 2000), st.integers(0, 2**32 - 1))
def test_the_moving_mean_agrees_with_a_loop_at_irregular_times(
    milliseconds: np.ndarray, span: int, seed: int
) -> None:
    values = random_probabilities(len(milliseconds), seed)
    result = moving_mean(values, milliseconds * 0.001, span * 0.001)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, naive_moving_mean(values, milliseconds, span), atol=1e-6)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=40).map(np.cumsum),
    st.integers(1, 4),
    st.integers(10, 50),
    st.integers(0, 10**6),
)
def test_frames_exactly_at_the_edge_of_the_span_belong_to_it(
    places: np.ndarray, reach: int, frame: int, begin: int
) -> None:
    milliseconds = begin + places * frame  # most spans below end exactly on a frame
    values = random_probabilities(len(places), begin)
    result = moving_mean(values, milliseconds * 0.001, 2 * reach * frame * 0.001)
    expected = naive_moving_mean(values, milliseconds, 2 * reach * frame)
    np.testing.assert_allclose(result, expected, atol=1e-6)


@given(
    rising_milliseconds,
    st.integers(0, 1000),
    st.lists(st.integers(0, 60), max_size=9),
    st.integers(0, 2**32 - 1),
)
def test_rows_that_come_in_chunks_have_the_same_means_to_the_bit(
    milliseconds: np.ndarray, span: int, edges: list[int], seed: int
) -> None:
    values = random_probabilities(len(milliseconds), seed)
    values[:, 3] = np.nan
    times = milliseconds * 0.001
    mean = MovingMean(span * 0.001)
    chunks = zip(np.split(values, sorted(edges)), np.split(times, sorted(edges)), strict=True)
    result = [mean.add(*chunk) for chunk in chunks]
    expected = moving_mean(values, times, span * 0.001)
    np.testing.assert_array_equal(np.concatenate([*result, mean.finish()]), expected)


@given(rising_milliseconds, st.integers(1, 1000))
def test_a_mean_is_emitted_once_a_later_row_is_beyond_its_span(
    milliseconds: np.ndarray, span: int
) -> None:
    mean, emitted = MovingMean(span * 0.001), 0
    for position, time in enumerate(milliseconds.tolist()):
        row = random_probabilities(1, position)
        emitted += len(mean.add(row, np.array([time * 0.001])))
        seen = milliseconds[: position + 1]
        assert emitted == np.count_nonzero(2 * (time - seen) > span)


def test_nothing_at_all_has_no_means() -> None:
    assert len(MovingMean(0.5).finish()) == 0


def test_a_span_of_zero_changes_nothing() -> None:
    values = random_probabilities(5, 0)
    np.testing.assert_array_equal(moving_mean(values, np.arange(5.0), 0), values)


def test_no_frames_have_no_mean() -> None:
    assert moving_mean(np.zeros((0, 8), np.float32), np.zeros(0), 0.5).shape == (0, 8)


@given(rising_milliseconds, st.sets(st.integers(0, 7), min_size=1, max_size=7))
def test_columns_without_numbers_stay_so_and_leave_the_others_alone(
    milliseconds: np.ndarray, untrained: set[int]
) -> None:
    values = random_probabilities(len(milliseconds), 1)
    columns = sorted(untrained)
    trained = sorted(set(range(8)) - untrained)
    whole = moving_mean(values, milliseconds * 0.001, 0.5)
    values[:, columns] = np.nan
    result = moving_mean(values, milliseconds * 0.001, 0.5)
    assert np.isnan(result[:, columns]).all()
    np.testing.assert_array_equal(result[:, trained], whole[:, trained])


@given(rising_milliseconds, st.integers(0, 2**32 - 1))
def test_means_of_probabilities_still_sum_to_one(milliseconds: np.ndarray, seed: int) -> None:
    values = random_probabilities(len(milliseconds), seed)
    sums = moving_mean(values, milliseconds * 0.001, 0.3).sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)
