"""When a batch gives up a worker, or all that is left."""

from dataclasses import dataclass
from typing import Final

from videxpr.annotation.batch.start import count_workers
from videxpr.annotation.options import AnnotateCommand
from videxpr.core.errors import MemoryLimitError, StallError
from videxpr.core.memory import available_bytes

MEMORY_SHARE: Final = 0.8

LOADING_SECONDS: Final = 1800.0
"""Models that are not loaded by then never will be."""


@dataclass(frozen=True)
class Limits:
    """When a batch gives something up.

    Attributes:
        stall_seconds: without a frame, after which a video has failed.
        memory_bytes: that a worker may hold; None for no limit.
        failures: after which the batch ends; None for no limit.
    """

    stall_seconds: float = float("inf")
    memory_bytes: int | None = None
    failures: int | None = None

    def stall(self, seconds: float, is_loading: bool) -> StallError | None:
        """Return why a worker is ended that has told nothing for so long; None if it is not."""
        longest = LOADING_SECONDS if is_loading else self.stall_seconds
        if seconds <= longest:
            return None
        return StallError(
            f"no frame came for {seconds:.0f} s (--timeout {longest:g}), so it was ended"
        )

    def excess(self, held_bytes: int) -> MemoryLimitError | None:
        """Return why a worker is ended that holds so much memory; None if it is not."""
        if self.memory_bytes is None or held_bytes <= self.memory_bytes:
            return None
        return MemoryLimitError(
            f"it took {held_bytes / 1e9:.1f} GB of memory, and a worker may take "
            f"{self.memory_bytes / 1e9:.1f} (--memory-limit), so it was ended; take fewer workers (-j) "
            "or a machine with more"
        )


def find_limits(command: AnnotateCommand) -> Limits:
    """Return when a call gives something up."""
    batch, workers = command.batch, max(1, count_workers(command))
    # what is free on machines of a cluster is not known here; there Ray itself ends the largest
    share = None if batch.ray_address else int(MEMORY_SHARE * available_bytes() / workers)
    return Limits(batch.timeout_seconds, batch.memory_bytes or share, batch.max_failures)
