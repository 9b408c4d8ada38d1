"""Results in a store are written once, whoever is killed or late."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from s3 import BUCKET, Store, running_store
from stub_runs import StubAnnotator, run, video

from videxpr.annotation import store_folder
from videxpr.annotation.batch.status import read_status
from videxpr.annotation.leases import LeaseLostError
from videxpr.annotation.log_file import parsed
from videxpr.annotation.store_folder import STATE, StoreFolder, StoreLeases, link
from videxpr.core.errors import FormatError
from videxpr.core.remote_folder import RemoteFolder

SPAWN = multiprocessing.get_context("spawn")
LEASE_SECONDS = 2.0


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
def out(store: Store, tmp_path: Path) -> Path:
    """A folder in the store, as a command line gives it."""
    return Path(f"s3://{BUCKET}/{tmp_path.name}/out")


def objects(out: Path) -> dict[str, bytes]:
    """What is in the store besides its own state."""
    remote = RemoteFolder(out.as_posix().replace("s3:/", "s3://"))
    return remote.read([name for name in remote.files() if not name.startswith(STATE)])


def results(out: Path) -> dict[str, bytes]:
    found = objects(out) if str(out).startswith("s3:") else on_disk(out)
    return {name: content for name, content in found.items() if name != "run.jsonl"}


def on_disk(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def events(out: Path) -> Counter[str]:
    """How often what happened, by the copy of the log."""
    return Counter(
        f"{line['event']} {line['key']}"
        for line in parsed(objects(out)["run.jsonl"])
        if line["event"] in ("done", "failed")
    )


def folder_of(path: Path, count: int) -> Path:
    for number in range(count):
        video(path / "deep" / f"{number:02d} [1] é.mp4", str(number % 7))
    return path


def test_results_are_those_on_a_disk_and_a_second_run_puts_nothing(
    store: Store, out: Path, tmp_path: Path
) -> None:
    videos = folder_of(tmp_path / "in", 3)
    video(videos / "bad.mp4", "x")
    said = {f"deep/{n:02d} [1] é.mp4": "done" for n in range(3)} | {"bad.mp4": "no video"}
    assert run(out, videos).said == run(tmp_path / "here", videos).said == said
    assert results(out) == results(tmp_path / "here")
    assert len(results(out)) == 3 * 2 + 2
    before = objects(out)
    status = read_status([out])
    assert (status.done, len(status.failed), status.waiting, status.in_work) == (3, 1, 0, 0)
    store.requests.clear()
    again = run(out, videos).said
    assert Counter(again.values())["skipped"] == 3
    assert "as on 20" in again["bad.mp4"]
    assert objects(out) == before
    put = [path for method, path, _ in store.requests if method == "PUT"]
    assert not [path for path in put if "/deep/" in path]


def test_two_runs_one_of_which_is_killed_end_with_the_objects_of_one(
    out: Path, tmp_path: Path
) -> None:
    videos = folder_of(tmp_path / "in", 6)
    run(tmp_path / "whole", videos)
    children = [SPAWN.Process(target=run, args=(out, videos)) for _ in range(2)]
    for child in children:
        child.start()
    while len(objects(out)) < 2:
        time.sleep(0.01)
    children[0].kill()
    for child in children:
        child.join()
    assert children[1].exitcode == 0
    assert set(run(out, videos).said.values()) == {"skipped"}
    assert results(out) == results(tmp_path / "whole")
    times = events(out)
    assert len(times) == 6
    assert sum(times.values()) <= 7  # it may have been killed between a line and its files


class SlowAnnotator(StubAnnotator):
    """Takes a while, in which it can be stopped."""

    def annotate(self, source, progress=None):
        time.sleep(0.5)
        return super().annotate(source, progress)


def run_slowly(out: Path, talk: Path) -> None:
    store_folder.LEASE_SECONDS = LEASE_SECONDS
    run(out, talk, annotator=SlowAnnotator())


def test_who_was_away_for_longer_than_a_lease_replaces_nothing(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_folder, "LEASE_SECONDS", LEASE_SECONDS)
    talk = video(tmp_path / "in" / "talk.mp4")
    child = SPAWN.Process(target=run_slowly, args=(out, talk))
    child.start()
    remote = RemoteFolder(f"s3://{BUCKET}/{tmp_path.name}/out")
    while len(remote.files(store_folder.LOG)) < 4:  # its lease, and the lines that it has begun
        time.sleep(0.02)
    os.kill(child.pid or 0, signal.SIGSTOP)
    assert run(out, talk).said == {"talk.mp4": "done"}
    before = remote.files("talk")
    os.kill(child.pid or 0, signal.SIGCONT)
    child.join()
    assert child.exitcode == 0
    assert remote.files("talk") == before
    assert events(out) == {"done talk": 1}


def test_a_late_owner_cannot_say_that_it_is_done(store: Store, tmp_path: Path) -> None:
    remote = RemoteFolder(f"s3://{BUCKET}/{tmp_path.name}")
    leases, log = StoreLeases(remote), StoreFolder(remote.address).open_log()
    lease = leases.acquire("a")
    assert lease is not None and lease.is_held()
    assert leases.acquire("a") is None
    assert remote.create(link("a", 2), b'{"event":"lease"}\n')  # it was taken over
    assert not lease.is_held()
    lost = pytest.raises(LeaseLostError, match="a was taken over by another run")
    with lost, log.locked("a", lease) as append:
        append({"event": "done", "key": "a"})
    assert leases.count() == 1
    leases.close()
    assert b'"released"' in remote.read([link("a", 1)])[link("a", 1)]
    assert leases.acquire("a") is None  # nobody knows how the other one is


def test_what_was_killed_between_its_line_and_its_files_is_made_again(
    out: Path, tmp_path: Path
) -> None:
    talk = video(tmp_path / "in" / "talk.mp4")
    run(out, talk)
    before = results(out)
    RemoteFolder(f"s3://{BUCKET}/{tmp_path.name}/out").remove("talk.csv")
    again = run(out, talk)
    assert again.said == {"talk.mp4": "done"}
    assert "made again, as talk.csv was not as written" in again.warnings["talk.mp4"]
    assert results(out) == before
    video(talk, "2")
    assert "has changed since" in run(out, talk).warnings["talk.mp4"]
    assert results(out)["talk.txt"] != before["talk.txt"]
    assert events(out) == {"done talk": 3}


def test_what_is_another_programs_is_left_alone(store: Store, out: Path, tmp_path: Path) -> None:
    talk = video(tmp_path / "in" / "talk.mp4")
    store.put(f"{tmp_path.name}/out/talk.txt", b"mine")
    assert "talk.txt is not videxpr's" in run(out, talk).said["talk.mp4"]
    assert objects(out)["talk.txt"] == b"mine"
    store.put(f"{tmp_path.name}/other/run.jsonl", b"mine")
    with pytest.raises(FormatError, match=f"^s3://{BUCKET}/.*/other/run.jsonl is not videxpr's"):
        run(out.parent / "other", talk)


@pytest.mark.parametrize("size", [10, 11 << 20])
def test_the_store_refuses_a_second_put(store: Store, tmp_path: Path, size: int) -> None:
    """Single and multipart, as all of this rests on it; several at the same time moto cannot."""
    s3, path = fsspec.filesystem("s3"), f"{BUCKET}/{tmp_path.name}/a"
    s3.pipe_file(path, bytes(size), mode="create", chunksize=5 << 20)
    for content in (b"other", bytes(size + 1)):
        with pytest.raises(FileExistsError):
            s3.pipe_file(path, content, mode="create", chunksize=5 << 20)
    assert s3.size(path) == size


def test_an_object_is_put_where_none_is_or_over_the_one_that_was_seen(
    store: Store, tmp_path: Path
) -> None:
    remote = RemoteFolder(f"s3://{BUCKET}/{tmp_path.name}")
    assert remote.create("a", b"one") and remote.create("a", b"one")  # its answer was lost
    assert not remote.create("a", b"two")
    (tmp_path / "file").write_bytes(b"three")
    seen = remote.files("a")["a"]
    assert remote.create("a", tmp_path / "file", seen) and remote.read(["a"]) == {"a": b"three"}
    assert not remote.create("a", b"four", seen)
    assert not remote.create("gone", b"four", seen)
    remote.remove("a")
    assert remote.files() == {}
