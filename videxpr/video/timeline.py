"""What is known of a video's frames while it is read, and their seconds: the only clock there is.

A file's times may be unknown, stand still or jump back. The clock begins at 0 and always rises: a step
that rises is taken as it is, any other is the median of the rising steps *before* it, so that the
seconds of a frame never depend on what follows and a video can be read as a stream.
"""

import math
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Times


@dataclass
class Timeline:
    """What is known of a source's frames while it is read; 24 bytes a frame.

    Attributes:
        fps: frames a second to assume where the times tell nothing.
        first_frame: index of the first frame that was read.
        frame_size: displayed width and height of the last frame in pixels.
        pts_seconds: the frames' times; NaN where they have none.
        seconds: their times on a clock that always rises, from 0.
        shots: 0-based number of each frame's shot.
        odd_steps: frames that have no time, or one that does not rise.
        decode_errors: damaged packets and frames.
        decoder_note: why the CPU decoded although a GPU could have been taken; None if it did not.
        container_start_seconds: time of the file's earliest sound or picture, at which players count 0.
        stream: number of the stream that was read, among the file's video streams.
        video_warnings: what a user should know of how the video was read.
    """

    fps: float = 30.0
    first_frame: int = 0
    frame_size: tuple[int, int] = (0, 0)
    pts_seconds: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    shots: "array[int]" = field(default_factory=lambda: array("q"))
    odd_steps: int = 0
    decode_errors: int = 0
    decoder_note: str | None = None
    container_start_seconds: float = 0.0
    stream: int = 0
    video_warnings: list[str] = field(default_factory=list)
    _good_steps: Counter[float] = field(default_factory=Counter)
    _last_duration: float = math.nan

    def __len__(self) -> int:
        return len(self.pts_seconds)

    @property
    def last_frame_seconds(self) -> float:
        """For how long the last frame is shown: as the file states it, else the median of the steps."""
        if self._last_duration > 0:
            return self._last_duration
        return median(self._good_steps) if self._good_steps else 1 / self.fps

    def add(
        self,
        index: int,
        pts_seconds: float,
        shot: int,
        frame_size: tuple[int, int],
        duration_seconds: float = math.nan,
    ) -> float:
        """Add a frame; return its seconds, which always rise.

        Args:
            index: of the frame, one more than that of the frame before.
            pts_seconds: its time in the file; NaN if it has none.
            shot: 0-based number of its shot.
            frame_size: its displayed width and height in pixels.
            duration_seconds: for which it is shown; NaN if the file does not say.
        """
        if not self.pts_seconds:
            self.first_frame = index
        self.frame_size = frame_size
        self._last_duration = duration_seconds
        seconds = self._next_seconds(pts_seconds)
        self.pts_seconds.append(pts_seconds)
        self.seconds.append(seconds)
        self.shots.append(shot)
        return seconds

    def add_untimed(self, count: int) -> None:
        """Add frames of one shot that have no times."""
        self.pts_seconds = array("d", [math.nan]) * count
        self.seconds = array("d", (frame / self.fps for frame in range(count)))
        self.shots = array("q", [0]) * count

    def times(self, frames: NDArray[np.int64]) -> Times:
        """Return the seconds of frames, whose indices must rise; nothing else is looked at."""
        first, end = frames[0] - self.first_frame, frames[-1] + 1 - self.first_frame
        seconds: Times = np.array(self.seconds[first:end])[frames - frames[0]]
        return seconds

    def _next_seconds(self, pts_seconds: float) -> float:
        if not self.seconds:
            self.odd_steps += math.isnan(pts_seconds)
            return 0.0
        step = pts_seconds - self.pts_seconds[-1]
        if step > 0:
            self._good_steps[step] += 1
        else:
            self.odd_steps += 1
            step = median(self._good_steps) if self._good_steps else 1 / self.fps
        return self.seconds[-1] + step


def median(counts: Mapping[float, int]) -> float:
    """Return the median of numbers, at least one: the mean of the two in the middle, or the one.

    Args:
        counts: how often each number came; few are distinct, however long a video is.
    """
    numbers = sorted(counts)
    ends = np.cumsum([counts[number] for number in numbers])
    low, high = np.searchsorted(ends, [(ends[-1] - 1) // 2, ends[-1] // 2], side="right")
    return float(numbers[low] + numbers[high]) / 2
