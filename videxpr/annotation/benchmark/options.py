"""What is measured, and how often."""

from dataclasses import MISSING, dataclass, field
from pathlib import Path

from videxpr.annotation.options import AnnotationOptions
from videxpr.core.option import check_ranges, option
from videxpr.core.options import RunOptions
from videxpr.model.options import ModelOptions


@dataclass(frozen=True)
class BenchmarkCommand:
    """Everything that ``videxpr benchmark`` takes.

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
        5,
        "Runs of the stages and of the pipeline, after one to warm up.",
        least=1,
        panel="Running",
    )
    json: Path | None = option(
        None,
        "Every figure as JSON; - is standard output, and then nothing else goes there.",
        metavar="FILE|-",
        default_text="none",
        panel="Running",
    )
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        check_ranges(self)
