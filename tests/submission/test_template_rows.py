"""Where rows stand in a template, by brute force."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from submissions import template

from videxpr.submission.template_rows import in_order, rows_of_names, runs, template_rows


@given(st.lists(st.integers(-1, 8), max_size=9))
def test_as_few_rows_as_possible_are_out_of_order(positions: list[int]) -> None:
    kept = in_order(np.array(positions, np.int64))
    chosen = np.array(positions)[kept].tolist()
    assert chosen == sorted(set(chosen)) and -1 not in chosen
    known = [position for position in positions if position >= 0]
    monotonic_times = (
        subset
        for size in range(len(known), -1, -1)
        for subset in combinations(known, size)
        if all(one < other for one, other in pairwise(subset))
    )
    assert len(chosen) == len(next(monotonic_times))


def test_of_equal_rows_the_first_stays() -> None:
    assert in_order(np.array([0, 1, 2, 1, 2, 3])).tolist() == [True] * 3 + [False] * 2 + [True]


def test_rows_are_found_by_video_and_frame() -> None:
    rows = template_rows(template(b=3, a=2))
    assert (len(rows), rows.names) == (5, ("b", "a"))
    video, frame = np.array([0, 1, 1, 0, -1, 1]), np.array([2, 0, 2, 0, -1, 1])
    assert rows.positions(video, frame).tolist() == [2, 3, -1, 0, -1, 4]
    assert [rows.text(0), rows.text(3), rows.text(1, 3)] == [
        "b/00001.jpg",
        "a/00001.jpg",
        "b/00002.jpg to a/00001.jpg",
    ]


def test_names_alone_take_the_counts_of_a_file() -> None:
    video, frame = np.array([1, 1, -1, 0]), np.array([4, 999_999_999, -1, 0])
    rows = rows_of_names(["b", "a", "c"], video, frame)
    assert rows.video.tolist() == [0] + [1] * 5 + [2]
    assert rows.frame.tolist() == [0, 0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (([],), []),
        (([4],), [(0, 1)]),
        (([4, 5, 6, 8, 9],), [(0, 3), (3, 2)]),
        (([4, 5, 6, 7], [1, 2, 9, 10]), [(0, 2), (2, 2)]),
        (([4, 5], [2, 1]), [(0, 1), (1, 1)]),
    ],
)
def test_runs_rise_by_one_in_every_column(
    columns: tuple[list[int], ...], expected: list[tuple[int, int]]
) -> None:
    assert runs(*(np.array(column, np.int64) for column in columns)) == expected
