"""Everything that is wrong with a predictions.txt is found, at its line, and nothing else."""

from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from submissions import rows_of, template

from videxpr.core.errors import FormatError
from videxpr.formats.predictions import HEADER, read_predictions
from videxpr.submission.check_predictions import (
    FileRows,
    check_predictions,
    in_order,
    read_rows,
    template_rows,
)
from videxpr.submission.editions import EDITIONS
from videxpr.submission.violations import CheckReport

COUNTS = {"b": 5, "a": 5, "a_right": 5}
GOOD = [HEADER, *(f"{row}3" for row in rows_of(**COUNTS))]


def check(lines: list[str] | bytes, names_only: bool = False) -> CheckReport:
    content = lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()
    wanted = template(**(dict.fromkeys(COUNTS) if names_only else COUNTS))
    return check_predictions("f.txt", content, wanted, EDITIONS[6])


def found(lines: list[str] | bytes, names_only: bool = False) -> list[str]:
    return [str(one).removeprefix("f.txt, ") for one in check(lines, names_only).violations]


def put(*changes: tuple[int, str]) -> list[str]:
    """The good file with other lines."""
    lines = GOOD.copy()
    for number, text in changes:
        lines[number - 1] = text
    return lines


def test_nothing_is_wrong_with_a_good_file() -> None:
    for content in (GOOD, "\n".join(GOOD).encode()):
        report = check(content)
        assert (report.violations, report.warnings) == ((), ())
        assert (report.rows, report.videos) == (15, 3)


def test_windows_files_are_warned_of_only() -> None:
    report = check(b"\xef\xbb\xbf" + "\r\n".join([*GOOD, ""]).encode())
    assert report.violations == () and report.rows == 15
    assert [one.line for one in report.warnings] == [1, 1] and report.warnings[1].lines == 16


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (GOOD[1:], ["line 1: the header is missing"]),
        (put((1, HEADER.removesuffix(",Other"))), ["line 1: the header should be"]),
        (put((1, HEADER.replace(",", ", "))), ["line 1: the header should be"]),
        (b"", ["line 1: the file is empty", "line 2: 15 rows are missing here: b/00001.jpg to"]),
        (GOOD[:1], ["line 2: 15 rows are missing here: b/00001.jpg to a_right/00005.jpg"]),
        (GOOD[:3] + GOOD[4:], ["line 4: 1 row is missing here: b/00003.jpg"]),
        (GOOD[:1] + GOOD[2:], ["line 2: 1 row is missing here: b/00001.jpg"]),
        (
            GOOD[:6] + GOOD[11:],
            ["line 7: 5 rows are missing here: a/00001.jpg to a/00005.jpg"],
        ),
        (
            GOOD[:14],
            [
                "line 15: 2 rows are missing here: a_right/00004.jpg to a_right/00005.jpg; is the file"
            ],
        ),
        (
            "\n".join(GOOD)[:-8].encode(),
            [
                "line 16: 'a_right/000' is not of the form NAME/00001.jpg,LABEL; the template has "
                "a_right/00005.jpg here"
            ],
        ),
        (
            [*GOOD[:6], "b/00006.jpg,1", "b/00007.jpg,1", *GOOD[6:]],
            ["lines 7-8: the template has no such image of b"],
        ),
        ([*GOOD, "c/00001.jpg,1"], ["line 17: the template has no video 'c'"]),
        (
            [*GOOD[:4], *GOOD[2:4], *GOOD[4:]],
            ["lines 5-6: duplicate: b/00002.jpg to b/00003.jpg as in lines 3-4"],
        ),
        (
            [*GOOD[:4], GOOD[9], *GOOD[4:]],
            ["line 5: duplicate: a/00004.jpg as in line 11"],
        ),
        (
            [*GOOD[:3], GOOD[4], GOOD[3], *GOOD[5:]],
            ["line 4: wrong order: the template has b/00004.jpg after b/00003.jpg"],
        ),
        (
            [*GOOD[:1], *GOOD[6:11], *GOOD[1:6], *GOOD[11:]],
            ["lines 2-6: wrong order: the template has a/00001.jpg to a/00005.jpg after b/00005"],
        ),
        (
            [GOOD[0], *GOOD[2:], GOOD[1]],
            ["line 16: wrong order: the template has b/00001.jpg first"],
        ),
        (put((3, "b/00002.jpg,")), ["line 3: the label is empty"]),
        (
            put((3, "b/00002.jpg,-1"), (4, "b/00003.jpg,-1"), (6, "b/00005.jpg,-1")),
            ["lines 3-4: the label is -1", "line 6: the label is -1"],
        ),
        (put((3, "b/00002.jpg,8")), ["line 3: the label 8 is out of range"]),
        (put((3, "b/00002.jpg,3.0")), ["line 3: the label '3.0' is not an integer"]),
        (put((3, "b/00002.jpg, 3")), ["line 3: the label ' 3' has spaces around it"]),
        (put((3, "b/00002.jpg,3 ")), ["line 3: the line has spaces at its beginning or end"]),
        (put((3, " b/00002.jpg,3")), ["line 3: the line has spaces at its beginning or end"]),
        (put((3, "b/00002.jpg,3,0.5")), ["line 3: 3 fields instead of two"]),
        (put((3, "b/00002.jpg")), ["line 3: no label; rows are of the form"]),
        (
            put((3, "b/00002.jpg 3")),
            [
                "line 3: 'b/00002.jpg 3' is not of the form NAME/00001.jpg,LABEL; the template has b/"
            ],
        ),
        (
            put((3, "B/00002.jpg,3"), (4, "B/00003.jpg,3")),
            [
                "lines 3-4: the template has no video 'B'; the template has b/00002.jpg to "
                "b/00003.jpg here"
            ],
        ),
        (
            put((3, "b/2.jpg,3")),
            [
                "line 3: 'b/2.jpg,3' is not of the form NAME/00001.jpg,LABEL; the template has b/00002"
            ],
        ),
        (put((3, "b/000002.jpg,3")), ["line 3: 'b/000002.jpg,3' is not of the form"]),
        (put((3, "b/00002.png,3")), ["line 3: 'b/00002.png,3' is not of the form"]),
        (put((3, "b/00000.jpg,3")), ["line 3: 'b/00000.jpg,3' is not of the form"]),
        (put((3, f"b/{'9' * 5000}.jpg,3")), ["line 3: 'b/9999"]),
        (put((3, "00002.jpg,3")), ["line 3: '00002.jpg,3' is not of the form"]),
        (put((3, "B/00002.jpg,9")), ["line 3: the label 9", "line 3: the template has no video"]),
        ([*GOOD[:4], "", *GOOD[4:]], ["line 5: the line is blank"]),
        ([*GOOD, "", "  "], ["lines 17-18: the line is blank"]),
        (put((3, "")), ["line 3: the line is blank; the template has b/00002.jpg here"]),
        (
            "\n".join(put((3, "b/00002.jpg,\xe9"))).encode("latin-1"),
            [r"line 3: the label '\\xe9' is not an integer"],
        ),
        ("\r".join(GOOD).encode(), ["line 1: the header should be", "line 2: 15 rows are missing"]),
    ],
)
def test_defects_are_named_by_line(lines: list[str] | bytes, expected: list[str]) -> None:
    violations = found(lines)
    assert len(violations) == len(expected), violations
    for violation, words in zip(violations, expected, strict=True):
        assert violation.startswith(words)


