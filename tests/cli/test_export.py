"""`videxpr export` as a statistician calls it."""

import csv
from pathlib import Path

import pandas
import pytest
from annotated import annotation as of_probabilities
from annotated import guessed, segments
from records import changed

from videxpr.core.expressions import EXPRESSIONS

FRAMES = 75
"""Three seconds."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight recordings, of four participants in two sessions."""
    folder = tmp_path_factory.mktemp("study")
    for number in range(8):
        name = f"p{number // 2 + 1}/s{number % 2 + 1}/talk"
        labels = segments(FRAMES, 20, number)
        record = of_probabilities(name, guessed(labels, number))
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True)
        record.save(path)
    return folder


def test_eight_recordings_in_folders_are_one_long_table(study: Path, videxpr, tmp_path) -> None:
    table = tmp_path / "study.csv"
    options = ["--bin", "1s", "--long", "--levels", "participant,session", "-o", table]
    code, _, said = videxpr("export", study, *options)
    assert (code, said) == (0, f"{table}: 192 rows of 8 people in 8 recordings\n")
    frame = pandas.read_csv(table)
    assert len(frame) == 8 * 3 * len(EXPRESSIONS)
    assert frame.groupby(["participant", "session"]).size().eq(24).all()
    shares = frame.groupby(["video", "bin"])["share"].sum()
    assert shares.between(0.999, 1.001).all()
    (p2,) = frame.query("participant == 'p2' and session == 's1'")["video"].unique()
    assert p2 == "p2/s1/talk.mp4"


def test_decimal_commas_are_those_of_spreadsheets(study: Path, videxpr, tmp_path) -> None:
    plain, comma = tmp_path / "a.csv", tmp_path / "b.csv"
    assert videxpr("export", study, "-o", plain, "-q") == (0, "", "")
    assert videxpr("export", study, "-o", comma, "-q", "--decimal-comma") == (0, "", "")
    expected = pandas.read_csv(plain)
    pandas.testing.assert_frame_equal(pandas.read_csv(comma, sep=";", decimal=","), expected)


def test_segments_are_a_column_and_what_is_left_out_is_said(study: Path, videxpr, tmp_path) -> None:
    file = tmp_path / "trials.csv"
    file.write_text("video,start,end,name\np1/s1/talk.mp4,0,1,film\np9/talk,0,1,film\n")
    code, table, said = videxpr("export", study, "--segments", file, "-o", "-")
    assert code == 0
    rows = list(csv.DictReader(table.splitlines()))
    assert [(one["segment"], one["frames"]) for one in rows] == [("film", "25")]
    assert "1 recording (p9/talk) is not here" in said
    assert "7 recordings (p1/s2/talk, p2/s1/talk, p2/s2/talk, ...) are without a segment" in said
    file.write_text("video,start,end,name\np9/talk,0,1,film\n")
    code, _, said = videxpr("export", study, "--segments", file, "-o", "-")
    assert (
        code == 2 and "its first video is 'p9/talk', and the first recording 'p1/s1/talk'" in said
    )


def test_filters_say_what_they_took_away(study: Path, videxpr, tmp_path) -> None:
    options = ["--bin", "1s", "--min-confidence", "0.6", "--min-coverage", "1", "-o", "-"]
    code, table, said = videxpr("export", study, *options)
    assert code == 0 and "of 600 frames by --min-confidence 0.6" in said
    left = len(table.splitlines()) - 1
    assert f"taken away: {24 - left} of 24 rows by --min-coverage 1" in said
    assert left == 0 or "without a row that --min-coverage left" in said


def test_a_file_that_cannot_be_read_costs_its_rows_alone(study: Path, videxpr, tmp_path) -> None:
    record = of_probabilities("=x", guessed(segments(FRAMES, 20, 1), 1))
    changed(record, video="=x.mp4").save(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"nothing")
    code, table, said = videxpr("export", tmp_path, "-o", "-")
    assert code == 1 and "y.parquet" in said
    assert table.splitlines()[1].startswith("'=x.mp4,")  # no spreadsheet runs it
    assert said.splitlines()[-1] == "1 row of 1 person in 1 recording"
