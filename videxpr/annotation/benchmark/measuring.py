"""Time and memory, measured."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Generic, TypeVar

SHORTEST_RUN_SECONDS: Final = 0.2
"""Work that takes less is repeated within a run: a clock's grain and one late wake-up weigh nothing."""

STATUS: Final = Path("/proc/self/status")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Measured(Generic[Result]):
    """What some work made, and how long it took.

    Attributes:
        made: by the warm-up.
        seconds: of the work done once, one value a run.
    """

    made: Result
    seconds: tuple[float, ...]


def measured(
    work: Callable[[], Result], runs: int, clock: Callable[[], float] = perf_counter
) -> Measured[Result]:
    """Do some work again and again: once to warm up, then in so many runs that count."""
    return Measured(work(), timed(work, runs, clock))


def timed(
    work: Callable[[], object], runs: int, clock: Callable[[], float] = perf_counter
) -> tuple[float, ...]:
    """Seconds of some work done once, one value a run; there is no warm-up."""
    return tuple(_run(work, clock) for _ in range(runs))


def _run(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds of the work done once, as the mean over a run that is long enough to be measured."""
    begun = clock()
    times, seconds = 0, 0.0
    while times == 0 or seconds < SHORTEST_RUN_SECONDS:
        work()
        times += 1
        seconds = clock() - begun
    return seconds / times


def peak_host_bytes() -> int | None:
    """The most memory that this process has held so far; None where the system does not tell."""
    if STATUS.is_file():
        # not getrusage: there a process begins with the peak of the one that started it
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
