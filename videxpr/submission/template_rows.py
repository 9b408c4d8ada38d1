"""A template as columns, and where the rows of a file stand in it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.image_names import image_name
from videxpr.formats.predictions import Block

Integers = NDArray[np.int64]

FRAME_BITS: Final = 32
MOST_FRAMES: Final = 10**6
"""Of a mere list of names no video is believed to have more, whatever a file says."""


@dataclass(frozen=True)
class TemplateRows:
    """All R rows that a template wants, in its order.

    Attributes:
        names: of its V videos.
        video: (R,) index of each row's video.
        frame: (R,) its 0-based frame.
    """

    names: tuple[str, ...]
    video: Integers
    frame: Integers

    def __len__(self) -> int:
        return len(self.video)

    def text(self, first: int, count: int = 1) -> str:
        """Rows as they are written, e.g. ``a/00001.jpg`` or ``a/00001.jpg to b/00007.jpg``."""
        if count > 1:
            return f"{self.text(first)} to {self.text(first + count - 1)}"
        return f"{self.names[self.video[first]]}/{image_name(int(self.frame[first]))}"

    def positions(self, video: Integers, frame: Integers) -> Integers:
        """Which of the R rows each of N rows is, -1 for none; -1 in `video` is none too."""
        keys, wanted = self._keys(self.video, self.frame), self._keys(video, frame)
        order = np.argsort(keys, kind="stable")
        found = order[np.searchsorted(keys[order], wanted).clip(max=len(keys) - 1)]
        return np.where((keys[found] == wanted) & (video >= 0), found, -1)

    @staticmethod
    def _keys(video: Integers, frame: Integers) -> Integers:
        return (video << FRAME_BITS) | frame


def template_rows(template: Sequence[Block]) -> TemplateRows:
    """The rows of a template that has rows."""
    frames = [np.zeros(0, np.int64) if one.frames is None else one.frames for one in template]
    return TemplateRows(
        names=tuple(block.name for block in template),
        video=np.repeat(np.arange(len(template)), [len(one) for one in frames]),
        frame=np.concatenate(frames),
    )


def rows_of_names(names: Sequence[str], video: Integers, frame: Integers) -> TemplateRows:
    """The rows of a mere list of names: every frame up to the last that a file has of each."""
    counts = np.ones(len(names), np.int64)
    known = (video >= 0) & (frame < MOST_FRAMES)
    np.maximum.at(counts, video[known], frame[known] + 1)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return TemplateRows(
        names=tuple(names),
        video=np.repeat(np.arange(len(names)), counts),
        frame=np.arange(int(counts.sum())) - starts,
    )


def in_order(positions: Integers) -> NDArray[np.bool_]:
    """Which of N positions stand in order, so that as few as possible do not.

    Args:
        positions: (N,), -1 for rows that have none and are never in order.

    Returns:
        (N,), true along a longest rising subsequence.
    """
    rows = np.flatnonzero(positions >= 0)
    result = np.zeros(len(positions), np.bool_)
    if np.all(np.diff(positions[rows]) > 0):
        result[rows] = True
        return result
    lowest: list[int] = []  # the lowest end of a rising subsequence, by its length
    ends: list[int] = []  # and the row of that end
    before: dict[int, int] = {}
    for row, position in zip(rows.tolist(), positions[rows].tolist(), strict=True):
        length = bisect_left(lowest, position)
        if length < len(lowest) and lowest[length] == position:
            continue  # of equal ones the first stays
        lowest[length : length + 1] = [position]
        ends[length : length + 1] = [row]
        before[row] = ends[length - 1] if length else -1
    row = ends[-1]
    while row >= 0:
        result[row] = True
        row = before[row]
    return result


def runs(*columns: Integers) -> list[tuple[int, int]]:
    """Start and length of the stretches in which every column rises by one from row to row."""
    if len(columns[0]) == 0:
        return []
    steps = np.stack([np.diff(column) for column in columns])
    starts = np.concatenate([[0], np.flatnonzero((steps != 1).any(axis=0)) + 1])
    lengths = np.diff(np.append(starts, len(columns[0])))
    return list(zip(starts.tolist(), lengths.tolist(), strict=True))
