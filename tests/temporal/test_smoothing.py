"""Smoothing and filling against plain loops. Times are whole milliseconds, so that edges are sharp."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.temporal.smoothing import (
    MovingMean,
    filled,
    moving_mean,
    nearest_known,
)

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
def test_rows_that_come_bit_by_bit_have_the_same_means_to_the_bit(
    milliseconds: np.ndarray, span: int, edges: list[int], seed: int
) -> None:
    values = random_probabilities(len(milliseconds), seed)
    values[:, 3] = np.nan
    times = milliseconds * 0.001
    mean = MovingMean(span * 0.001)
    bits = zip(np.split(values, sorted(edges)), np.split(times, sorted(edges)), strict=True)
    result = [mean.add(*bit) for bit in bits]
    expected = moving_mean(values, times, span * 0.001)
    np.testing.assert_array_equal(np.concatenate([*result, mean.finish()]), expected)


@given(rising_milliseconds, st.integers(1, 1000))
def test_a_row_is_given_out_once_a_later_one_is_out_of_its_reach(
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


nan = float("nan")


def one_column(*values: float) -> np.ndarray:
    """Rows of (v, 1 - v); NaN where v is."""
    column = np.array(values, np.float32)
    return np.column_stack([column, 1 - column])


def test_inside_a_shot_unknown_frames_are_interpolated_by_time() -> None:
    known = one_column(0.0, nan, nan, 1.0)
    result = filled(known, np.array([0.0, 0.1, 0.8, 1.0]), np.zeros(4, np.int64))
    np.testing.assert_allclose(result, one_column(0.0, 0.1, 0.8, 1.0), atol=1e-6)


def test_at_the_edges_of_a_shot_the_nearest_known_frame_is_held() -> None:
    known = one_column(nan, nan, 0.2, 0.6, nan)
    result = filled(known, np.arange(5.0), np.zeros(5, np.int64))
    np.testing.assert_array_equal(result, one_column(0.2, 0.2, 0.2, 0.6, 0.6))


def test_nothing_is_interpolated_across_a_cut() -> None:
    known = one_column(0.0, nan, nan, 1.0)
    result = filled(known, np.arange(4.0), np.array([0, 0, 1, 1]))
    np.testing.assert_array_equal(result, one_column(0.0, 0.0, 1.0, 1.0))


def test_a_shot_without_anybody_takes_the_nearest_known_frames_of_others() -> None:
    known = one_column(nan, 0.25, nan, nan, nan, nan, 0.75)
    result = filled(known, np.arange(7.0), np.array([0, 0, 1, 1, 1, 1, 2]))
    np.testing.assert_array_equal(result, one_column(0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75))


def test_a_video_without_anybody_stays_unknown() -> None:
    known = one_column(nan, nan, nan)
    result = filled(known, np.arange(3.0), np.array([0, 0, 1]))
    assert np.isnan(result).all() and result is not known


def test_a_class_that_was_never_trained_stays_unknown() -> None:
    known = np.column_stack([one_column(0.0, nan, 1.0), np.full(3, np.nan, np.float32)])
    result = filled(known, np.arange(3.0), np.zeros(3, np.int64))
    np.testing.assert_allclose(result[:, :2], one_column(0.0, 0.5, 1.0))
    assert np.isnan(result[:, 2]).all()


def naive_filled(values: np.ndarray, times: list[float], shots: list[int]) -> list[float]:
    known = [frame for frame, value in enumerate(values.tolist()) if value == value]
    result = []
    for frame, (time, shot) in enumerate(zip(times, shots, strict=True)):
        before = [one for one in known if one <= frame and shots[one] == shot]
        after = [one for one in known if one >= frame and shots[one] == shot]
        if before and after and before[-1] != after[0]:
            left, right = before[-1], after[0]
            share = (time - times[left]) / (times[right] - times[left])
            result.append(values[left] * (1 - share) + values[right] * share)
        elif before or after:
            result.append(values[before[-1] if before else after[0]])
        else:
            result.append(values[min(known, key=lambda one: abs(times[one] - time))])
    return result


frames_of_a_video = st.lists(
    st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), min_size=1, max_size=50
)
"""Step to the frame in eighths of a second, whether it is known, whether a shot begins."""


@given(frames_of_a_video, st.integers(0, 2**32 - 1))
def test_filling_agrees_with_a_loop(frames: list[tuple[int, bool, bool]], seed: int) -> None:
    steps, known, cuts = (np.array(column) for column in zip(*frames, strict=True))
    values = np.where(known, np.random.default_rng(seed).random(len(frames)), np.nan)
    times, shots = np.cumsum(steps) / 8, np.cumsum(cuts)
    result = filled(values[:, None].astype(np.float32), times, shots)[:, 0]
    if not known.any():
        assert np.isnan(result).all()
        return
    expected = naive_filled(values, times.tolist(), shots.tolist())
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_array_equal(result[known], values[known].astype(np.float32))


def test_known_frames_are_kept_even_if_two_have_the_same_time() -> None:
    known = one_column(0.1, 0.9, nan, 0.5)
    result = filled(known, np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(4, np.int64))
    np.testing.assert_array_equal(result[[0, 1, 3]], known[[0, 1, 3]])
    assert not np.isnan(result).any()


@given(st.lists(st.booleans(), min_size=1, max_size=60).filter(any))
def test_the_nearest_known_frame_agrees_with_a_loop(known: list[bool]) -> None:
    anchors = [frame for frame, value in enumerate(known) if value]
    expected = [
        min(anchors, key=lambda one: (abs(one - frame), one)) for frame in range(len(known))
    ]
    assert nearest_known(np.array(known)).tolist() == expected
