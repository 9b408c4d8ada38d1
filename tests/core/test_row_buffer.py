"""Rows that are added as they come, against a list."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.row_buffer import RowBuffer


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(1, 15), st.integers(0, 1000))
def test_rows_are_read_back_as_they_came(counts: list[int], width: int, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    parts = [drawn.standard_normal((count, width)).astype(np.float32) for count in counts]
    rows = RowBuffer(width)
    for part in parts:
        rows.add(part)
    expected = np.concatenate([np.zeros((0, width), np.float32), *parts])
    assert len(rows) == len(expected)
    assert rows.values.dtype == np.float32
    np.testing.assert_array_equal(rows.values, expected)
    for position in range(-len(expected), len(expected)):
        np.testing.assert_array_equal(rows.row(position), expected[position])


def test_one_row_can_come_alone_and_not_in_order_of_memory() -> None:
    rows = RowBuffer(3)
    rows.add(np.array([1, 2, 3]))
    rows.add(np.arange(6.0).reshape(3, 2).T)
    assert rows.values.tolist() == [[1, 2, 3], [0, 2, 4], [1, 3, 5]]


def test_what_was_read_stays_when_more_is_added_or_it_is_changed() -> None:
    rows = RowBuffer(1)
    rows.add(np.ones((4, 1), np.float32))
    read, one = rows.values, rows.row(0)
    read[:], one[:] = 5, 6
    rows.add(np.zeros((1000, 1), np.float32))
    assert (read == 5).all() and rows.values[:5, 0].tolist() == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("position", [2, -3])
def test_there_is_no_row_beyond_the_ends(position: int) -> None:
    rows = RowBuffer(2)
    rows.add(np.zeros((2, 2), np.float32))
    with pytest.raises(IndexError):
        rows.row(position)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="rows have 3 numbers, not 2"):
        RowBuffer(3).add(np.zeros((5, 2), np.float32))


def test_a_row_takes_little_more_than_its_numbers() -> None:
    rows = RowBuffer(8)
    for _ in range(20_000):
        rows.add(np.zeros(8, np.float32))
    assert 32 <= sys.getsizeof(rows._numbers) / len(rows) < 36
