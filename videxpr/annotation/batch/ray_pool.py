"""Workers on the machines of a Ray cluster.

An actor of Ray keeps the same process that works on this machine (`processes`): it says how that
ended, what it last wrote and what memory it holds, also while torch or a decoder is busy. What it tells
comes back as the stream of the actor's one call for a video, so that nothing is polled.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import Any, Final

import ray
from ray.exceptions import RayError

from videxpr.annotation.batch.pool import Take
from videxpr.annotation.batch.processes import END_SECONDS, ProcessPool
from videxpr.annotation.batch.worker import (
    Advanced,
    Died,
    Job,
    Lost,
    Message,
    Refused,
    Report,
    Said,
    Task,
)
from videxpr.core.errors import UsageError, WorkerError
from videxpr.core.threads import cpu_threads

ENDINGS: Final = (Died, Lost, Refused, Report)
"""Messages after which a worker has no task."""

STORE_BYTES: Final = 80 << 20
"""For what actors give each other, which is nothing: the least that Ray takes is 75 MiB."""

MEMORY_SECONDS: Final = 0.5
"""So often an actor says what memory its process holds."""

PLACED_SECONDS: Final = 30.0
"""An actor that has not begun by then waits for room in the cluster, which may never come."""

CONNECT_SECONDS: Final = 5.0
ENVIRONMENT: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Of a cluster that is started: Ray would report its use, and let its workers starve (nice 15) where a
machine has other work, too."""

LOST: Final = "the loss of its Ray actor"
CLIENT: Final = "ray://"


@dataclass(frozen=True)
class Shares:
    """What each of several workers gets of a cluster.

    Attributes:
        workers: how many there are.
        cpus: cores of each.
        gpus: of each; less than 1 if several share one.
    """

    workers: int
    cpus: int
    gpus: float = 0.0

    def __str__(self) -> str:
        return f"{self.cpus} CPUs and {self.gpus:g} GPUs"


