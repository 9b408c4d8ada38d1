"""Annotations of many sources."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

from videxpr.annotation.fingerprint import modified_ns
from videxpr.annotation.summary import MainPerson, main_people
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import OutputError
from videxpr.core.parallel import ordered_map
from videxpr.formats.record import Annotation
from videxpr.video.jobs import JobResult, run_jobs
from videxpr.video.sources import Source, check_source

if TYPE_CHECKING:  # it brings torch, which a run with nothing to do does without
    from videxpr.annotation.annotator import Annotator
    from videxpr.faces.pipeline import Progress


@dataclass(frozen=True)
class Report(JobResult):
    """What became of one source.

    Attributes:
        people: who has rank 0 in it; nobody if no face was found.
    """

    people: tuple[MainPerson, ...] = ()


def annotate_sources(
    annotator: "Annotator | None",
    sources: Sequence[Source],
    outputs: Outputs,
    progress: "Callable[[Source], Progress] | None" = None,
    workers: int = 1,
) -> Generator[Report, None, None]:
    """Annotate sources and write the files of each; `Outputs.finish` writes those of the run.

    What is written is the same with any number of workers, and so is its order.

    Args:
        annotator: with its model, detector and options; None if all that can be read is done.
        sources: what to annotate.
        outputs: where results go.
        progress: called with each source that is begun, to get the callback for its frames.
        workers: how many sources are annotated at the same time, each in a thread; they are written one
            after another.

    Yields:
        One report a source, in order, as it comes.
    """
    people = annotator.options.people if annotator is not None else 1
    unwritable, stopped = outputs.unwritable(sources, people), Event()

    def annotate(source: Source) -> "_Made | None":
        """Return the annotation of a source; None if it is done."""
        check_source(source)
        if source in unwritable:
            raise OutputError(unwritable[source])
        standing = outputs.standing(source)
        if standing.is_done:
            return None
        begun, modified = perf_counter(), modified_ns(source)
        shown = progress(source) if progress else None

        def advance(completed: int, total: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            if shown is not None:
                shown(completed, total)

        if annotator is None:
            from videxpr.video.container import open_video  # a run with nothing to do does without

            open_video(source.path).container.close()  # says why nothing can be read of it
        assert annotator is not None, "there is something to do"
        annotation = annotator.annotate(source, advance)
        return _Made(annotation, modified, standing.reason, perf_counter() - begun)

    with closing(ordered_map(sources, annotate, workers)) as results:

        def work(source: Source) -> Report:
            made = next(results)()
            return Report(source, "skipped") if made is None else _write(source, made, outputs)

        try:
            yield from run_jobs(sources, work, Report, outputs.fail)
        finally:
            stopped.set()


class _StoppedError(Exception):
    """Ends the work on a source that nobody waits for any longer."""


@dataclass(frozen=True)
class _Made:
    """An annotation that is to be written.

    Attributes:
        annotation: of a source.
        modified_ns: when the source had been modified last, before it was read.
        reason: why it was made although something was there.
        seconds: that it took.
    """

    annotation: Annotation
    modified_ns: int
    reason: str
    seconds: float


def _write(source: Source, made: _Made, outputs: Outputs) -> Report:
    """Write the files of a source."""
    begun, annotation = perf_counter(), made.annotation
    notes = outputs.write(source, annotation, made.modified_ns, made.seconds)
    seconds = made.seconds + perf_counter() - begun
    return Report(
        source=source,
        status="done",
        warnings=(*annotation.warnings, *notes, *filter(None, [made.reason])),
        frames=len(annotation),
        frames_per_second=len(annotation) / seconds,
        people=main_people(annotation),
    )
