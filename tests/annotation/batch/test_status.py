"""How far runs are is told by their log, also while they go on, and of several folders together."""

import pytest
from run_logs import lines
from stub_runs import run, video

from videxpr.annotation.batch.status import read_status
from videxpr.annotation.leases import Leases
from videxpr.core.errors import UsageError


def test_it_is_counted_what_is_done_has_failed_and_waits(tmp_path):
    out = tmp_path / "out"
    for name, content in (("a", "4"), ("b", "x"), ("c", "1")):
        video(tmp_path / "in" / f"{name}.mp4", content)
    run(out, tmp_path / "in", tmp_path / "nowhere.mp4")
    status = read_status([out])
    assert (status.done, status.waiting, status.in_work, status.frames) == (2, 0, 0, 6)
    assert [one.key for one in status.failed] == ["b", "nowhere"]


def test_what_was_asked_for_and_has_no_outcome_waits(tmp_path):
    out, log = tmp_path / "out", tmp_path / "out" / "run.jsonl"
    for name in "abcd":
        video(tmp_path / "in" / f"{name}.mp4")
    run(out, tmp_path / "in")
    kept = [line for line in log.read_text().splitlines() if '"key":"d"' not in line]
    log.write_text("".join(f"{line}\n" for line in kept))
    Leases(out).acquire("d")
    status = read_status([out])
    assert (status.done, status.waiting, status.in_work) == (3, 1, 1)
    assert status.waiting_bytes == 1 and status.bytes == 3
    assert status.seconds_left == pytest.approx(status.seconds / 3)


def test_shards_are_joined(tmp_path):
    for name in "abc":
        video(tmp_path / "in" / f"{name}.mp4")
    for name in "abc":
        run(tmp_path / name, tmp_path / "in" / f"{name}.mp4")
    status = read_status([tmp_path / name for name in "abc"])
    assert (status.done, status.waiting, status.frames) == (3, 0, 9)


def test_a_list_is_written_once(tmp_path):
    talk, out = video(tmp_path / "in" / "talk.mp4"), tmp_path / "out"
    for overwrite in (False, True, True):
        run(out, talk, overwrite=overwrite)
    events = [one["event"] for one in lines(out / "run.jsonl")]
    assert (events.count("run"), events.count("listed")) == (3, 1)


def test_a_folder_without_a_log_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"has no run\.jsonl"):
        read_status([tmp_path])
