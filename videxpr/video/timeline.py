"""What is known of a video's frames while it is read."""

import math
from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Times
from videxpr.video.running_median import RunningMedian


@dataclass
class Timeline:
    """What is known of a source's frames while it is read; 24 bytes a frame.

    Attributes:
        fps: frames a second to assume where the times tell nothing.
        first_frame: index of the first frame that was read.
        picture: width and height of the last picture.
        pts_seconds: the frames' times; NaN where they have none.
        seconds: their times on a clock that always rises, from 0.
        shots: 0-based number of each frame's shot.
        odd_steps: frames that have no time, or one that does not rise.
        decode_errors: damaged packets and frames.
        decoder_note: why the CPU decoded although a GPU could have been taken; None if it did not.
    """

    fps: float = 30.0
    first_frame: int = 0
    picture: tuple[int, int] = (0, 0)
    pts_seconds: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    shots: "array[int]" = field(default_factory=lambda: array("q"))
    odd_steps: int = 0
    decode_errors: int = 0
    decoder_note: str | None = None
    _good_steps: RunningMedian = field(default_factory=RunningMedian)

    def __len__(self) -> int:
        return len(self.pts_seconds)

    def add(self, index: int, pts_seconds: float, shot: int, picture: tuple[int, int]) -> float:
        """Take note of a frame; its time on the clock that always rises."""
        if not self.pts_seconds:
            self.first_frame = index
        self.picture = picture
        seconds = self._next_seconds(pts_seconds)
        self.pts_seconds.append(pts_seconds)
        self.seconds.append(seconds)
        self.shots.append(shot)
        return seconds

    def add_untimed(self, count: int) -> None:
        """Take note of frames of one shot that have no times."""
        self.pts_seconds = array("d", [math.nan]) * count
        self.seconds = array("d", (frame / self.fps for frame in range(count)))
        self.shots = array("q", [0]) * count

    def times(self, frames: NDArray[np.int64]) -> Times:
        """Rising seconds of frames, which rise themselves; nothing else is looked at."""
        first, end = frames[0] - self.first_frame, frames[-1] + 1 - self.first_frame
        seconds: Times = np.array(self.seconds[first:end])[frames - frames[0]]
        return seconds

    def _next_seconds(self, pts_seconds: float) -> float:
        if not self.seconds:
            self.odd_steps += math.isnan(pts_seconds)
            return 0.0
        step = pts_seconds - self.pts_seconds[-1]
        if step > 0:
            self._good_steps.add(step)
        else:
            self.odd_steps += 1
            step = self._good_steps.median(1 / self.fps)
        return self.seconds[-1] + step
