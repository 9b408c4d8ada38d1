"""What is measured, and how often."""

from dataclasses import MISSING, field
from pathlib import Path

from videxpr.annotation.options import AnnotationOptions
from videxpr.core.option import option, options
from videxpr.core.options import RunOptions
from videxpr.model.options import ModelOptions


@options("Running")
class BenchmarkCommand:
    """Measure each stage of the pipeline by itself, the bound that they set, and the whole of it.

    Efficiency is the pipeline's speed over the bound: on a CPU the stages share the cores, and the
    bound is 1 / sum(1 / stage); on a GPU they overlap, and it is the slowest stage. The videos are
    annotated into a temporary folder; nothing is kept but the figures.

    Exit code: 0 if all went well, 1 if a video failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).

    Examples:
        videxpr benchmark talk.mp4
        videxpr benchmark talk.mp4 --device cuda --batch-size 64 --json figures.json

    Attributes:
        videos: what is measured on.
        annotation: how videos are annotated; what changes results changes speed.
        model: which models answer.
        runs: how often stages and pipeline are measured, after one run that does not count.
        json: file for every figure; ``-`` is standard output; None writes none.
        run: where it computes, and what it says.
    """

    videos: tuple[str, ...] = option(
        MISSING,
        "Videos, folders (searched recursively), globs (also quoted), or @list.txt with one source a "
        "line. Ten seconds to a minute each are enough.",
        positional=True,
    )
    annotation: AnnotationOptions = field(default_factory=AnnotationOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    runs: int = option(
        5, "Runs of the stages and of the pipeline, after one to warm up.", least=1, panel="Running"
    )
    json: Path | None = option(
        None,
        "Every figure as JSON; - is standard output, and then nothing else goes there.",
        metavar="FILE|-",
        default_text="none",
        writes="file",
        panel="Running",
    )
    run: RunOptions = field(default_factory=RunOptions)
