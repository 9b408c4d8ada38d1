"""Runs on one output folder share the work; none annotates what another one does."""

import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from run_logs import lines
from stub_runs import StubAnnotator, run, video

from videxpr.annotation import leases
from videxpr.annotation.batch.limits import Limits
from videxpr.annotation.batch.pool import InProcess
from videxpr.annotation.batch.run import Batch
from videxpr.annotation.batch.worker import Ready
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.video.search import find_sources

SPAWN = multiprocessing.get_context("spawn")
LEASE_SECONDS = 2.0


def run_folder(out: Path, folder: Path) -> None:
    run(out, folder, formats=("aff-wild2",))


def test_two_runs_share_500_files_without_a_double(tmp_path):
    out, folder = tmp_path / "out", tmp_path / "in"
    for number in range(500):
        video(folder / f"{number:03d}.mp4", str(number % 7))
    children = [SPAWN.Process(target=run_folder, args=(out, folder)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    done = [one for one in lines(out / "run.jsonl") if one["event"] == "done"]
    assert Counter(one["key"] for one in done) == {f"{n:03d}": 1 for n in range(500)}
    processes = {one["process"] for one in lines(out / "run.jsonl") if one["event"] == "started"}
    assert len(processes) == 2
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == []


@dataclass(frozen=True)
class SlowAnnotator(StubAnnotator):
    """Takes a second, in which it can be stopped."""

    def annotate(self, source, progress=None):
        time.sleep(1)
        return super().annotate(source, progress)


def run_slowly(out: Path, talk: Path) -> None:
    leases.LEASE_SECONDS, leases.RENEW_SECONDS = LEASE_SECONDS, LEASE_SECONDS / 4
    run(out, talk, annotator=SlowAnnotator())


def test_who_was_away_for_longer_than_a_lease_replaces_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", LEASE_SECONDS)
    out, talk = tmp_path / "out", video(tmp_path / "in" / "talk.mp4")
    child = SPAWN.Process(target=run_slowly, args=(out, talk))
    child.start()
    while not (out / "run.jsonl").exists():
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGSTOP)
    begun = time.monotonic()
    assert run(out, talk).said == {"talk.mp4": "done"}
    assert time.monotonic() - begun > LEASE_SECONDS - 0.5
    before = {path.name: path.stat().st_ino for path in out.glob("talk.*")}
    os.kill(child.pid, signal.SIGCONT)
    child.join()
    assert child.exitcode == 0
    assert {path.name: path.stat().st_ino for path in out.glob("talk.*")} == before
    assert [one["event"] for one in lines(out / "run.jsonl")].count("done") == 1
    assert not list(out.glob(".videxpr*"))


def batch_of(out: Path, folder: Path, **limits: int) -> tuple[Batch, list[str]]:
    annotator = StubAnnotator()

    def load(source, tell):
        tell(Ready())
        return annotator

    outputs = Outputs(OutputOptions(out, ("aff-wild2", "csv")), annotator.setup)
    batch = Batch(outputs, InProcess(outputs, load), limits=Limits(**limits))
    return batch, [report.status for report in batch.run(find_sources([str(folder)]))]


def test_a_run_ends_after_so_many_failures(tmp_path):
    for number in range(9):
        video(tmp_path / "in" / f"{number}.mp4", "x" if number % 2 else "4")
    batch, statuses = batch_of(tmp_path / "out", tmp_path / "in", failures=2)
    assert statuses == ["done", "failed", "done", "failed"]
    assert batch.stopped == "2 videos have failed (--max-failures 2); 5 videos were not annotated"
    batch, statuses = batch_of(tmp_path / "out", tmp_path / "in", failures=2)
    assert statuses == [*("skipped", "failed") * 2, "done", "failed", "done", "failed"]
    assert batch.stopped.endswith("1 video was not annotated")  # what had failed before counts not


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few pages."""
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(tmp_path / "disk")]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    yield tmp_path / "disk"
    subprocess.run(["umount", str(tmp_path / "disk")], check=True)


def test_a_full_disk_ends_the_run_and_leaves_nothing_half_written(small_disk, tmp_path):
    for number in range(30):
        video(tmp_path / "in" / f"{number:02d}.mp4")
    batch, statuses = batch_of(small_disk / "out", tmp_path / "in")
    assert statuses[0] == "done" and statuses[-1] == "failed" and len(statuses) < 20
    assert "No space left on device" in batch.stopped or "is full" in batch.stopped
    assert batch.stopped.endswith("videos were not annotated")
    names = {path.name for path in (small_disk / "out").iterdir()}
    done = [f"{n:02d}" for n in range(statuses.count("done"))]
    assert names == {"run.jsonl", *(f"{one}{end}" for one in done for end in (".txt", ".csv"))}


def done_line(out):
    """What the log says of the only video that is done."""
    (done,) = (one for one in lines(out / "run.jsonl") if one["event"] == "done")
    return done


def test_who_was_killed_before_files_had_their_names_is_made_good_not_made_again(tmp_path):
    out, talk = tmp_path / "out", video(tmp_path / "in" / "talk.mp4")
    run(out, talk)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = done_line(out)
    staging = out / done["staging"]
    staging.mkdir()  # as it was when the line was written
    for name in done["files"]:
        (out / name).rename(staging / name)
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_of_who_was_killed_before_files_took_the_place_of_others_nothing_is_left_over(tmp_path):
    out, talk = tmp_path / "out", video(tmp_path / "in" / "talk.mp4")
    run(out, talk)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = done_line(out)
    staging = out / done["staging"]
    staging.mkdir()
    for name in done["files"]:
        (staging / name).write_bytes(before[name])  # as what was there before
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("staging", ["../elsewhere", "deeper/in", "..", "", "."])
def test_a_log_cannot_name_folders_elsewhere_to_be_removed(staging, tmp_path):
    out, talk = tmp_path / "out", video(tmp_path / "in" / "talk.mp4")
    for name in ("elsewhere", "out/deeper/in"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "mine").touch()
    run(out, talk)
    log = out / "run.jsonl"
    text = log.read_text()
    (done,) = (one for one in lines(log) if one["event"] == "done")
    log.write_text(text.replace(json.dumps(done["staging"]), json.dumps(staging)))
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    assert (tmp_path / "elsewhere" / "mine").exists() and (out / "deeper" / "in" / "mine").exists()
    assert (out / "talk.txt").exists()
