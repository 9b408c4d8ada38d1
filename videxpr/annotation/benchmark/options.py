"""What is measured, and how often."""

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Final

from videxpr.annotation.options import AnnotationOptions
from videxpr.core.option import check_ranges, option
from videxpr.core.options import RunOptions
from videxpr.model.options import ModelOptions

DEFAULT_RUNS: Final = 5


@dataclass(frozen=True)
class BenchmarkOptions:
    """What a user can choose about a benchmark.

    Attributes:
        annotate: how videos are annotated; what changes results changes speed.
        runs: how often each stage and the pipeline are measured, after one run that does not count.
    """

    annotate: AnnotationOptions = field(default_factory=AnnotationOptions)
    runs: int = option(
        DEFAULT_RUNS,
        "Runs of each stage and of the pipeline, after one to warm up.",
        least=1,
        panel="Running",
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class BenchmarkCommand:
    """Everything that ``videxpr benchmark`` takes.

    Attributes:
        videos: what is measured on.
        options: what is measured, and how often.
        model: which models answer.
        json: file for every figure; ``-`` is standard output; None writes none.
        run: where it computes, and what it says.
    """

    videos: tuple[str, ...] = option(
        MISSING,
        "Videos, folders (searched recursively), globs (also quoted), or @list.txt with one source a "
        "line. Ten seconds to a few minutes each are enough.",
        positional=True,
    )
    options: BenchmarkOptions = field(default_factory=BenchmarkOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    json: Path | None = option(
        None,
        "Every figure as JSON; - is standard output, and then nothing else goes there.",
        metavar="FILE|-",
        default_text="none",
        panel="Running",
    )
    run: RunOptions = field(default_factory=RunOptions)
