"""Time that the stages of a pipeline take, each by itself."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal, TypeVar, get_args

StageName = Literal["decode", "detect", "align", "embed", "classify", "write"]
STAGES: Final[tuple[StageName, ...]] = get_args(StageName)
"""In the order of the pipeline."""

Item = TypeVar("Item")


@dataclass
class StageTimer:
    """Adds up the time and the work of each stage.

    A pipeline that has a timer runs its stages one after another in one thread, so that each has the
    machine to itself; without one they overlap.

    Attributes:
        seconds: of each stage so far.
        items: frames or faces that it has worked on.
    """

    seconds: dict[StageName, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    items: dict[StageName, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))

    def restart(self) -> None:
        """Forget all time and work."""
        self.seconds, self.items = dict.fromkeys(STAGES, 0.0), dict.fromkeys(STAGES, 0)

    @contextmanager
    def measure(self, stage: StageName, items: int = 0) -> Iterator[None]:
        """Add the time that a block takes for so many items."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += perf_counter() - begun
            self.items[stage] += items

    def measure_each(self, stage: StageName, items: Iterable[Item]) -> Iterator[Item]:
        """Yield items, and add the time that making them takes."""
        iterator, end = iter(items), object()
        while True:
            with self.measure(stage):
                item = next(iterator, end)
            if item is end:
                return
            self.items[stage] += 1
            yield item  # type: ignore[misc]


def measured(
    timer: StageTimer | None, stage: StageName, items: int = 0
) -> AbstractContextManager[None]:
    """Return what measures a block of code; without a timer it does nothing."""
    return nullcontext() if timer is None else timer.measure(stage, items)
