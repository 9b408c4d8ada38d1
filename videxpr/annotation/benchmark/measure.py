"""Measures videos: stages one after another in this process, the whole pipeline in one of its own.

Both annotate as ``videxpr annotate`` does, with its own classes. A process of its own is what makes
the pipeline's peak memory nobody else's.
"""

import multiprocessing
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
import torch

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.batch.run import annotate_sources
from videxpr.annotation.benchmark.figures import (
    BenchmarkReport,
    PipelineFigures,
    Speed,
    StageFigures,
    VideoFigures,
)
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.annotation.fingerprint import modified_ns
from videxpr.annotation.load import load_annotator
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import SourceError, VidexprError
from videxpr.core.memory import peak_memory_bytes
from videxpr.core.remote import Location
from videxpr.core.stage_timer import STAGES, StageTimer
from videxpr.core.threads import stage_threads
from videxpr.formats.record import Annotation
from videxpr.model.hub.resolve import ModelFile
from videxpr.video.jobs import run_jobs
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video
from videxpr.video.sources import Source

SHORTEST_RUN_SECONDS: Final = 0.2
"""Work that takes less is repeated within a run: a clock's grain and one late wake-up weigh nothing."""

STEADY_SPREAD: Final = 0.1
"""Runs of one pipeline on an idle machine differ by less."""


def measure_videos(
    command: BenchmarkCommand,
    sources: Sequence[Source],
    models: Sequence[ModelFile],
    annotator: Annotator,
    timer: StageTimer,
) -> Iterator[BenchmarkReport]:
    """Measure one video after another.

    Args:
        command: how, and how often.
        sources: the videos.
        models: the files, for processes that load them again.
        annotator: made of them, whose stages are measured.
        timer: that it has.

    Yields:
        One report a source, in order.
    """
    device = annotator.device

    def work(source: Source) -> BenchmarkReport:
        if source.kind == "missing":
            raise SourceError(source.problem)
        if source.kind == "crops":
            raise SourceError(f"{source.path} holds crops; name a video, which has all stages")
        whole = run_pipeline(source, models, command, str(device))
        annotation, stages = measure_stages(source, annotator, timer, command.runs)
        look = _look_of(source.path, annotator.options.faces.decoding.stream)
        figures = VideoFigures(*look, stages, device.type != "cpu", whole)
        return BenchmarkReport(
            source,
            "done",
            warnings=(*annotation.warnings, *_warnings(figures)),
            frames=figures.frames,
            frames_per_second=whole.speed.frames_per_second,
            figures=figures,
        )

    return run_jobs(sources, work, BenchmarkReport, lambda source, error: None)


def measure_stages(
    source: Source, annotator: Annotator, timer: StageTimer, runs: int
) -> tuple[Annotation, tuple[StageFigures, ...]]:
    """Measure every stage of annotating a video and writing its files.

    Args:
        source: the video.
        annotator: that `timer` measures.
        timer: whose figures are replaced.
        runs: how many count, after one to warm up.

    Returns:
        What was annotated, and the stages in the order of the pipeline.
    """
    with tempfile.TemporaryDirectory(prefix="videxpr-") as folder:
        fresh = (Path(folder) / str(number) for number in count())

        def work() -> Annotation:
            annotation = annotator.annotate(source)
            with timer.measure("write", len(annotation)):
                write_results(source, annotation, next(fresh))
            timer.items["classify"] += int(np.count_nonzero(~annotation.faces.bridged))
            return annotation

        annotation = work()
        seconds = []
        for _ in range(runs):
            timer.restart()
            passes, _ = _repeat(work, perf_counter)
            seconds.append({name: timer.seconds[name] / passes for name in STAGES})
    stages = []
    for name in STAGES:
        items = timer.items[name] // passes
        speed = Speed(len(annotation), tuple(one[name] for one in seconds)) if items else None
        stages.append(StageFigures(name, items, speed))
    return annotation, tuple(stages)