def test_all_of_many_defects_are_named() -> None:
    lines = put((1, "nonsense"), (3, "b/00002.jpg,x"), (9, "a/00003.jpg,-1"), (14, ""))
    assert [one.split(":")[0] for one in found([*lines[:10], *lines[11:]])] == [
        "line 1",
        "line 3",
        "line 9",
        "line 11",
        "line 13",
    ]


def test_without_rows_in_the_template_gaps_are_found_and_counts_are_not_checked() -> None:
    report = check(GOOD, names_only=True)
    assert report.violations == () and "was not checked" in report.warnings[0].text
    assert found(GOOD[:9], names_only=True) == [
        "line 10: 1 row is missing here: a_right/00001.jpg; is the file cut off?"
    ]
    assert found(GOOD[:3] + GOOD[4:], names_only=True) == [
        "line 4: 1 row is missing here: b/00003.jpg"
    ]
    assert found(put((4, "b/999999999.jpg,3")), names_only=True) == [
        "line 4: the template has no such image of b; the template has b/00003.jpg here"
    ]


EDITS: dict[str, Callable[[list[str], int], list[str]]] = {
    "delete": lambda lines, at: lines[:at] + lines[at + 1 :],
    "repeat": lambda lines, at: lines[: at + 1] + lines[at:],
    "label": lambda lines, at: [*lines[:at], lines[at][:-1] + "9", *lines[at + 1 :]],
    "rename": lambda lines, at: [*lines[:at], "x" + lines[at], *lines[at + 1 :]],
    "insert": lambda lines, at: [*lines[:at], "a/00009.jpg,0", *lines[at:]],
    "blank": lambda lines, at: [*lines[:at], "", *lines[at:]],
}


@given(kind=st.sampled_from(sorted(EDITS)), at=st.integers(1, len(GOOD) - 1))
def test_one_edit_is_one_defect_at_its_line(kind: str, at: int) -> None:
    (violation,) = check(EDITS[kind](GOOD, at)).violations
    assert violation.line == at + (2 if kind == "repeat" else 1) and violation.lines == 1


