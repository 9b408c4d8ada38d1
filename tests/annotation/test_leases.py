"""Of several processes one has a lease, until it ends or is away for too long."""

import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from videxpr.annotation.leases import FOLDER, LEASE_SECONDS, Leases, this_process
from videxpr.core.errors import OutputError

SPAWN = multiprocessing.get_context("spawn")
FAR = replace(this_process(), host="far")


@pytest.fixture
def here(tmp_path):
    return Leases(tmp_path)


@pytest.fixture
def far(tmp_path):
    """Another machine, of whose processes nothing is known here."""
    return Leases(tmp_path, FAR)


def age(leases: Leases, seconds: float) -> None:
    """Let all leases be renewed so long ago."""
    for path in (leases.directory / FOLDER).iterdir():
        then = time.time() - seconds
        os.utime(path, (then, then))


def test_nobody_else_gets_a_lease_until_it_is_given_back(here, far):
    lease = here.acquire("a/b")
    assert lease.is_held()
    assert far.acquire("a/b") is None and here.acquire("a/b") is None
    assert far.acquire("a/c") is not None
    here.release(lease)
    assert far.acquire("a/b") is not None


def test_one_that_was_not_renewed_is_taken_over_and_its_owner_learns_it(here, far):
    lease = far.acquire("a")
    age(here, LEASE_SECONDS - 10)
    assert here.acquire("a") is None
    age(here, LEASE_SECONDS + 10)
    later = here.acquire("a")
    assert later.is_held() and not lease.is_held()
    far.release(lease)  # changes nothing
    assert later.is_held() and far.acquire("a") is None
    here.release(later)
    assert not later.is_held() and far.acquire("a") is not None


def test_one_of_many_takes_over(tmp_path, far):
    far.acquire("a")
    age(far, LEASE_SECONDS + 10)
    taken = [Leases(tmp_path, replace(FAR, host=f"far{n}")).acquire("a") for n in range(9)]
    assert [lease is not None for lease in taken] == [True] + [False] * 8


def test_a_renewed_one_stays(here, far, monkeypatch):
    lease = far.acquire("a")
    age(far, LEASE_SECONDS + 10)
    monkeypatch.setattr("videxpr.annotation.leases.RENEW_SECONDS", 0)
    far.renew()
    assert here.acquire("a") is None and lease.is_held()


def acquire_and_end(folder: Path) -> None:
    assert Leases(folder).acquire("a") is not None


def test_of_a_process_of_this_machine_that_has_ended_it_is_free_at_once(tmp_path, here):
    child = SPAWN.Process(target=acquire_and_end, args=(tmp_path,))
    child.start()
    child.join()
    assert here.acquire("a") is not None


def test_a_process_with_the_number_of_one_that_has_ended_is_another(tmp_path, here):
    own = this_process()
    assert Leases(tmp_path, replace(own, begun=own.begun - 60)).acquire("a") is not None
    assert here.acquire("a") is not None


def test_another_container_of_this_machine_is_another_machine(tmp_path, here):
    own = this_process()
    assert Leases(tmp_path, replace(own, boot="other", process=1)).acquire("a") is not None
    assert here.acquire("a") is None


def race(folder: Path, who: int, count: int) -> None:
    leases = Leases(folder, replace(this_process(), host=f"host{who}"))
    for number in range(count):
        if leases.acquire(f"{number}") is not None:
            (folder / f"{number}.{who}").touch()


def test_processes_that_race_share_the_work(tmp_path):
    children = [SPAWN.Process(target=race, args=(tmp_path, who, 200)) for who in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert sorted(path.stem for path in tmp_path.glob("*.?")) == sorted(map(str, range(200)))


def test_it_is_counted_what_is_in_work(here, far):
    here.acquire("a"), far.acquire("b"), far.acquire("c")
    assert here.count() == 3
    age(here, LEASE_SECONDS + 10)
    assert far.count() == 0


def test_nothing_is_left_behind(tmp_path, here):
    here.acquire("a"), here.acquire("b")
    here.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_left_goes_with_the_next_one_and_nothing_else(
    tmp_path, here, far
):
    own = this_process()
    assert Leases(tmp_path, replace(own, begun=own.begun - 60)).acquire("a") is not None
    lease = far.acquire("b")
    here.close()
    assert list((tmp_path / FOLDER).iterdir()) == [lease.path]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        Leases(tmp_path / "file").acquire("a")