def run_pipeline(
    source: Source, models: Sequence[ModelFile], command: BenchmarkCommand, device: str
) -> PipelineFigures:
    """Annotate a video again and again in a fresh process, its results in a temporary folder.

    Args:
        source: the video.
        models: the files that answer together.
        command: how, and how often.
        device: where networks run.

    Raises:
        SourceError: the video cannot be annotated, or the process ends early.
        VidexprError: whatever else hinders an annotation.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="videxpr-") as folder:
        task = (sender, Path(folder), source, models, command, device)
        child = context.Process(target=_answer, args=task, daemon=True)
        child.start()
        sender.close()  # else the end of the child would not be the end of the pipe
        try:
            answer: PipelineFigures | VidexprError = receiver.recv()
        except EOFError:
            child.join()
            raise SourceError(
                f"the process that annotated {source.path} ended early (exit code "
                f"{child.exitcode}); was there enough memory?"
            ) from None
        finally:  # also when the user stops the run
            child.terminate()
            child.join()
            receiver.close()
    if isinstance(answer, VidexprError):
        raise answer
    return answer


def write_results(source: Source, annotation: Annotation, folder: Path) -> None:
    """Write what `annotate` writes by default, into a folder without earlier results."""
    outputs = Outputs(OutputOptions(folder))
    outputs.write(source, annotation, modified_ns(source))
    outputs.finish()


def timed(
    work: Callable[[], object], runs: int, clock: Callable[[], float] = perf_counter
) -> tuple[float, ...]:
    """Return the seconds of some work done once, one value a run; there is no warm-up."""
    found = (_repeat(work, clock) for _ in range(runs))
    return tuple(seconds / times for times, seconds in found)


def _answer(
    pipe: Connection,
    folder: Path,
    source: Source,
    models: Sequence[ModelFile],
    command: BenchmarkCommand,
    device: str,
) -> None:
    """Run in the process; a bug in it keeps its traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    warnings.simplefilter("ignore")

    def annotate() -> int:
        """As ``videxpr annotate`` does it, into a folder without earlier results."""
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            outputs = Outputs(OutputOptions(Path(fresh)))
            (report,) = annotate_sources(annotator, [source], outputs)
            if report.status == "failed":
                raise SourceError(report.error)
            outputs.finish()
        return report.frames

    try:
        annotator = load_annotator(models, command.annotation, device, stage_threads())
        speed = Speed(annotate(), timed(annotate, command.runs))
        on_gpu = annotator.device.type == "cuda"
        taken = torch.cuda.max_memory_allocated(annotator.device) if on_gpu else None
        pipe.send(PipelineFigures(speed, peak_memory_bytes(), taken))
    except VidexprError as error:
        pipe.send(error)


def _repeat(work: Callable[[], object], clock: Callable[[], float]) -> tuple[int, float]:
    """Do some work until a run is long enough to be measured; how often, and how long it took."""
    begun = clock()
    times, seconds = 0, 0.0
    while times == 0 or seconds < SHORTEST_RUN_SECONDS:
        work()
        times += 1
        seconds = clock() - begun
    return times, seconds


def _look_of(path: Location, stream: int | None) -> tuple[int, int, str]:
    """Width and height of a video's first picture, and its codec."""
    with Video(path, DecodingOptions("cpu", stream=stream)) as video:
        height, width = next(iter(video)).image.shape[:2]
        return width, height, video.codec


def _warnings(figures: VideoFigures) -> Iterator[str]:
    """Yield what a reader of the figures should know."""
    if figures.faces_per_frame == 0:
        yield "no face in the video: the bound leaves out what is done per face"
    spread = figures.pipeline.speed.spread
    if spread > STEADY_SPREAD:
        yield (
            f"the pipeline's runs differ by {spread:.0%}: something else ran on this machine, or the "
            "video is too short"
        )
