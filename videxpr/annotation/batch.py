"""Annotations of many sources."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event, Lock
from time import perf_counter
from typing import TYPE_CHECKING

from videxpr.annotation.collisions import find_collisions
from videxpr.annotation.summary import MainPerson, main_people, summary_rows
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import OutputError
from videxpr.core.parallel import ordered_map
from videxpr.faces.pipeline import Progress
from videxpr.formats.record import Annotation
from videxpr.video.jobs import JobResult, run_jobs
from videxpr.video.sources import Source, check_source

if TYPE_CHECKING:  # it brings torch, which a run with nothing to do does without
    from videxpr.annotation.annotator import Annotator


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
    progress: Callable[[Source], Progress] | None = None,
    workers: int = 1,
) -> Generator[Report, None, None]:
    """Annotate sources and write the files of each; `Outputs.finish` writes what is left of the run.

    What is written is the same with any number of workers, and so is its order.

    Args:
        annotator: with its model, detector and options; None if all files are known to be there.
        sources: what to annotate.
        outputs: where results go.
        progress: called with each source that is begun, to get the callback for its frames.
        workers: how many sources are annotated at the same time, each in a thread; they are written one
            after another.

    Yields:
        One report a source, in order, as it comes.
    """
    people = annotator.options.people if annotator is not None else 1
    collisions, stopped, looking = find_collisions(sources, people), Event(), Lock()

    def annotate(source: Source) -> tuple[Annotation, float] | None:
        """Return the annotation of a source and the seconds it took; None if its files are there."""
        check_source(source)
        if source in collisions:
            raise OutputError(collisions[source])
        with looking:
            if outputs.is_done(source):
                return None
        begun = perf_counter()
        shown = progress(source) if progress else None

        def advance(completed: int, total: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            if shown is not None:
                shown(completed, total)

        assert annotator is not None, "there is something to do"
        return annotator.annotate(source, advance), perf_counter() - begun

    with closing(ordered_map(sources, annotate, workers)) as results:

        def work(source: Source) -> Report:
            made = next(results)()
            return Report(source, "skipped") if made is None else _write(source, *made, outputs)

        try:
            yield from run_jobs(sources, work, Report, lambda row: outputs.summarize([row]))
        finally:
            stopped.set()


class _StoppedError(Exception):
    """Ends the work on a source that nobody waits for any longer."""


def _write(source: Source, annotation: Annotation, seconds: float, outputs: Outputs) -> Report:
    """Write the files of a source and its lines of the summary."""
    begun = perf_counter()
    notes = outputs.write(source, annotation)
    seconds += perf_counter() - begun
    report = Report(
        source=source,
        status="done",
        warnings=(*annotation.warnings, *notes),
        frames=len(annotation),
        frames_per_second=len(annotation) / seconds,
        people=main_people(annotation),
    )
    outputs.summarize(summary_rows(annotation, report.warnings, outputs.missing))
    return report
