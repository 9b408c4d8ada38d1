"""Frames of a video that are kept in memory, so that stages after decoding can be measured alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.core.errors import SourceError
from videxpr.core.structures import Image
from videxpr.video.reader import Video

KEPT_FRAMES: Final = 256
KEPT_BYTES: Final = 1 << 29
"""No more of either is kept, but one stretch is in any case."""


@dataclass(frozen=True)
class Sample:
    """Some frames of a video, and what the whole of it is.

    Attributes:
        frames: of the whole video.
        codec: FFmpeg's name of it.
        stretches: the frames kept: runs of successive frames, evenly spread over the video.
    """

    frames: int
    codec: str
    stretches: tuple[tuple[Image, ...], ...]

    @property
    def images(self) -> int:
        """The number of frames kept."""
        return sum(map(len, self.stretches))


def take_sample(path: Path, length: int) -> Sample:
    """Decode a video twice: to count its frames, and to keep some, in stretches of that length.

    Raises:
        SourceError: it is missing, cannot be opened, or gives no frame.
    """
    frames, largest = 0, 0
    with Video(path) as video:
        codec = video.info.codec
        for frame in video:
            frames, largest = frames + 1, max(largest, frame.image.nbytes)
    if frames == 0:
        raise SourceError(f"no frame of {path} could be decoded")
    kept = min(KEPT_FRAMES, KEPT_BYTES // largest)
    return Sample(frames, codec, _kept(path, stretch_starts(frames, kept, length), length))


def stretch_starts(frames: int, kept: int, length: int) -> list[int]:
    """First frames of the stretches to keep: all if there are few, else evenly spread, at least one."""
    if frames <= max(kept, length):
        return list(range(0, frames, length))
    spread = np.linspace(0, frames - length, max(1, kept // length))
    return [int(first) for first in spread]


def _kept(path: Path, starts: list[int], length: int) -> tuple[tuple[Image, ...], ...]:
    place = {first + n: which for which, first in enumerate(starts) for n in range(length)}
    stretches: list[list[Image]] = [[] for _ in starts]
    with Video(path) as video:
        for frame in video:
            if frame.index in place:
                stretches[place[frame.index]].append(frame.image)
            if frame.index >= starts[-1] + length:
                break
    return tuple(map(tuple, stretches))
