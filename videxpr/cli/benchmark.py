"""``videxpr benchmark``: how fast each stage and the whole pipeline are on this machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.options import DEFAULT_MODEL
from videxpr.cli.face_options import Decoder, DetectEvery, DetectorDir, DetectorName, Device
from videxpr.cli.model_choice import FORMS, METAVAR

DEFAULT = BenchmarkOptions()


def benchmark(
    videos: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders (searched recursively), globs (also quoted), or @list.txt with one "
            "source a line. Ten seconds to a few minutes each are enough."
        ),
    ],
    device: Device = "auto",
    detector: DetectorName = DEFAULT.annotate.detection.detector,
    detector_dir: DetectorDir = None,
    min_face: Annotated[
        float, typer.Option(metavar="PIXELS", help="Smallest face, shorter side.")
    ] = DEFAULT.annotate.detection.min_face,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Least confidence of a face, 0 to 1.  \\[default: 0.5 with scrfd, 0.9 with mtcnn]"
        ),
    ] = None,
    people: Annotated[
        Literal["1", "2", "all"], typer.Option(help="How many persons of a shot are annotated.")
    ] = "1",
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar=METAVAR,
            help=f"Expression weights: {FORMS}; repeatable.  \\[default: {DEFAULT_MODEL}]",
        ),
    ] = None,
    stride: Annotated[
        int, typer.Option(help="Frames between the starts of two windows.")
    ] = DEFAULT.annotate.windows.stride,
    decoder: Decoder = DEFAULT.annotate.decoding.decoder,
    detect_every: DetectEvery = DEFAULT.annotate.search.detect_every,
    batch_size: Annotated[
        int, typer.Option(help="Frames that go through the networks together.")
    ] = DEFAULT.annotate.batch_size,
    runs: Annotated[
        int, typer.Option(help="Runs of each stage and of the pipeline, after one to warm up.")
    ] = DEFAULT.runs,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            help="Every figure as JSON; - is standard output, and then nothing else goes there.  "
            "\\[default: none]",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Say nothing but the tables and errors.  \\[default: off]",
        ),
    ] = False,
) -> None:
    """Measure each stage of the pipeline by itself, the bound that they set, and the whole of it.

    Efficiency is the pipeline's speed over the bound: on a CPU the stages share the cores, and the
    bound is 1 / sum(1 / stage); on a GPU they overlap, and it is the slowest stage. The videos are
    annotated into a temporary folder; nothing is kept but the figures.

    Exit code: 0 if all went well, 1 if a video failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).
    """
    from videxpr.cli.benchmark_run import BenchmarkRequest, run

    request = BenchmarkRequest(
        videos=videos,
        device=device,
        detector=detector,
        detector_dir=detector_dir,
        min_face=min_face,
        min_score=min_score,
        people=None if people == "all" else int(people),
        models=tuple(model or [DEFAULT_MODEL]),
        stride=stride,
        decoder=decoder,
        detect_every=detect_every,
        batch_size=batch_size,
        runs=runs,
        json=json,
        quiet=quiet,
    )
    raise typer.Exit(run(request))
