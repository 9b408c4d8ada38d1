"""The log loses no line, whoever writes besides and whenever they are killed."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pandas
import pytest
from run_logs import lines
from stub_runs import append_many, failed, run, run_list, video

from videxpr.annotation.log_file import LogFile
from videxpr.annotation.run_log import RunLog
from videxpr.core.errors import FormatError, OutputError

SPAWN = multiprocessing.get_context("spawn")


def test_an_outcome_is_read_as_it_was_written(tmp_path):
    run(tmp_path, video(tmp_path / "in" / "a.mp4"), people=2)
    log = RunLog(tmp_path / "run.jsonl")
    (outcome,) = log.outcomes
    other = RunLog(tmp_path / "other.jsonl")
    other.append(outcome)
    assert other.outcomes == [outcome]
    assert log.owners == {"a.txt": "a", "a_right.txt": "a", "a.csv": "a"}
    assert outcome.labels.side == "right"


def test_a_name_of_any_letters_is_read_back(tmp_path):
    path = "/é\u202f語/" + os.fsdecode(b"\xff") + '"\n.mp4'
    RunLog(tmp_path / "run.jsonl").append(failed("a", path))
    (outcome,) = RunLog(tmp_path / "run.jsonl").outcomes
    assert outcome.source.path == path
    assert "é\u202f語".encode() in (tmp_path / "run.jsonl").read_bytes()


def test_pandas_reads_it(tmp_path):
    run(tmp_path, video(tmp_path / "in" / "a.mp4"), video(tmp_path / "in" / "b.mp4", "x"))
    table = pandas.read_json(tmp_path / "run.jsonl", lines=True)
    events = ["listed", "run", "started", "done", "started", "failed", "written", "written"]
    assert table["event"].tolist() == events
    (failure,) = table[table["event"] == "failed"].itertuples()
    assert failure.error.endswith("no video") and failure.error_class == "SourceError"


@pytest.mark.parametrize("torn", [b"{", b'{"event":"done","video":"b.mp4', b"\0\0\0"])
def test_a_line_that_was_cut_off_is_left_out_and_the_next_one_is_not(tmp_path, torn):
    path = tmp_path / "run.jsonl"
    log = RunLog(path)
    log.append(failed("a"))
    with path.open("ab") as file:
        file.write(torn)
    assert [one.key for one in RunLog(path).outcomes] == ["a"]
    log.append(failed("c"))
    assert [one.key for one in log.outcomes] == ["a", "c"]
    assert [one.key for one in RunLog(path).outcomes] == ["a", "c"]


def test_lines_of_later_versions_are_left_out(tmp_path):
    path = tmp_path / "run.jsonl"
    RunLog(path).append(failed("a"))
    with path.open("a") as file:
        file.write('{"event":"started","video":"b.mp4"}\n{"event":"done"}\n[1]\n7\n')
    assert [one.key for one in RunLog(path).outcomes] == ["a"]


@pytest.mark.parametrize("content", [b"[1]\n", b"time,speaker\n", b'{"loss": 1}\n'])
def test_another_programs_log_is_named(tmp_path, content):
    (tmp_path / "run.jsonl").write_bytes(content)
    with pytest.raises(FormatError, match=r"run.jsonl is not videxpr's"):
        RunLog(tmp_path / "run.jsonl")


def test_what_others_append_is_known_when_a_lock_is_held(tmp_path):
    one, other = (RunLog(tmp_path / "run.jsonl") for _ in range(2))
    other.append(failed("b"))
    assert one.outcomes == []
    with one.locked():
        assert [outcome.key for outcome in one.outcomes] == ["b"]


def test_a_line_for_which_there_is_no_room_leaves_nothing(tmp_path):
    path = tmp_path / "run.jsonl"
    log = RunLog(path)
    log.append(failed("a"))
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 9, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot write .*run.jsonl"):
            log.append(failed("b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before


def test_processes_that_append_at_once_lose_no_line(tmp_path):
    path, count = tmp_path / "run.jsonl", 150
    children = [
        SPAWN.Process(target=append_many, args=(path, who, count)) for who in ("a", "b", "c")
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    counts = Counter(one["key"][0] for one in lines(path))
    assert counts == {"a": count, "b": count, "c": count}


def listed(folder: Path, name: str, numbers: range) -> Path:
    """A list of videos that show different things."""
    paths = [video(folder / "in" / f"v{n:03d}.mp4", str(n % 7)) for n in numbers]
    return video(folder / f"{name}.txt", "".join(f"{path}\n" for path in paths))


def test_two_runs_at_once_leave_a_line_of_every_video(tmp_path):
    out = tmp_path / "out"
    lists = listed(tmp_path, "even", range(0, 600, 2)), listed(tmp_path, "odd", range(1, 600, 2))
    halves = [SPAWN.Process(target=run_list, args=(out, listing)) for listing in lists]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
    assert [half.exitcode for half in halves] == [0, 0]
    rows = (out / "summary.csv").read_text().splitlines()[1:]
    names = [f"v{n:03d}" for n in range(600)]
    assert [row.split(",")[0] for row in rows] == [f"{name}.mp4" for name in names]
    images = (out / "predictions.txt").read_text().splitlines()[1:]
    assert images == [
        f"{name}/{frame:05d}.jpg,{n % 7}" for n, name in enumerate(names) for frame in (1, 2, 3)
    ]
    events = Counter(one["event"] for one in lines(out / "run.jsonl"))
    assert events["done"] == 600
    assert 2 <= events["written"] <= 4


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path):
    listing, out = listed(tmp_path, "all", range(100)), tmp_path / "out"
    run_list(tmp_path / "whole", listing)
    for events in (10, 40, 70):
        child = SPAWN.Process(target=run_list, args=(out, listing))
        child.start()
        while child.is_alive() and written(out / "run.jsonl") < events:
            time.sleep(0.002)
        child.kill()
        child.join()
    run_list(out, listing)
    found, wanted = (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.jsonl"}
        for folder in (out, tmp_path / "whole")
    )
    assert found == wanted
    assert len(found) == 102


def written(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_with_nothing_to_do_reads_the_log_alone(tmp_path):
    talk, out = video(tmp_path / "in" / "talk.mp4"), tmp_path / "out"
    run(out, talk)
    opened: list[str] = []
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    own = {path for path in opened if str(tmp_path) in path}
    assert own == {str(out / "run.jsonl")}


def test_a_reading_that_a_signal_ends_loses_no_line(tmp_path):
    path = tmp_path / "run.jsonl"
    append_many(path, "a", 3)
    file = LogFile(path)
    reading = file.new_lines()
    next(reading)
    reading.close()
    assert len(list(file.new_lines())) == 3
    assert list(file.new_lines()) == []
