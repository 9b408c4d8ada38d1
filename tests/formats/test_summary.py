"""A summary keeps the lines of other videos, to the byte."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videxpr.core.errors import FormatError
from videxpr.formats.summary import merge_summary, write_summary


def summary(video: str, frames: int, coverage: float, warnings: str = "") -> dict:
    return {"video": video, "frames": frames, "coverage": coverage, "warnings": warnings}


def test_a_summary_keeps_the_lines_of_other_videos_and_replaces_its_own(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    merge_summary(path, [summary("001", 40, 0.1234, "NA"), summary("b", 7, 1.0, "two, words")])
    assert path.read_text() == (
        'video,frames,coverage,warnings\n001,40,0.1234,NA\nb,7,1.0,"two, words"\n'
    )
    merge_summary(path, [summary("c", 3, 0.5), summary("b", 8, 0.25)])
    assert path.read_text() == (
        "video,frames,coverage,warnings\n001,40,0.1234,NA\nc,3,0.5,\nb,8,0.25,\n"
    )


def test_a_summary_whose_lines_are_all_replaced_has_no_double(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    merge_summary(path, [summary("a", 40, 0.1)])
    merge_summary(path, [summary("a", 41, 0.2)])
    assert path.read_text() == "video,frames,coverage,warnings\na,41,0.2,\n"


def test_a_summary_of_other_columns_is_taken_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    path.write_text("video,frames,note\na,40,0.10\n")
    merge_summary(path, [{"video": "b", "frames": 7, "decode_errors": 0}])
    assert path.read_text() == "video,frames,note,decode_errors\na,40,0.10,\nb,7,,0\n"


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b/c", "é", "1"]),
            st.tuples(st.integers(0, 10**9), st.floats(0, 1), st.text("a ,;\"'\n")),
            min_size=1,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_line_stays_to_the_byte_however_often_others_are_merged(
    tmp_path: Path, runs: list[dict[str, tuple[int, float, str]]]
) -> None:
    path, alone = tmp_path / "summary.csv", tmp_path / "alone.csv"
    path.unlink(missing_ok=True)
    expected: dict[str, str] = {}
    for run in runs:
        merge_summary(path, [summary(video, *values) for video, values in run.items()])
        for video, values in run.items():
            alone.unlink(missing_ok=True)
            merge_summary(alone, [summary(video, *values)])
            expected.pop(video, None)
            expected[video] = alone.read_text().partition("\n")[2]
    assert path.read_text() == "video,frames,coverage,warnings\n" + "".join(expected.values())


def test_a_summary_of_nothing_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    merge_summary(path, [summary("a", 40, 0.1)])
    before = path.read_bytes()
    merge_summary(path, [])
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"name,frames\na,4\n", b"video\n\xff\n"])
def test_a_summary_that_is_none_of_ours_is_named_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "summary.csv"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"summary.csv"):
        merge_summary(path, [summary("a", 40, 0.1)])
    assert path.read_bytes() == content


def test_a_table_has_its_columns_whatever_the_rows_hold(tmp_path: Path) -> None:
    lines = [{"video": "a", "error": 'no "video"'}, {"b": 1, "frames": None, "video": "é, 2"}]
    write_summary(tmp_path / "summary.csv", ["video", "frames", "error"], lines)
    text = (tmp_path / "summary.csv").read_text(encoding="utf-8")
    assert text == 'video,frames,error\na,,"no ""video"""\n"é, 2",,\n'
