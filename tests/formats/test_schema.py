"""The table of columns, and the page that is made from it."""

import re

import pytest
import stub_runs
from column_table import PAGE, with_table
from records import annotation

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.parquet import to_table
from videxpr.formats.schema import FACE_COLUMNS, FRAME_COLUMNS, PAPER_COLUMNS


def test_the_page_has_the_columns_that_are_written():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "python tests/support/column_table.py writes the table anew"
    assert "`Neutral_unsmoothed`" in page and "`filled_label_second`" in page


def test_every_column_is_described_and_null_is_explained_where_there_is_one():
    table = to_table(annotation())
    by_name = {one.name: one for one in (*FRAME_COLUMNS, *FACE_COLUMNS)}
    assert table.column_names == list(by_name)
    for one in (*by_name.values(), *PAPER_COLUMNS):
        assert one.meaning and (one.unit or one.range or one.type == "text" or one.null)
    for name, column in by_name.items():
        if table[name].null_count:
            assert column.null, name
    assert {one.name for one in by_name.values() if not one.null} == {
        *("video", "frame_index", "seconds", "shot")
    }


def test_the_persons_own_right_and_upright_pixels_are_said():
    page = PAGE.read_text(encoding="utf-8")
    assert "person's own right eye" in page and "upright" in page
    assert f"0 {EXPRESSIONS[0]}, 1 {EXPRESSIONS[1]}" in page


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_the_examples_of_the_page_run(code, tmp_path, monkeypatch):
    stub_runs.run(
        tmp_path / "annotations", stub_runs.video(tmp_path / "talk.mp4"), formats=("parquet",)
    )
    monkeypatch.chdir(tmp_path)
    exec(code, {})
