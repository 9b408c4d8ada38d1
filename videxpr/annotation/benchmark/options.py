"""What is measured, and how often."""

from dataclasses import dataclass, field
from typing import Final

from videxpr.annotation.options import AnnotateOptions
from videxpr.core.errors import UsageError

DEFAULT_RUNS: Final = 5


@dataclass(frozen=True)
class BenchmarkOptions:
    """What a user can choose about a benchmark.

    Attributes:
        annotate: how videos are annotated; what changes results changes speed.
        runs: how often each stage and the pipeline are measured, after one run that does not count.
    """

    annotate: AnnotateOptions = field(default_factory=AnnotateOptions)
    runs: int = DEFAULT_RUNS

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise UsageError(f"the number of runs is at least 1, not {self.runs}")
