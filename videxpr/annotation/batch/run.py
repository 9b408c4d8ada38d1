"""A batch: every source is annotated once, whatever happens to the process that does it."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from videxpr.annotation.batch.limits import Limits
from videxpr.annotation.batch.pool import InProcess, Pool
from videxpr.annotation.batch.worker import (
    Advanced,
    Died,
    Loading,
    Lost,
    Message,
    Ready,
    Refused,
    Report,
    Said,
    Task,
    Tell,
)
from videxpr.annotation.fingerprint import size_and_time
from videxpr.annotation.run_log import Outcome
from videxpr.annotation.standing import Standing
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import (
    CrashError,
    OutputError,
    VidexprError,
    WorkerError,
)
from videxpr.video.jobs import failure
from videxpr.video.sources import Source, check_source

if TYPE_CHECKING:
    from videxpr.annotation.annotator import Annotator

TICK_SECONDS: Final = 0.25
"""So often memory and time are looked at."""

ELSEWHERE_SECONDS: Final = 1.0
"""So often it is looked whether another run has ended with what it is at."""

ATTEMPTS: Final = 2
"""A process may be ended by what has nothing to do with its video, but hardly twice."""


class Listener(Protocol):
    """Shows people what a batch does."""

    def begin(self, source: Source) -> Callable[[int, int], None]:
        """Show that a source begins; return the callback for its frames."""

    def introduce(self, ready: Ready) -> None:
        """Show with what the batch works."""

    def say(self, text: str) -> None:
        """Show a line."""


class Silent:
    """Shows nothing."""

    def begin(self, source: Source) -> Callable[[int, int], None]:
        """Return a callback that does nothing."""
        return lambda completed, total: None

    def introduce(self, ready: Ready) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""


@dataclass
class _Running:
    """A source that a worker is at."""

    task: Task
    advance: Callable[[int, int], None]
    attempt: int = 1
    is_loading: bool = False
    began: float = field(default_factory=monotonic)
    moved: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        return monotonic() - self.began


class Batch:
    """A run over many sources.

    Attributes:
        stopped: why it ended before its last source; empty if it did not.
        unreported: sources that were done when it was ended from outside, before it could say so.
    """

    def __init__(
        self,
        outputs: Outputs,
        pool: Pool,
        people: int | None = 1,
        limits: Limits | None = None,
        listener: Listener | None = None,
        shard: str = "",
    ) -> None:
        """Make ready.

        Args:
            outputs: where results go.
            pool: of workers; it is closed at the end.
            people: how many persons of a video are written; None means all.
            limits: when something is given up.
            listener: shows people what happens.
            shard: which share of a longer list the sources are, for the log.
        """
        self.stopped = ""
        self.unreported = 0
        self._outputs = outputs
        self._pool = pool
        self._people = people
        self._limits = limits or Limits()
        self._listener = listener or Silent()
        self._shard = shard
        self._leases = outputs.folder.open_leases()
        self._waiting: deque[Source] = deque()
        self._elsewhere: deque[Source] = deque()
        self._looked_elsewhere = self._watched = monotonic()
        self._running: dict[int, _Running] = {}
        self._ended: deque[Report] = deque()
        self._failures = 0
        self._is_introduced = False

    def run(self, sources: Sequence[Source]) -> Generator[Report, None, None]:
        """Annotate sources and write the files of each; `Outputs.finish` writes those of the run.

        Yields:
            One report a source, as it comes.

        Raises:
            UsageError, CheckpointError, DetectorError, DeviceError: nothing can begin.
            WorkerError: no worker can work.
            OutputError: the log cannot be written.
        """
        self._sources = sources
        self._unwritable = self._outputs.unwritable(sources, self._people)
        self._waiting.extend(self._ordered(sources))
        try:
            while not self.stopped and (self._waiting or self._running or self._elsewhere):
                self._fill()
                if not self._ended:
                    self._pool.wait(TICK_SECONDS, self._take)
                self._leases.renew()
                self._watch()
                while self._ended:
                    yield self._ended.popleft()
        finally:
            self._pool.close()
            for one in self._running.values():
                self._outputs.clear(one.task.source)
            self.unreported = sum(self._is_done(one.task.source) for one in self._running.values())
            self._leases.close()

    def _ordered(self, sources: Sequence[Source]) -> Sequence[Source]:
        """Return sources as they are begun: of several at once the largest first, or one ends alone."""
        if self._pool.size == 1:
            return sources
        return sorted(sources, key=lambda one: -size_and_time(one)[0])

    def _fill(self) -> None:
        """Give sources to workers that have none; what needs no worker has ended."""
        idle = [number for number in range(self._pool.size) if number not in self._running]
        while idle and self._waiting and not self._ended:
            if self._begin(self._waiting.popleft(), idle[0]):
                idle.pop(0)
        if idle and self._elsewhere and monotonic() - self._looked_elsewhere > ELSEWHERE_SECONDS:
            self._looked_elsewhere = monotonic()
            self._waiting.extend(self._elsewhere)
            self._elsewhere.clear()

    def _begin(self, source: Source, number: int) -> bool:
        """Return whether a source was given to a worker."""
        try:
            check_source(source)
            if source in self._unwritable:
                raise OutputError(self._unwritable[source])
            if self._is_settled(source, self._outputs.standing(source)):
                return False
            lease = self._leases.acquire(source.key)
            if lease is None:
                self._elsewhere.append(source)
                return False
            standing = self._outputs.standing(source)  # of now, as nobody else may change it
            if self._is_settled(source, standing):
                self._leases.release(lease)
                return False
            self._submit(number, Task(source, standing.reason, lease))
        except WorkerError:
            raise
        except Exception as exc:
            self._fail(source, exc)
            return False
        return True

    def _is_settled(self, source: Source, standing: Standing) -> bool:
        """Return whether there is nothing to do, which is reported."""
        if standing.is_done:
            self._ended.append(Report(source, "skipped", error=standing.refusal))
        elif standing.failure is not None:
            self._ended.append(_failed_before(source, standing.failure))
        return standing.is_done or standing.failure is not None

    def _submit(self, number: int, task: Task, attempt: int = 1) -> None:
        self._outputs.clear(task.source)
        advance = self._listener.begin(task.source)
        self._running[number] = running = _Running(task, advance, attempt)
        self._pool.submit(number, task)
        if self._is_introduced:
            self._outputs.start(task.source, running.attempt)

    def _introduce(self, number: int, ready: Ready) -> None:
        """Log the run's beginning when models are loaded: a call that is wrong leaves no trace."""
        running = self._running[number]
        running.is_loading = False
        if not self._is_introduced:
            self._is_introduced = True
            self._listener.introduce(ready)
            self._outputs.begin(self._sources, self._shard)
            for one in self._running.values():
                self._outputs.start(one.task.source, one.attempt)

    def _take(self, number: int, message: Message) -> None:
        """Take what a worker tells."""
        running = self._running.get(number)
        if isinstance(message, Said):
            self._listener.say(message.text)
        if running is None:
            return
        running.moved = monotonic()
        match message:
            case Advanced(completed, total):
                running.advance(completed, total)
                self._leases.renew()
            case Loading():
                running.is_loading = True
            case Ready():
                self._introduce(number, message)
            case Report():
                self._end(number, message)
            case Lost():
                self._release(number)
                self._elsewhere.append(running.task.source)
            case Refused(error):
                self._release(number)
                raise error
            case Died():
                self._bury(number, message)

    def _end(self, number: int, report: Report) -> None:
        running = self._release(number)
        if report.status == "failed":
            report = replace(report, seconds=running.seconds)
            self._log_failure(report)
        self._ended.append(report)

    def _bury(self, number: int, died: Died) -> None:
        """Give the source of a worker that has ended to another one, once."""
        running = self._running[number]
        source = running.task.source
        is_done = self._is_done(source)  # it may just have ended
        if not is_done and running.attempt < ATTEMPTS:
            self._submit(number, running.task, running.attempt + 1)  # under the same lease
            return
        self._release(number)
        if is_done:
            done = _done_before(source, self._outputs.log.done[source.key])
            self._ended.append(replace(done, error=self._outputs.standing(source).refusal))
        elif running.is_loading:
            raise WorkerError(
                f"the process that loads the model ended with {died.reason}, twice"
                f"{_quoted(died.last_words)}"
            )
        else:
            text = f"the process that annotated it ended with {died.reason}, twice"
            self._fail(source, CrashError(text), running.seconds, died.last_words)

    def _is_done(self, source: Source) -> bool:
        try:
            return self._outputs.standing(source).is_done
        except (OSError, VidexprError):
            return False

    def _watch(self) -> None:
        """End workers that take too long, or too much."""
        if monotonic() - self._watched < TICK_SECONDS:
            return
        self._watched = monotonic()
        for number, running in tuple(self._running.items()):
            still = monotonic() - running.moved
            error: WorkerError | None = self._limits.stall(still, running.is_loading)
            if error is None and self._limits.memory_bytes is not None:
                error = self._limits.excess(self._pool.memory_bytes(number))
            if error is not None:
                self._end_worker(number, error)

    def _end_worker(self, number: int, error: WorkerError) -> None:
        self._pool.kill(number)
        running = self._running[number]
        self._outputs.clear(running.task.source)
        self._release(number)
        self._fail(running.task.source, error, running.seconds)

    def _release(self, number: int) -> _Running:
        running = self._running.pop(number)
        if running.task.lease is not None:
            self._leases.release(running.task.lease)
        return running

    def _fail(
        self, source: Source, error: Exception, seconds: float = 0.0, last_words: str = ""
    ) -> None:
        report = failure(Report, source, error)
        report = replace(report, seconds=seconds, trace=last_words or report.trace)
        self._log_failure(report)
        self._ended.append(report)

    def _log_failure(self, report: Report) -> None:
        """Log a failure; end the batch where all that comes would fail alike."""
        folder = self._outputs.folder
        try:
            self._outputs.fail(report.source, report.error, report.error_class, report.seconds)
        except OutputError as exc:
            self._stop(f"{exc}: nothing more can be written")
            return
        self._failures += 1
        most = self._limits.failures
        if report.error_class == "OutputError" and not folder.has_room():
            self._stop(f"the disk of {folder} is full: make room")
        elif most is not None and self._failures >= most:
            self._stop(f"{self._failures} videos have failed (--max-failures {most})")

    def _stop(self, reason: str) -> None:
        left = len(self._waiting) + len(self._running) + len(self._elsewhere)
        noun = "video was" if left == 1 else "videos were"
        self.stopped = f"{reason}; {left} {noun} not annotated"


def annotate_sources(
    annotator: "Annotator", sources: Sequence[Source], outputs: Outputs
) -> Iterator[Report]:
    """Annotate sources in this process, one after another, and write the files of each.

    `Outputs.finish` writes those of the run. A crash, as of a decoder, ends this process.

    Args:
        annotator: with its model, detector and options.
        sources: what to annotate.
        outputs: where results go.

    Yields:
        One report a source, in order, as it comes.

    Raises:
        UsageError: the call itself is wrong, for every source.
    """

    def load(source: Source, tell: Tell) -> "Annotator":
        tell(Ready())
        return annotator

    return Batch(outputs, InProcess(outputs, load), annotator.options.people).run(sources)


def _failed_before(source: Source, outcome: Outcome) -> Report:
    error = f"{outcome.error} (as on {outcome.minute}; --retry-failed tries it again)"
    return Report(source, "failed", error=error, error_class=outcome.error_class)


def _done_before(source: Source, outcome: Outcome) -> Report:
    speed = outcome.frames / max(outcome.seconds, 1e-9)
    return Report(source, "done", frames=outcome.frames, frames_per_second=speed)


def _quoted(text: str) -> str:
    return f":\n{text.rstrip()}" if text.strip() else ""
