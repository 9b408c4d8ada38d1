"""Interpolation against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.temporal.interpolation import interpolate_missing, nearest_known

nan = float("nan")


def one_column(*values: float) -> np.ndarray:
    """Rows of (v, 1 - v); NaN where v is."""
    column = np.array(values, np.float32)
    return np.column_stack([column, 1 - column])


def test_inside_a_shot_unknown_frames_are_interpolated_by_time() -> None:
    known = one_column(0.0, nan, nan, 1.0)
    result = interpolate_missing(known, np.array([0.0, 0.1, 0.8, 1.0]), np.zeros(4, np.int64))
    np.testing.assert_allclose(result, one_column(0.0, 0.1, 0.8, 1.0), atol=1e-6)


def test_at_the_edges_of_a_shot_the_nearest_known_frame_is_taken() -> None:
    known = one_column(nan, nan, 0.2, 0.6, nan)
    result = interpolate_missing(known, np.arange(5.0), np.zeros(5, np.int64))
    np.testing.assert_array_equal(result, one_column(0.2, 0.2, 0.2, 0.6, 0.6))


def test_nothing_is_interpolated_across_a_cut() -> None:
    known = one_column(0.0, nan, nan, 1.0)
    result = interpolate_missing(known, np.arange(4.0), np.array([0, 0, 1, 1]))
    np.testing.assert_array_equal(result, one_column(0.0, 0.0, 1.0, 1.0))


def test_a_shot_without_anybody_takes_the_nearest_known_frames_of_others() -> None:
    known = one_column(nan, 0.25, nan, nan, nan, nan, 0.75)
    result = interpolate_missing(known, np.arange(7.0), np.array([0, 0, 1, 1, 1, 1, 2]))
    np.testing.assert_array_equal(result, one_column(0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75))


def test_a_video_without_anybody_stays_unknown() -> None:
    known = one_column(nan, nan, nan)
    result = interpolate_missing(known, np.arange(3.0), np.array([0, 0, 1]))
    assert np.isnan(result).all() and result is not known


def test_a_class_that_was_never_trained_stays_unknown() -> None:
    known = np.column_stack([one_column(0.0, nan, 1.0), np.full(3, np.nan, np.float32)])
    result = interpolate_missing(known, np.arange(3.0), np.zeros(3, np.int64))
    np.testing.assert_allclose(result[:, :2], one_column(0.0, 0.5, 1.0))
    assert np.isnan(result[:, 2]).all()


def naive_interpolation(values: np.ndarray, times: list[float], shots: list[int]) -> list[float]:
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
def test_interpolation_agrees_with_a_loop(frames: list[tuple[int, bool, bool]], seed: int) -> None:
    steps, known, cuts = (np.array(column) for column in zip(*frames, strict=True))
    values = np.where(known, np.random.default_rng(seed).random(len(frames)), np.nan)
    times, shots = np.cumsum(steps) / 8, np.cumsum(cuts)
    result = interpolate_missing(values[:, None].astype(np.float32), times, shots)[:, 0]
    if not known.any():
        assert np.isnan(result).all()
        return
    expected = naive_interpolation(values, times.tolist(), shots.tolist())
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_array_equal(result[known], values[known].astype(np.float32))


def test_known_frames_are_kept_even_if_two_have_the_same_time() -> None:
    known = one_column(0.1, 0.9, nan, 0.5)
    result = interpolate_missing(known, np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(4, np.int64))
    np.testing.assert_array_equal(result[[0, 1, 3]], known[[0, 1, 3]])
    assert not np.isnan(result).any()


@given(st.lists(st.booleans(), min_size=1, max_size=60).filter(any))
def test_the_nearest_known_frame_agrees_with_a_loop(known: list[bool]) -> None:
    anchors = [frame for frame, value in enumerate(known) if value]
    expected = [
        min(anchors, key=lambda one: (abs(one - frame), one)) for frame in range(len(known))
    ]
    assert nearest_known(np.array(known)).tolist() == expected
