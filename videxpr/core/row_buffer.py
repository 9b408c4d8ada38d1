"""Rows of numbers that are added as they come: four bytes a number, and nothing else."""

from array import array

import numpy as np

from videxpr.core.structures import Floats


class RowBuffer:
    """Rows of so many single-precision numbers each.

    What they take grows with them by a sixteenth at a time, in place where the system can. All that
    is read from them is a copy.
    """

    def __init__(self, width: int) -> None:
        """Begin empty.

        Args:
            width: numbers in a row, at least 1.
        """
        self._width = width
        self._numbers = array("f")

    def __len__(self) -> int:
        return len(self._numbers) // self._width

    def add(self, rows: Floats) -> None:
        """Add rows (T, width) at the end, or one (width,).

        Raises:
            ValueError: they are of another width.
        """
        if rows.shape[-1] != self._width:
            raise ValueError(f"rows have {self._width} numbers, not {rows.shape[-1]}")
        self._numbers.frombytes(np.ascontiguousarray(rows, np.float32).tobytes())

    def row(self, position: int) -> Floats:
        """Return one row (width,); from -1 downwards counted from the end.

        Raises:
            IndexError: there is no such row.
        """
        place = range(len(self))[position]
        return self._slice(place, place + 1).reshape(-1)

    @property
    def values(self) -> Floats:
        """Return all rows (T, width)."""
        return self._slice(0, len(self))

    def _slice(self, first: int, end: int) -> Floats:
        numbers = self._numbers[first * self._width : end * self._width]
        return np.frombuffer(numbers, np.float32).reshape(-1, self._width)
