"""Lines of files in the wild, and what is wrong with single labels."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.submission.editions import EDITIONS
from videxpr.submission.violations import (
    Violation,
    label_problem,
    line_problem,
    merge,
    quoted,
    read_text_lines,
    runs,
)


def test_marks_and_line_ends_are_warned_of_and_taken_off() -> None:
    lines, warnings = read_text_lines("f.txt", b"\xef\xbb\xbfa\r\nb\nc\r\nd\r\n")
    assert lines == ["a", "b", "c", "d"]
    assert [str(one).split(":")[0] for one in warnings] == [
        "f.txt, line 1",
        "f.txt, line 1",
        "f.txt, lines 3-4",
    ]
    assert "byte order mark" in warnings[0].text and "CRLF" in warnings[1].text


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xe9\n", ["\\xe9"]),
    ],
)
def test_any_bytes_become_lines(content: bytes, lines: list[str]) -> None:
    assert read_text_lines("f.txt", content) == (lines, [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 40)), unique_by=lambda f: f[1]))
def test_merging_keeps_every_finding(findings: list[tuple[str, int]]) -> None:
    findings.sort(key=lambda one: one[1])
    found = list(merge("f", findings))
    lines = [(one.text, one.line + n) for one in found for n in range(one.lines)]
    assert lines == findings
    assert all(
        (one.line + one.lines, one.text) != (after.line, after.text)
        for one, after in pairwise(found)
    )


def test_a_violation_says_where_it_is() -> None:
    assert str(Violation("f.txt", 0, "gone")) == "f.txt: gone"
    assert str(Violation("f.txt", 7, "odd")) == "f.txt, line 7: odd"
    assert str(Violation("f.txt", 7, "odd", 3)) == "f.txt, lines 7-9: odd"


@pytest.mark.parametrize(
    ("label", "edition", "problem"),
    [
        ("", 6, "is empty"),
        ("-1", 6, "is -1; labels are whole numbers from 0 to 7, and every frame needs one"),
        ("8", 6, "8 is out of range; labels are whole numbers from 0 to 7"),
        ("7", 2, "7 is out of range; labels are whole numbers from 0 to 6"),
        ("-2", 6, "-2 is out of range"),
        ("3.0", 6, "'3.0' is not an integer"),
        ("1e0", 6, "'1e0' is not an integer"),
        ("Happiness", 6, "'Happiness' is not an integer"),
        ("\u0663", 6, "is not an integer"),
        ("9" * 400, 6, "is not an integer"),
        (" 3", 6, "' 3' has spaces around it"),
        ("3\t", 6, "has spaces around it"),
        ("03", 6, "'03' should be 3"),
        ("+3", 6, "'+3' should be 3"),
        ("-0", 6, "'-0' should be 0"),
    ],
)
def test_labels_that_are_refused(label: str, edition: int, problem: str) -> None:
    found = label_problem(label, EDITIONS[edition])
    assert found is not None and problem in found


def test_labels_that_are_taken() -> None:
    assert [label_problem(str(label), EDITIONS[6]) for label in range(8)] == [None] * 8
    assert [label_problem(str(label), EDITIONS[1]) for label in range(7)] == [None] * 7


def test_blanks_and_spaces_of_a_line() -> None:
    assert [line_problem(line) for line in ("", " \t")] == ["the line is blank"] * 2
    assert [line_problem(line) for line in (" a", "a ", "a b")] == [
        "the line has spaces at its beginning or end"
    ] * 2 + [None]


def test_long_values_are_shortened() -> None:
    assert quoted("a\tb") == r"'a\tb'"
    assert len(quoted("x" * 5000)) < 120 and quoted("x" * 5000).endswith("...'")


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], []),
        ([("a", 4)], [("a", 4, 1)]),
        ([("a", n) for n in (4, 5, 6, 8, 9)], [("a", 4, 3), ("a", 8, 2)]),
        ([("a", 4), ("b", 5)], [("a", 4, 1), ("b", 5, 1)]),
        ([("a", 4, 2), ("a", 5, 1)], [("a", 4, 1), ("a", 5, 1)]),
        ([("a", 4, 1), ("a", 5, 2), ("a", 6, 9), ("a", 7, 10)], [("a", 4, 2), ("a", 6, 2)]),
    ],
)
def test_a_run_says_the_same_while_its_numbers_rise(
    findings: list[tuple[str, int]], expected: list[tuple[str, int, int]]
) -> None:
    assert [(first[0], first[1], count) for first, count in runs(findings)] == expected
