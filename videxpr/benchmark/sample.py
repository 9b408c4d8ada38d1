"""Frames of a video that are kept in memory, so that stages after decoding can be measured alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.errors import SourceError
from videxpr.structures import Image
from videxpr.video import Video

KEPT_FRAMES: Final = 256
KEPT_BYTES: Final = 1 << 29
"""No more of either is kept, but one batch is in any case, as it is while a video is annotated."""


@dataclass(frozen=True)
class Sample:
    """Some frames of a video, and what the whole of it is.

    Attributes:
        frames: of the whole video.
        codec: FFmpeg's name of it.
        batches: the frames kept: runs of successive frames, evenly spread over the video, each as
            long as the batches in which the pipeline looks for faces.
    """

    frames: int
    codec: str
    batches: tuple[tuple[Image, ...], ...]

    @property
    def images(self) -> int:
        """The number of frames kept."""
        return sum(map(len, self.batches))


def take_sample(path: Path, batch_size: int) -> Sample:
    """Decode a video twice: to count its frames, and to keep some.

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
    return Sample(frames, codec, _kept(path, batch_starts(frames, kept, batch_size), batch_size))


def batch_starts(frames: int, kept: int, batch_size: int) -> list[int]:
    """First frames of the batches to keep: all if there are few, else evenly spread, at least one."""
    if frames <= max(kept, batch_size):
        return list(range(0, frames, batch_size))
    spread = np.linspace(0, frames - batch_size, max(1, kept // batch_size))
    return [int(first) for first in spread]


def _kept(path: Path, starts: list[int], batch_size: int) -> tuple[tuple[Image, ...], ...]:
    place = {first + n: which for which, first in enumerate(starts) for n in range(batch_size)}
    batches: list[list[Image]] = [[] for _ in starts]
    with Video(path) as video:
        for frame in video:
            if frame.index in place:
                batches[place[frame.index]].append(frame.image)
            if frame.index >= starts[-1] + batch_size:
                break
    return tuple(map(tuple, batches))
