"""Benchmarks of many videos."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.benchmark.figures import StageFigures, StageName, VideoFigures
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.benchmark.pipeline import run_pipeline
from videxpr.annotation.benchmark.sample import take_sample
from videxpr.annotation.benchmark.stages import measure_stages, stretch_length
from videxpr.core.errors import SourceError
from videxpr.model.hub.resolve import ModelFile
from videxpr.video.jobs import JobResult, run_jobs
from videxpr.video.sources import Source

STEADY_SPREAD: Final = 0.1
"""Runs of one pipeline on an idle machine differ by less."""

Begin = Callable[[Source, StageName | None], None]
"""Called with the video and the stage that is measured next; None is the whole pipeline."""


@dataclass(frozen=True)
class BenchmarkReport(JobResult):
    """What became of one video.

    Attributes:
        figures: all that was measured; None where that failed.
    """

    figures: VideoFigures | None = None


def benchmark_sources(
    tools: Annotator,
    models: Sequence[ModelFile],
    sources: Sequence[Source],
    options: BenchmarkOptions,
    begin: Begin = lambda source, stage: None,
) -> Iterator[BenchmarkReport]:
    """Measure one video after another.

    Args:
        tools: what the stages are made of, loaded.
        models: the files they came from, for processes that load them again.
        sources: the videos.
        options: what is measured.
        begin: called as the work goes on.

    Yields:
        One report a source, in order.
    """

    def work(source: Source) -> BenchmarkReport:
        return _measured(tools, models, source, options, begin)

    return run_jobs(sources, work, BenchmarkReport, lambda row: None)


def _measured(
    tools: Annotator,
    models: Sequence[ModelFile],
    source: Source,
    options: BenchmarkOptions,
    begin: Begin,
) -> BenchmarkReport:
    if source.kind == "missing":
        raise SourceError(f"nothing to measure at {source.path}: {source.problem}")
    if source.kind == "crops":
        raise SourceError(f"{source.path} holds crops; name a video, which has all stages")
    begin(source, None)
    sample = take_sample(source.path, stretch_length(tools))
    device = tools.checkpoints[0].model.device
    whole = run_pipeline(source, models, options, str(device))
    stages = measure_stages(
        source, sample, whole.annotation, tools, options.runs, lambda name: begin(source, name)
    )
    height, width = sample.stretches[0][0].shape[:2]
    figures = VideoFigures(
        frames=sample.frames,
        width=width,
        height=height,
        codec=sample.codec,
        sampled_frames=sample.images,
        faces=_faces(stages),
        stages=stages,
        overlap=device.type != "cpu",
        pipeline=whole.figures,
    )
    return BenchmarkReport(
        source,
        "done",
        warnings=tuple(_concerns(figures, whole.annotation.warnings)),
        frames=sample.frames,
        frames_per_second=whole.figures.speed.frames_per_second,
        figures=figures,
    )


def _faces(stages: Sequence[StageFigures]) -> int:
    """The faces found in the sample: each is aligned."""
    return next(one.items for one in stages if one.name == "align")


def _concerns(figures: VideoFigures, warnings: Sequence[str]) -> Iterator[str]:
    """What a reader of the figures should know."""
    yield from warnings
    if figures.faces == 0:
        yield "no face in the frames looked at: the bound leaves out what is done per face"
    spread = figures.pipeline.speed.spread
    if spread > STEADY_SPREAD:
        yield (
            f"the pipeline's runs differ by {spread:.0%}: something else ran on this machine, or the "
            "video is too short"
        )
