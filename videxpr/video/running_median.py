"""The median of numbers that come one by one, of which many are alike."""

from bisect import insort
from dataclasses import dataclass, field


@dataclass
class RunningMedian:
    """Counts of distinct numbers; it grows with how many are distinct, not with how many come.

    Attributes:
        distinct: the numbers, rising.
        counts: how often each came.
    """

    distinct: list[float] = field(default_factory=list)
    counts: dict[float, int] = field(default_factory=dict)

    def add(self, number: float) -> None:
        """Take another number."""
        if number not in self.counts:
            insort(self.distinct, number)
        self.counts[number] = self.counts.get(number, 0) + 1

    def median(self, default: float) -> float:
        """The mean of the two in the middle, or the one; `default` if none has come."""
        count = sum(self.counts.values())
        if count == 0:
            return default
        return (self._at((count - 1) // 2) + self._at(count // 2)) / 2

    def _at(self, place: int) -> float:
        """The number at a place if all stood in order, those alike side by side."""
        for number in self.distinct:
            place -= self.counts[number]
            if place < 0:
                return number
        raise IndexError(f"there are not {place} more numbers")
