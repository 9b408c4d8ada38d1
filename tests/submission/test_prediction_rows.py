"""Rows as they are, one by one."""

from videxpr.submission.editions import EDITIONS
from videxpr.submission.prediction_rows import FileRows, read_rows

NAMES = {"b": 0, "a,b": 1, "a": 2}


def read(*lines: str) -> FileRows:
    return read_rows(lines, NAMES, EDITIONS[6])


def test_good_rows_are_understood_and_nothing_is_said() -> None:
    rows = read("a/00001.jpg,0", "b/99999.jpg,7", "a,b/100000.jpg,3")
    assert (rows.video, rows.frame) == ([2, 0, 1], [0, 99_998, 99_999])
    assert (rows.strange, rows.problems) == ({}, [])


def test_a_row_with_a_wrong_label_still_is_the_templates() -> None:
    rows = read("a/00002.jpg,", " a/00003.jpg,1", "a/00004.jpg", "a/00005.jpg,1,2")
    assert (rows.video, rows.frame) == ([2] * 4, [1, 2, 3, 4])
    assert [row for row, _ in rows.problems] == [0, 1, 2, 3] and rows.strange == {}


def test_a_row_of_something_else_is_none_of_the_templates() -> None:
    rows = read("c/00001.jpg,0", "a/1.jpg,0", "", "a;00001.jpg;0", "c/00001.jpg,x")
    assert (rows.video, rows.frame) == ([-1] * 5, [-1] * 5)
    assert sorted(rows.strange) == [0, 1, 2, 3, 4]
    assert [row for row, _ in rows.problems] == [4]