def share_out(nodes: Sequence[tuple[int, int]], workers: int | None) -> Shares:
    """Return what each worker gets of machines.

    Args:
        nodes: CPUs and GPUs of each; no GPUs if none is wanted.
        workers: that are asked for; None for one a GPU, or one a machine that has cores.
    """
    cores = [cpus for cpus, _ in nodes if cpus]
    gpus = sum(gpus for _, gpus in nodes)
    size = workers or gpus or len(cores) or 1
    if gpus:
        each = ceil(size / gpus)  # workers of a GPU
        least = min(cpus // (there * each) for cpus, there in nodes if there)
        return Shares(size, max(1, least), 1 / each)
    most = max(cores, default=1)
    fitting = (n for n in range(most, 1, -1) if sum(cpus // n for cpus in cores) >= size)
    return Shares(size, next(fitting, 1))


@dataclass
class _Working:
    """A task that an actor has.

    Attributes:
        number: of the worker.
        task: which.
        is_begun: whether the actor has told anything; until then it may be waiting for room.
        held_bytes: of memory, as it told last.
        listener: hears what it tells.
    """

    number: int
    task: Task
    is_begun: bool = False
    held_bytes: int = 0
    listener: threading.Thread | None = None
    since: float = field(default_factory=monotonic)

    @property
    def is_overdue(self) -> bool:
        return not self.is_begun and monotonic() - self.since > PLACED_SECONDS


class RayPool:
    """Workers of a Ray cluster, which is joined, or started on this machine and ended again.

    Attributes:
        size: how many there are.
    """

    def __init__(self, job: Job, workers: int | None, address: str | None) -> None:
        """Join or start the cluster; an actor is started with its first task.

        Args:
            job: what workers are told.
            workers: how many there are; None for one a GPU, or one a machine.
            address: of the cluster; None starts one.

        Raises:
            UsageError: no cluster answers there, or the device names a GPU of one machine.
            WorkerError: Ray cannot be started here.
        """
        device = job.command.run.device
        if device not in ("auto", "cuda", "cpu", "mps"):
            raise UsageError(
                f"--device {device} is a GPU of one machine; with --executor ray take --device cuda, "
                "and Ray gives a GPU to each worker"
            )
        _connect(address, workers or 1)
        takes_gpus = device in ("auto", "cuda")
        shares = share_out([_resources(node, takes_gpus) for node in _nodes()], workers)
        self.size = shares.workers
        self._shares = shares
        job = replace(job, threads=max(1, shares.cpus // 2))  # as `stage_threads` of its cores
        options = {"num_cpus": shares.cpus, "num_gpus": shares.gpus, "max_restarts": 0}
        self._start: Callable[[], Any] = partial(
            ray.remote(**options)(_Actor).remote, job, Path.cwd()
        )
        self._actors: dict[int, Any] = {}
        self._working: dict[int, _Working] = {}
        self._heard: Queue[tuple[_Working, Message | int]] = Queue()
        self._has_said = False

    def submit(self, number: int, task: Task) -> None:
        """Give a task to a worker, for which an actor is started if there is none."""
        if number not in self._actors:
            self._actors[number] = self._start()
        one = self._working[number] = _Working(number, task)
        stream = self._actors[number].work.remote(task)
        one.listener = threading.Thread(target=self._listen, args=(one, stream), daemon=True)
        one.listener.start()

    def wait(self, seconds: float, take: Take) -> None:
        """Hand on what actors tell."""
        with suppress(Empty):
            self._hand_on(*self._heard.get(timeout=seconds), take)
            while True:
                self._hand_on(*self._heard.get_nowait(), take)
        self._pass_on(take)

    def memory_bytes(self, number: int) -> int:
        """Return what a worker's process and its children held when it told last."""
        return self._working[number].held_bytes if number in self._working else 0

    def kill(self, number: int) -> None:
        """End an actor at once, and its process with it."""
        self._working.pop(number, None)
        if actor := self._actors.pop(number, None):
            ray.kill(actor)

    def close(self) -> None:
        """End all actors at once, and the cluster if it was started here."""
        listeners = [one.listener for one in self._working.values() if one.listener]
        for number in tuple(self._actors):
            self.kill(number)
        deadline = monotonic() + END_SECONDS
        for listener in listeners:  # Ray is not to be shut down under them
            listener.join(max(deadline - monotonic(), 0))
        ray.shutdown()

    def _listen(self, one: _Working, stream: Any) -> None:
        """Hear what an actor tells of a task, in a thread: signals would break into Ray's C++."""
        try:
            for told in stream:
                self._heard.put((one, ray.get(told)))
        except RayError as exc:
            self._heard.put((one, Died(LOST, str(exc))))

    def _hand_on(self, one: _Working, told: Message | int, take: Take) -> None:
        number = one.number
        if self._working.get(number) is not one:
            return  # of one that was killed
        one.is_begun = True
        if isinstance(told, int):
            one.held_bytes = told
            return
        if isinstance(told, ENDINGS):
            del self._working[number]
        if isinstance(told, Died) and told.reason == LOST:
            self.kill(number)  # it may be cut off only, and must not go on with what others do
        take(number, told)

    def _pass_on(self, take: Take) -> None:
        """Give the tasks of actors that wait for room to actors that are free by now.

        Where a machine is lost there may never be room for as many actors as before.
        """
        free = [number for number in self._actors if number not in self._working]
        for number, one in tuple(self._working.items()):
            if not one.is_begun:
                take(number, Advanced(0, 0))  # nothing has stalled
            if one.is_overdue and free:
                actor = self._actors.pop(free.pop())
                self.kill(number)
                self._actors[number] = actor
                self.submit(number, one.task)
            elif one.is_overdue and not self._has_said:
                self._has_said = True
                text = f"the cluster has no room yet for a worker, which needs {self._shares}"
                take(number, Said(f"warning: {text}: see ray status"))


class _Actor:
    """Keeps a process on whatever machine Ray chose."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._pool = ProcessPool(job, 1)
        self._folder = folder

    def work(self, task: Task) -> Iterator[Message | int]:
        """Yield what the process tells about a task, and now and then the memory that it holds."""
        try:
            os.chdir(self._folder)  # paths are relative to it
        except OSError as exc:
            text = f"{socket.gethostname()} cannot use the folder {self._folder} of this machine"
            yield Refused(UsageError(f"{text}: {exc.strerror}; share it, at the same path"))
            return
        told: list[Message] = []
        measured = monotonic()
        self._pool.submit(0, task)
        while not (told and isinstance(told[-1], ENDINGS)):
            told.clear()
            self._pool.wait(MEMORY_SECONDS, lambda number, message: told.append(message))
            if monotonic() - measured > MEMORY_SECONDS:
                measured = monotonic()
                yield self._pool.memory_bytes(0)
            for message in told:  # noqa: UP028 (Ray sends into what is yielded from)
                yield message


def _connect(address: str | None, workers: int) -> None:
    """Join a cluster, or start one with room for so many workers."""
    if (address or "").startswith(CLIENT):
        raise UsageError(
            f"--ray-address {address} is Ray's client, which has no streams; run videxpr on a machine "
            "of the cluster, with HOST:PORT or auto"
        )
    os.environ.update(ENVIRONMENT)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    here: dict[str, Any] = {
        "num_cpus": max(cpu_threads(), workers),
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    on_terminate = signal.getsignal(signal.SIGTERM)
    # it would exit with a code of its own, and without a last line
    ray._private.utils.set_sigterm_handler = lambda handler: None
    try:
        host, _, port = (address or "").rpartition(":")
        if port.isdecimal():  # where nothing answers, Ray would try for four minutes
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        ray.init(address or "local", **quiet, **({} if address else here))
    except (OSError, RuntimeError, ValueError) as exc:
        if address:
            raise UsageError(f"no Ray cluster can be joined at {address}: {exc}") from exc
        raise WorkerError(f"Ray does not start on this machine: {exc}") from exc
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_terminate)  # Ray's library in C++ has set its own, too
    # Ray prints on standard output that an actor has ended, which the batch says by itself
    ray._private.worker._worker_logs_enabled = False


def _nodes() -> list[dict[str, Any]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _resources(node: dict[str, Any], takes_gpus: bool) -> tuple[int, int]:
    return int(node.get("CPU", 0)), int(node.get("GPU", 0)) if takes_gpus else 0
