"""The table at the end fits the terminal, keeps words whole, and stays short."""

from pathlib import Path, PurePosixPath

import pytest
from rich.console import Console

from videxpr.annotation.batch.worker import Report
from videxpr.annotation.summary import MainPerson
from videxpr.cli import report_table
from videxpr.cli.annotate import HEADER, _rows, _total
from videxpr.cli.report_table import print_reports, table_lines
from videxpr.video.sources import Source

FACES = (40, 10, 0, 0, 30, 5, 0, 0)
LONG = "a video with a long name, taken on holiday.mp4"


def report(name="talk.mp4", people=(FACES,), status="done", **more):
    source = Source(Path(name), "video", PurePosixPath(name))
    main = tuple(MainPerson(number, counts) for number, counts in enumerate(people, 1))
    return Report(source, status, frames=100, people=main, **more)


@pytest.fixture
def shown(monkeypatch, capsys):
    """The lines that a run ends with, on a terminal of some width."""

    def show(reports, width):
        monkeypatch.setattr(
            report_table, "output_console", lambda: Console(width=width, highlight=False)
        )
        print_reports("model starter, results in out", HEADER, reports, _rows, _total, "annotated")
        return capsys.readouterr().out.splitlines()

    return show


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_whole_words_in_any_width(shown, width):
    warning = (
        "3 damaged packets or frames in the video; the rest is as it should be, every frame of it"
    )
    reports = [report(warnings=(warning,)), report(LONG), report(people=())]
    lines = shown(reports, width)
    assert max(map(len, lines)) <= max(width, len(LONG))
    words = " ".join(lines).split()
    for word in (*warning.split(), "Happiness", "35%,", *LONG.split(), "100", "85.0%", "face"):
        assert word in words
    assert (LONG in lines) == (
        width < 200
    )  # it has a line of its own where it would crowd the others


def test_sums_count_every_frame_with_a_face_the_same(shown):
    few = (0, 0, 0, 0, 0, 15, 0, 0)
    lines = shown([report(), report("b.mp4", (few,))], 80)
    text = "all 2 videos     200   50.0%  Neutral 40%, Happiness 30%, Sadness 20%, Anger 10%"
    assert lines[-2].split() == text.split()


def test_each_main_person_has_a_row_and_one_alone_is_not_numbered(shown):
    lines = shown([report(people=(FACES, (10, 0, 0, 0, 0, 0, 0, 0)))], 200)
    assert [" ".join(line.split()) for line in lines[2:4]] == [
        "talk.mp4 100 85.0% person 1: Neutral 47%, Happiness 35%, Anger 12%, Sadness 6%",
        "10.0% person 2: Neutral 100%",
    ]
    assert "person" not in " ".join(shown([report()], 80))


def test_three_hundred_videos_end_in_failures_and_sums(shown):
    failed = [report(f"bad{n}.mp4", (), "failed", error=f"bad{n}.mp4: empty") for n in range(30)]
    done = [report(f"{n}.mp4", warnings=("dark",) * (n < 7)) for n in range(270)]
    lines = shown([*failed, *done], 80)
    assert len(lines) < 30
    assert lines[:2] == ["error: bad0.mp4: empty", "error: bad1.mp4: empty"]
    assert lines[20] == "and 10 errors more"
    assert lines[-2] == "7 of them with warnings, in summary.csv"
    assert lines[-1] == "270 annotated, 0 skipped, 30 failed"
    assert [line for line in lines if "27000" in line and "all 270 videos" in line]


def test_wide_letters_and_parts_longer_than_their_column_break_nothing():
    rows = [([("映像.mp4", "1", "a" * 30 + ", b")], ())]
    lines = list(table_lines(("video", "frames", "text"), rows, 60))
    assert lines[1].startswith("映像.mp4       1  " + "a" * 30)
    assert lines[1].endswith("a, b")
    narrow = list(table_lines(("video", "frames", "text"), rows, 40))
    assert [line.strip() for line in narrow[1:]] == ["映像.mp4", "1  " + "a" * 30 + ",", "b"]
