"""Workers that are processes of this machine, so that a crash costs one video.

A process is a fresh interpreter: it shares nothing with the parent, which needs neither torch nor av.
It reads pickled tasks from its standard input and writes pickled messages to its standard output;
whatever else wants to be printed there goes to standard error, of which the last lines are kept.
"""

import ctypes
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from queue import Empty, Queue, SimpleQueue
from time import monotonic
from typing import BinaryIO, Final

import psutil

from videxpr.annotation.batch.pool import Take
from videxpr.annotation.batch.worker import (
    Died,
    Job,
    Message,
    Refused,
    Said,
    Task,
    Tell,
    VideoWorker,
    load,
)
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import VidexprError, WorkerError
from videxpr.core.memory import reset_peak_memory

START: Final = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from videxpr.annotation.batch.processes import serve; serve()"
)
KEPT_LINES: Final = 20
LONG_LINE: Final = b"Extension modules:"
"""With it Python ends what it says of a crash, in 80 names."""

END_SECONDS: Final = 1.0
"""A process that is stuck in a disk does not end when it is killed, and is not waited for longer."""

PR_SET_PDEATHSIG: Final = 1


class ProcessPool:
    """Workers of this machine.

    Attributes:
        size: how many there are.
    """

    def __init__(self, job: Job, size: int) -> None:
        """Make ready; a process is started with its first task.

        Args:
            job: what they are told; each gets its own number.
            size: how many there are.
        """
        self.size = size
        self._job = job
        self._workers: dict[int, _Process] = {}
        self._heard: Queue[tuple[_Process, Message]] = Queue()

    def submit(self, number: int, task: Task) -> None:
        """Give a task to a worker, whose process is started if there is none."""
        worker = self._workers.get(number)
        if worker is None:
            job = replace(self._job, number=number)
            worker = self._workers[number] = _Process(job, self._heard)
        worker.send(task)

    def wait(self, seconds: float, take: Take) -> None:
        """Hand on what processes tell."""
        with suppress(Empty):
            self._hand_on(*self._heard.get(timeout=seconds), take)
            while True:
                self._hand_on(*self._heard.get_nowait(), take)

    def memory_bytes(self, number: int) -> int:
        """Return what a process and its children hold in memory; 0 if there is none."""
        worker = self._workers.get(number)
        return 0 if worker is None else worker.memory_bytes()

    def kill(self, number: int) -> None:
        """End a process at once."""
        if worker := self._workers.pop(number, None):
            worker.kill()

    def close(self) -> None:
        """End all processes at once."""
        workers = tuple(self._workers.values())
        self._workers.clear()
        for worker in workers:
            worker.kill()
        deadline = monotonic() + END_SECONDS
        for worker in workers:
            worker.join(deadline - monotonic())

    def _hand_on(self, worker: "_Process", message: Message, take: Take) -> None:
        number = worker.number
        if self._workers.get(number) is not worker:
            return  # of one that was killed
        if isinstance(message, Died):
            del self._workers[number]
        take(number, message)


class _Process:
    """A process, and the threads that listen to it."""

    def __init__(self, job: Job, heard: "Queue[tuple[_Process, Message]]") -> None:
        self.number = job.number
        self._heard = heard
        self._last_words: deque[str] = deque(maxlen=KEPT_LINES)
        try:
            with _interrupts_blocked():
                self._process = subprocess.Popen(
                    [sys.executable, "-c", START],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
        except OSError as exc:
            raise WorkerError(f"no process can be started: {exc.strerror or exc}") from exc
        self._errors = threading.Thread(target=self._keep_last_words, daemon=True)
        self._errors.start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.send(sys.path)
        self.send(job)

    def send(self, thing: object) -> None:
        """Send something; of a process that has ended it is heard otherwise."""
        assert self._process.stdin is not None, "it is a pipe"
        with suppress(OSError):
            pickle.dump(thing, self._process.stdin)
            self._process.stdin.flush()

    def memory_bytes(self) -> int:
        """Return what the process and its children hold in memory."""
        with suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            every = (process, *process.children(recursive=True))
            return sum(one.memory_info().rss for one in every)
        return 0

    def kill(self) -> None:
        """End the process at once."""
        with suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                child.kill()
        self._process.kill()

    def join(self, seconds: float) -> None:
        """Wait for the end of a process that was killed."""
        self._listener.join(max(seconds, 0))

    def _listen(self) -> None:
        """Hand on messages until the process has ended."""
        assert self._process.stdout is not None, "it is a pipe"
        with suppress(EOFError, pickle.UnpicklingError, OSError), self._process.stdout as answers:
            while True:
                message: Message = pickle.load(answers)  # which our own process wrote
                self._heard.put((self, message))
        self._process.kill()  # one that cannot be heard any more is of no use
        code = self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._errors.join(END_SECONDS)
        self._heard.put((self, Died(_reason(code), "".join(self._last_words))))

    def _keep_last_words(self) -> None:
        assert self._process.stderr is not None, "it is a pipe"
        with suppress(OSError, ValueError), self._process.stderr as lines:
            for line in lines:
                if not line.startswith(LONG_LINE):
                    self._last_words.append(line.decode("utf-8", "replace"))


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start a process in a block, which Ctrl-C does not reach until it ignores it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reason(code: int) -> str:
    """Return in words how a process ended."""
    with suppress(ValueError):
        if code < 0:
            return signal.Signals(-code).name
    return f"exit code {code}"


def serve() -> None:
    """Work in a process of its own until nothing more is asked for."""
    _leave_stopping_to_parent()
    answers, tasks = _take_pipes()
    job: Job = pickle.load(tasks)
    tell = partial(_send, answers, threading.Lock())
    waiting: SimpleQueue[Task] = SimpleQueue()
    threading.Thread(target=_receive, args=(tasks, waiting), daemon=True).start()
    warnings.simplefilter("ignore")
    logging.getLogger("videxpr").handlers = [_Teller(tell)]
    worker: VideoWorker | None = None
    while True:
        task = waiting.get()
        reset_peak_memory()
        if worker is None:
            try:
                outputs = Outputs(job.command.output, job.setup)
            except VidexprError as exc:
                tell(Refused(exc))
                continue
            worker = VideoWorker(outputs, partial(load, job), tell)
        tell(worker.work(task))


def _leave_stopping_to_parent() -> None:
    """Let nothing but the parent's death, or its kill, end this process."""
    import faulthandler

    faulthandler.enable()  # its last words, if it crashes
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    if sys.platform == "linux":  # also in the middle of a decoder that never returns
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class _Teller(logging.Handler):
    """Tells the parent what is logged, which shows it."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Said(f"{record.levelname.lower()}: {record.getMessage()}"))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return where messages go and tasks come from; who prints does not write there."""
    answers = os.fdopen(os.dup(1), "wb")
    tasks = sys.stdin.buffer
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers, tasks


def _send(answers: BinaryIO, lock: threading.Lock, message: Message) -> None:
    with lock:
        pickle.dump(message, answers)
        answers.flush()


def _receive(tasks: BinaryIO, waiting: "SimpleQueue[Task]") -> None:
    """Hand on tasks; end the process when the parent has."""
    with suppress(EOFError, pickle.UnpicklingError, OSError):
        while True:
            waiting.put(pickle.load(tasks))
    os._exit(0)