@given(st.permutations(range(1, len(GOOD))))
def test_rows_in_another_order_are_told_apart_from_missing_ones(order: list[int]) -> None:
    violations = check([GOOD[0], *(GOOD[row] for row in order)]).violations
    assert all("wrong order" in violation.text for violation in violations)
    assert (len(violations) == 0) == (order == sorted(order))


odd_rows = st.tuples(
    st.sampled_from(["b/", "b", "", "a/"]),
    st.sampled_from(["00003.jpg", "00003.jpg ", "00004.jpg", "3.jpg"]),
    st.sampled_from([",", ",", ";", ""]),
    st.sampled_from(["0", "7", "", "-1", "8", "3.0", " 1", "1\r"]),
).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["b/00003.jpg,0"])
@given(st.lists(odd_rows, max_size=2))
def test_what_passes_is_what_the_reader_takes_and_the_template_wants(
    tmp_path: Path, odd: list[str]
) -> None:
    content = "\n".join([*GOOD[:3], *odd, *GOOD[4:], ""])
    (tmp_path / "p.txt").write_bytes(content.encode())
    try:
        blocks = read_predictions(tmp_path / "p.txt")
        rows = [(one.name, one.frames.tolist()) for one in blocks]
        right = rows == [(one.name, one.frames.tolist()) for one in template(**COUNTS)]
        right = right and all(one.labels.min() >= 0 for one in blocks)
    except FormatError:
        right = False
    assert (check(content.encode()).violations == ()) == right


@given(st.lists(st.integers(-1, 8), max_size=9))
def test_as_few_rows_as_possible_are_out_of_order(positions: list[int]) -> None:
    kept = in_order(np.array(positions, np.int64)).tolist()
    chosen = [position for position, keep in zip(positions, kept, strict=True) if keep]
    assert chosen == sorted(set(chosen)) and -1 not in chosen
    known = [position for position in positions if position >= 0]
    rising = (
        subset
        for size in range(len(known), -1, -1)
        for subset in combinations(known, size)
        if all(one < other for one, other in pairwise(subset))
    )
    assert len(chosen) == len(next(rising))


def test_of_equal_rows_the_first_stays() -> None:
    assert in_order(np.array([0, 1, 2, 1, 2, 3])).tolist() == [True] * 3 + [False] * 2 + [True]


def test_rows_of_a_template_are_those_of_its_blocks() -> None:
    assert template_rows(template(b=2, a=1), []) == ["b/00001.jpg", "b/00002.jpg", "a/00001.jpg"]


def test_names_alone_take_the_counts_of_a_file() -> None:
    lines = ["a/00005.jpg,0", "a/999999999.jpg,0", "x/00003.jpg,0", "", "b/00001.jpg,0"]
    assert template_rows(template(b=None, a=None, c=None), lines) == [
        "b/00001.jpg",
        *(f"a/0000{number}.jpg" for number in range(1, 6)),
        "c/00001.jpg",
    ]


WANTED = ["b/99999.jpg", "a,b/100000.jpg", *(f"a/0000{number}.jpg" for number in range(1, 6))]


def read(*lines: str) -> FileRows:
    return read_rows(lines, WANTED, {"b", "a,b", "a"}, EDITIONS[6])


def test_good_rows_are_understood_and_nothing_is_said() -> None:
    rows = read("a/00001.jpg,0", "b/99999.jpg,7", "a,b/100000.jpg,3")
    assert (rows.positions, rows.unexpected, rows.problems) == ([2, 0, 1], {}, [])


def test_a_row_with_a_wrong_label_still_is_the_templates() -> None:
    rows = read("a/00002.jpg,", " a/00003.jpg,1", "a/00004.jpg", "a/00005.jpg,1,2")
    assert rows.positions == [3, 4, 5, 6] and rows.unexpected == {}
    assert [row for _, row in rows.problems] == [0, 1, 2, 3]


def test_a_row_of_something_else_is_none_of_the_templates() -> None:
    rows = read("c/00001.jpg,0", "a/1.jpg,0", "", "a;00001.jpg;0", "c/00001.jpg,x", "a/00009.jpg,0")
    assert rows.positions == [-1] * 6 and sorted(rows.unexpected) == [0, 1, 2, 3, 4, 5]
    assert [row for _, row in rows.problems] == [4]


def test_a_name_in_another_spelling_is_said_to_be_one() -> None:
    lines = [HEADER, *(f"{row}3" for row in rows_of(**{"cafe\u0301": 2}))]
    content = "\n".join(lines).encode()
    report = check_predictions("f.txt", content, template(**{"caf\u00e9": 2}), EDITIONS[6])
    assert "the template spells this name with other characters" in str(report.violations[0])
