"""No cell of any of our CSV files is a formula, and names come back as they were."""

import csv
import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import annotation, changed

from videxpr.formats.csv_cells import guarded, unguarded
from videxpr.formats.csv_tables import write_csv
from videxpr.formats.summary import merge_summary, read_summary

NAMES = [
    "=cmd|' /C calc'!A0.mp4",
    "+1.mp4",
    "-2+3.mp4",
    "@SUM(1).mp4",
    "\t=1.mp4",
    "\uff1d1.mp4",
    "a;=1.mp4",
    "a\t=1;;+2.mp4",
    "'=1.mp4",
    "''-1.mp4",
]
PLAIN = ["talk.mp4", "'t is.mp4", "a-b=c.mp4", "a; b.mp4", ""]


@pytest.mark.parametrize("name", NAMES)
def test_a_formula_is_text(name: str) -> None:
    assert guarded(name) != name
    assert unguarded(guarded(name)) == name


@pytest.mark.parametrize("name", PLAIN)
def test_other_text_stays_as_it_is(name: str) -> None:
    assert guarded(name) == name


@given(st.text(alphabet="'=+-@;\t\r\n, a\uff1d"))
def test_any_text_comes_back_and_begins_no_cell_as_a_formula(text: str) -> None:
    cell = guarded(text)
    assert unguarded(cell) == text
    assert not any(
        re.match(r"[=+\-@\uff1d\uff0b\uff0d\uff20]", part) for part in re.split(r"[;\t]", cell)
    )


def test_no_summary_holds_a_formula_however_often_it_is_merged(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    for _ in range(2):
        merge_summary(path, [{"video": name, "error": "@x", "frames": 3} for name in NAMES])
        merge_summary(path, [{"video": "talk.mp4", "error": "", "frames": 2}])
    written = list(csv.reader(StringIO(path.read_bytes().decode())))
    assert len(written) == 1 + len(NAMES) + 1
    assert not any(re.match(r"[=+\-@\uff1d]", cell.strip()) for row in written for cell in row)
    assert [row["video"] for row in read_summary(path)] == [*NAMES, "talk.mp4"]


def test_no_table_of_a_video_holds_a_formula(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", changed(annotation(), video=NAMES[0]))
    with (tmp_path / "a.csv").open(newline="") as stream:
        assert {row["video"] for row in csv.DictReader(stream)} == {f"'{NAMES[0]}"}
