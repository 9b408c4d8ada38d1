"""The whole pipeline, in a process of its own, so that its peak memory is nobody else's."""

import multiprocessing
import signal
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.batch import annotate_sources
from videxpr.annotation.benchmark.figures import PipelineFigures, Speed
from videxpr.annotation.benchmark.measuring import peak_host_bytes, timed
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.benchmark.stages import write_results
from videxpr.annotation.load import load_annotator
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.device import stage_threads
from videxpr.core.errors import SourceError, VidexprError
from videxpr.formats.record import Annotation
from videxpr.model.hub.resolve import ModelFile
from videxpr.video.sources import Source


@dataclass(frozen=True)
class PipelineRuns:
    """What a process tells of the runs in it.

    Attributes:
        annotation: of the video.
        figures: how fast it was made and written, and in how much memory.
    """

    annotation: Annotation
    figures: PipelineFigures


def run_pipeline(
    source: Source, models: Sequence[ModelFile], options: BenchmarkOptions, device: str
) -> PipelineRuns:
    """Annotate a video again and again in a fresh process, its results in a temporary folder.

    Raises:
        SourceError: the video cannot be annotated, or the process ends early.
        VidexprError: whatever else hinders an annotation.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="videxpr-") as folder:
        task = (sender, Path(folder), source, models, options, device)
        child = context.Process(target=_answer, args=task, daemon=True)
        child.start()
        sender.close()  # else the end of the child would not be the end of the pipe
        try:
            answer: PipelineRuns | VidexprError = receiver.recv()
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


def _answer(
    pipe: Connection,
    folder: Path,
    source: Source,
    models: Sequence[ModelFile],
    options: BenchmarkOptions,
    device: str,
) -> None:
    """What the process does; a bug in it keeps its traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    warnings.simplefilter("ignore")
    answer: PipelineRuns | VidexprError
    try:
        annotator = load_annotator(models, options.annotate, device, stage_threads())
        answer = _runs(annotator, source, options.runs, folder)
    except VidexprError as error:
        answer = error
    pipe.send(answer)


def _runs(annotator: Annotator, source: Source, runs: int, folder: Path) -> PipelineRuns:
    annotation = annotator.annotate(source)  # this, and writing it, are the warm-up
    write_results(source, annotation, folder / "warm-up")
    seconds = timed(lambda: _annotate(annotator, source, folder), runs)
    device = annotator.checkpoints[0].model.device
    figures = PipelineFigures(
        speed=Speed(len(annotation), seconds),
        host_bytes=peak_host_bytes(),
        device_bytes=torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None,
    )
    return PipelineRuns(annotation, figures)


def _annotate(annotator: Annotator, source: Source, folder: Path) -> None:
    """As ``videxpr annotate`` does it, into a folder without earlier results."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        outputs = Outputs(OutputOptions(Path(fresh)))
        for report in annotate_sources(annotator, [source], outputs):
            if report.status == "failed":
                raise SourceError(report.error)
        outputs.finish()
