"""`videxpr export` as a statistician calls it."""

import csv
import re
import shutil
from pathlib import Path

import pandas
import pytest
from annotated import annotation as of_probabilities
from annotated import guessed, segments
from interval_records import read_eaf
from records import changed

from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.annotation.standing import NO_SETUP
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


def test_files_of_intervals_are_one_a_recording_or_one_for_all(study: Path, videxpr, tmp_path):
    out = tmp_path / "out"
    code, _, said = videxpr("export", study, "--to", "eaf,intervals,jsonl", "-o", out)
    assert code == 0 and re.fullmatch(
        rf"{out}: 10 files, \d+ intervals in 8 recordings\n.*\n", said
    )
    assert "warning: 8 videos (p1/s1/talk, " in said and "put each beside its file" in said
    assert len(list(out.rglob("*.eaf"))) == 8 and (out / "p2/s1/talk.eaf").is_file()
    table = pandas.read_csv(out / "intervals.csv")
    assert table["video"].nunique() == 8
    lines = pandas.read_json(out / "intervals.jsonl", lines=True)
    pandas.testing.assert_frame_equal(lines, table, check_dtype=False)
    per_video = read_eaf(out / "p2/s1/talk.eaf")
    assert len(per_video) == (table["video"] == "p2/s1/talk.mp4").sum()


def test_longer_intervals_are_asked_for_afterwards(study: Path, videxpr, tmp_path):
    for name, seconds in (("all", 0), ("long", 1)):
        options = ["--to", "intervals", "--min-duration", seconds, "-o", tmp_path / name]
        assert videxpr("export", study, *options)[0] == 0
    tables = [pandas.read_csv(tmp_path / name / "intervals.csv") for name in ("all", "long")]
    assert tables[0]["duration"].min() < 1 <= tables[1]["duration"].min()


def test_what_a_coder_worked_on_is_not_written_over(study: Path, videxpr, tmp_path):
    assert videxpr("export", study, "--to", "srt", "-o", tmp_path)[0] == 0
    (tmp_path / "p1/s1/talk.srt").write_text("mine")
    code, _, said = videxpr("export", study, "--to", "srt,vtt", "-o", tmp_path)
    assert code == 2 and "talk.srt and 7 more are there already" in said
    assert (tmp_path / "p1/s1/talk.srt").read_text() == "mine"
    assert not list(tmp_path.rglob("*.vtt"))
    assert videxpr("export", study, "--to", "srt", "-o", tmp_path, "--overwrite")[0] == 0
    assert (tmp_path / "p1/s1/talk.srt").read_text() != "mine"


def test_what_a_format_cannot_hold_costs_that_file_alone(study: Path, videxpr, tmp_path):
    code, _, said = videxpr("export", study, "--to", "label-studio,vtt", "-o", tmp_path)
    assert code == 1 and said.count("does not say the frame size") == 8
    assert len(list(tmp_path.rglob("*.vtt"))) == 8 and not list(tmp_path.rglob("*studio.json"))


def test_videos_are_linked_where_they_were_annotated(study: Path, videxpr, tmp_path):
    annotations = tmp_path / "annotations"
    shutil.copytree(study / "p1", annotations)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/talk.mp4").touch()
    write_log(annotations, {"s1/talk": tmp_path / "in/talk.mp4", "s2/talk": tmp_path / "gone.mp4"})
    out = tmp_path / "out"
    assert videxpr("export", annotations, "--to", "eaf", "-o", out)[0] == 0
    assert linked(out / "s1/talk.eaf") == "../../in/talk.mp4"
    assert linked(out / "s2/talk.eaf") == "./talk.mp4"


def linked(eaf: Path) -> str:
    return re.search('RELATIVE_MEDIA_URL="(.*?)"', eaf.read_text())[1]


def write_log(folder: Path, sources: dict[str, Path]) -> None:
    """A run.jsonl that says where videos were."""
    log = RunLog(folder / RUN_LOG)
    for key, path in sources.items():
        state = SourceState(str(path), 0, 0, "")
        log.append(
            Outcome("done", now(), f"{key}.mp4", key, state, kind="video", setup=NO_SETUP).line()
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "eaf", "--bin", "1s"], "--bin shapes tables; leave it out, or --to"),
        (["--overwrite"], "--overwrite shapes files of intervals; name a format with --to"),
        (["--to", "eaf", "-o", "-"], "--output must be a folder with --to"),
        (["--to", "eav"], "did you mean 'eaf'?"),
    ],
)
def test_what_does_not_go_together_is_refused(study: Path, videxpr, words, said):
    code, _, found = videxpr("export", study, *words)
    assert code == 2 and said in found


def test_two_recordings_of_one_name_are_refused(study: Path, videxpr, tmp_path):
    files = (study / "p1/s1/talk.parquet", study / "p1/s2/talk.parquet")
    code, _, said = videxpr("export", *files, "--to", "srt", "-o", tmp_path)
    assert code == 2 and "2 recordings are called talk: name the folders" in said
