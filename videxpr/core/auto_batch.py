"""Batches through a network on a device whose memory may be too small for them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Tell = Callable[[str], None]
"""Called with a sentence that the user should read while work goes on."""


class AutoBatch:
    """Runs batches whole as long as they fit, and in parts from when the memory once ran out.

    What was learnt is kept: later batches are cut to the size that fitted, without another try.

    Attributes:
        largest: items that go through together at most; None as long as every batch fitted.
    """

    def __init__(self, work: str, tell: Tell | None = None) -> None:
        """Args:
        work: what is done, for the message, e.g. ``"detection"``.
        tell: called once, after the first batch that had to be cut has gone through.
        """
        self.largest: int | None = None
        self._work = work
        self._tell = tell
        self._told = False

    def run(
        self, items: Sequence[Item], network: Callable[[Sequence[Item]], Sequence[Answer]]
    ) -> list[Answer]:
        """The network's answers to all items, one each, in order.

        Args:
            items: a batch.
            network: computes a batch or a part of it; asked again, with less, if memory runs out.

        Raises:
            torch.OutOfMemoryError: not even one item fits.
        """
        answers: list[Answer] = []
        while len(answers) < len(items):
            part = items[len(answers) : len(answers) + (self.largest or len(items))]
            found = self._tried(part, network)
            if found is None:  # beyond the handler: until it ends, its traceback holds tensors
                torch.cuda.empty_cache()
                self.largest = len(part) // 2
            else:
                answers += found
        self._say_once()
        return answers

    def _tried(
        self, part: Sequence[Item], network: Callable[[Sequence[Item]], Sequence[Answer]]
    ) -> Sequence[Answer] | None:
        """Predictions to a part; None if the memory was too small for it."""
        try:
            return network(part)
        except torch.OutOfMemoryError:
            if len(part) == 1:
                raise
            return None

    def _say_once(self) -> None:
        if self.largest is None or self._told or self._tell is None:
            return
        self._told = True
        together = "one at a time" if self.largest == 1 else f"at most {self.largest} together"
        self._tell(
            f"the device's memory is too small for the batch: {self._work} goes on with {together} "
            "(a smaller --batch-size fits from the beginning)"
        )
