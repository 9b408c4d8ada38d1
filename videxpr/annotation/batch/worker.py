"""What works on one video after another: in this process, in a watched one, or on another machine."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Final

from videxpr.annotation.fingerprint import Setup, modified_ns
from videxpr.annotation.leases import Held, LeaseLostError
from videxpr.annotation.options import AnnotateCommand
from videxpr.annotation.summary import MainPerson, label_strip, main_people
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import SourceError, UsageError, VidexprError
from videxpr.model.hub.resolve import ModelFile
from videxpr.video.jobs import JobResult, failure
from videxpr.video.sources import Source

if TYPE_CHECKING:  # it brings torch, which a run with nothing to do does without
    from videxpr.annotation.annotator import Annotator

SHOWN_SECONDS: Final = 0.1
"""Progress is told no more often than people can see it."""


@dataclass(frozen=True)
class Report(JobResult):
    """What became of one source.

    Attributes:
        people: who has rank 0 in it; nobody if no face was found.
        seconds: that it took.
        strip: label of whoever has rank 0 in each part of it; empty if it was not annotated now.
    """

    people: tuple[MainPerson, ...] = ()
    seconds: float = 0.0
    strip: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Job:
    """What every worker of a run is told.

    Attributes:
        command: the call, without its sources.
        models: the files that answer together.
        setup: what annotations are made with.
        threads: of each network on the CPU.
        number: of the worker, from 0; GPUs are shared out by it.
        has_videos: whether a detector is needed.
        has_crops: whether there are sources without times.
    """

    command: AnnotateCommand
    models: tuple[ModelFile, ...]
    setup: Setup
    threads: int
    number: int = 0
    has_videos: bool = True
    has_crops: bool = False


@dataclass(frozen=True)
class Task:
    """A source to annotate.

    Attributes:
        source: which.
        reason: why it is made although something was there.
        lease: that must be held in the end.
    """

    source: Source
    reason: str = ""
    lease: Held | None = None


@dataclass(frozen=True)
class Loading:
    """The worker begins to load models."""


@dataclass(frozen=True)
class Ready:
    """The models are loaded.

    Attributes:
        introduction: which, and where they run, in words.
        warnings: what a user should know before the first number.
    """

    introduction: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advanced:
    """Frames were annotated.

    Attributes:
        completed: so far.
        total: that are expected; 0 if unknown.
    """

    completed: int
    total: int


@dataclass(frozen=True)
class Said:
    """Something that people should read.

    Attributes:
        text: in a line.
    """

    text: str


@dataclass(frozen=True)
class Lost:
    """Another run has taken the source over; nothing was written."""


@dataclass(frozen=True)
class Refused:
    """Nothing can begin.

    Attributes:
        error: why.
    """

    error: VidexprError


@dataclass(frozen=True)
class Died:
    """The worker has ended, and was not asked to.

    Attributes:
        reason: the signal's name, or its exit code.
        last_words: the end of what it wrote on standard error.
    """

    reason: str
    last_words: str = ""


Message = Loading | Ready | Advanced | Said | Lost | Refused | Died | Report
Tell = Callable[[Message], object]


class VideoWorker:
    """Annotates sources and writes their files; models are loaded when the first one asks for it."""

    def __init__(
        self, outputs: Outputs, load: "Callable[[Source, Tell], Annotator]", tell: Tell
    ) -> None:
        """Make ready.

        Args:
            outputs: where results go.
            load: loads models and detector for the first source that can be read.
            tell: takes what is to be known on the way.
        """
        self._outputs = outputs
        self._load = load
        self._tell = tell
        self._told = 0.0
        self._annotator: Annotator | None = None

    def work(self, task: Task) -> Report | Lost | Refused:
        """Annotate a source, and write its files; whatever goes wrong is its failure."""
        try:
            return self._annotate(task)
        except UsageError as exc:
            return Refused(exc)
        except LeaseLostError:
            return Lost()
        except _LoadError as exc:
            return Refused(exc.error)
        except Exception as exc:
            return failure(Report, task.source, exc)

    def _annotate(self, task: Task) -> Report:
        source, modified = task.source, modified_ns(task.source)
        annotator, begun = self._loaded(source), perf_counter()
        annotation = annotator.annotate(source, self._advance)
        written = self._outputs.write(
            source, annotation, modified, perf_counter() - begun, task.lease
        )
        seconds = perf_counter() - begun
        return Report(
            source=source,
            status="done",
            error=written.refusal,
            warnings=(*annotation.warnings, *written.notes, *filter(None, [task.reason])),
            frames=len(annotation),
            frames_per_second=len(annotation) / seconds,
            people=main_people(annotation),
            seconds=seconds,
            strip=label_strip(annotation),
        )

    def _loaded(self, source: Source) -> "Annotator":
        if self._annotator is None:
            try:
                self._annotator = self._load(source, self._tell)
            except SourceError:
                raise  # the next one may be readable
            except VidexprError as exc:
                raise _LoadError(exc) from exc
        return self._annotator

    def _advance(self, completed: int, total: int) -> None:
        if monotonic() - self._told > SHOWN_SECONDS or completed == total:
            self._told = monotonic()
            self._tell(Advanced(completed, total))


class _LoadError(Exception):
    """Models or detector cannot be used: no source can be annotated."""

    def __init__(self, error: VidexprError) -> None:
        super().__init__(str(error))
        self.error = error


def load(job: Job, source: Source, tell: Tell) -> "Annotator":
    """Load what a job names, and tell so.

    Args:
        job: with models and options.
        source: for which; if it cannot be opened, nothing is loaded.
        tell: takes that it begins, and that it has ended.

    Raises:
        SourceError: the source cannot be opened.
        CheckpointError, DetectorError, DeviceError, UsageError: models or detector cannot be used.
    """
    if source.kind == "video":
        from videxpr.video.container import open_video

        open_video(source.path).container.close()
    tell(Loading())
    from videxpr.annotation.introduction import introduction, warnings
    from videxpr.annotation.load import load_annotator
    from videxpr.core.config import record
    from videxpr.core.device import resolve_device, shared_out

    command = job.command
    annotator = load_annotator(
        job.models,
        command.annotation,
        str(resolve_device(shared_out(command.run.device, job.number))),
        job.threads,
        keep_features="features" in command.output.written,
        stated=record(command.output, results_only=True),
    )
    lines = warnings(command, annotator, has_videos=job.has_videos, has_crops=job.has_crops)
    tell(Ready(introduction(annotator, job.has_videos), tuple(lines)))
    return annotator
