"""Batches through a network on a device whose memory may be too small for them."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
LOGGER: Final = logging.getLogger(__name__)


class AutoBatch:
    """Runs batches whole as long as they fit, and in parts from when the memory once ran out.

    The size that fitted is kept: later batches are cut to it without another try. The first cut is
    logged as a warning.

    Attributes:
        largest: items that go through together at most; None as long as every batch fitted.
    """

    def __init__(self, work: str) -> None:
        """Begin with whole batches.

        Args:
            work: what is done, for the warning, e.g. ``"detection"``.
        """
        self.largest: int | None = None
        self._work = work
        self._warned = False

    def run(
        self, items: Sequence[Item], network: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> list[Result]:
        """Return the network's results for all items, one each, in order.

        Args:
            items: a batch.
            network: computes a batch or a part of it; called again, with less, if memory runs out.

        Raises:
            torch.OutOfMemoryError: not even one item fits.
        """
        results: list[Result] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + (self.largest or len(items))]
            found: Sequence[Result] | None = None
            try:
                found = network(part)
            except torch.OutOfMemoryError:
                if len(part) == 1:
                    raise
            if found is None:  # beyond the handler: until it ends, its traceback holds tensors
                torch.cuda.empty_cache()
                self.largest = len(part) // 2
            else:
                results += found
        if self.largest is not None and not self._warned:
            self._warned = True
            together = "one at a time" if self.largest == 1 else f"at most {self.largest} together"
            LOGGER.warning(
                "the device's memory is too small for the batch: %s goes on with %s "
                "(a smaller --batch-size fits from the beginning)",
                self._work,
                together,
            )
        return results
