"""Pools of workers, as far as a batch knows them; the one here works in this process."""

from collections.abc import Callable
from time import sleep
from typing import TYPE_CHECKING, Protocol

from videxpr.annotation.batch.worker import Message, Task, Tell, VideoWorker
from videxpr.annotation.writer import Outputs
from videxpr.video.sources import Source

if TYPE_CHECKING:
    from videxpr.annotation.annotator import Annotator

Take = Callable[[int, Message], object]
"""Takes what a worker tells, with the worker's number."""


class Pool(Protocol):
    """Workers with numbers from 0; one that has ended is replaced when it is given a task.

    Attributes:
        size: how many there are.
    """

    size: int

    def submit(self, number: int, task: Task) -> None:
        """Give a task to a worker that has none.

        Raises:
            WorkerError: it cannot be started.
        """

    def wait(self, seconds: float, take: Take) -> None:
        """Hand on what workers tell, and return when some did or after so many seconds."""

    def memory_bytes(self, number: int) -> int:
        """Return what a worker and its children hold in memory; 0 if nothing tells."""

    def kill(self, number: int) -> None:
        """End a worker at once, whatever it does; nothing more is heard of it."""

    def close(self) -> None:
        """End all workers at once."""


class InProcess:
    """Works in this process, where a crash is everybody's; nothing here can be ended from outside.

    Attributes:
        size: one worker.
    """

    size = 1

    def __init__(self, outputs: Outputs, load: "Callable[[Source, Tell], Annotator]") -> None:
        """Make ready.

        Args:
            outputs: where results go.
            load: loads models and detector.
        """
        self._worker = VideoWorker(outputs, load, self._tell)
        self._task: Task | None = None
        self._take: Take = lambda number, message: None

    def submit(self, number: int, task: Task) -> None:
        """Keep the task until somebody waits for it."""
        self._task = task

    def wait(self, seconds: float, take: Take) -> None:
        """Do the task."""
        if self._task is not None:
            task, self._task, self._take = self._task, None, take
            take(0, self._worker.work(task))
        else:
            sleep(seconds)

    def memory_bytes(self, number: int) -> int:
        """Return 0: nobody polls while the only worker works."""
        return 0

    def kill(self, number: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def _tell(self, message: Message) -> None:
        self._take(0, message)
