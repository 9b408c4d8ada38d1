"""What can be chosen about stitched sequences; defaults are here and nowhere else."""

import math
from dataclasses import dataclass, field, fields
from typing import Final

from videxpr.core.errors import UsageError

SHORTEST_SIDE: Final = 16
"""Pixels below which nothing of a face is left."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Jitter:
    """How a tracked face wanders in its crop: standard deviations of smooth random walks.

    Attributes:
        shift: as a share of the crop's side, along each axis.
        scale: relative.
        rotation_degrees: in the picture's plane.
        gain: relative, of the brightness.
        blur: as a share of the side; a walk below 0 leaves the picture sharp.
        memory_seconds: time constants of the walks, log-uniform between these.
        white: noise from frame to frame on top of each walk, as a share of its deviation.
    """

    shift: float = 0.015
    scale: float = 0.03
    rotation_degrees: float = 3.0
    gain: float = 0.04
    blur: float = 0.006
    memory_seconds: Range = (0.1, 0.5)
    white: float = 0.15

    def __post_init__(self) -> None:
        for one in ("shift", "scale", "rotation_degrees", "gain", "blur", "white"):
            _within(one, getattr(self, one), 0, 90 if one == "rotation_degrees" else 1)
        _rising("memory_seconds", self.memory_seconds, 1e-3, math.inf)

    @property
    def deviations(self) -> tuple[float, ...]:
        """Of the walks, in the order of `script.WALKS`; rotation in radians."""
        turn = math.radians(self.rotation_degrees)
        return (self.shift, self.shift, self.scale, turn, self.gain, self.blur)


@dataclass(frozen=True)
class SynthesisOptions:
    """What sequences are like.

    Attributes:
        seconds: length of a sequence.
        fps: frames a second.
        size: side of the crops in pixels.
        neutral: share of the segments that are Neutral, where there are neutral stills.
        balance: the other labels are drawn by their number of stills to 1 minus this: 0 takes them
            as they come, 0.5 as training on stills weights them, 1 all alike.
        segment_seconds: length of a segment, log-uniform between these.
        change_within: probability that a segment of `changes_from` or more shows several stills.
        changes_from: seconds.
        same_person: probability that the next still is of the same person, where one is known.
        one_person: share of the sequences that show one person only, who is drawn among those of
            whom there are stills of several labels.
        fades: share of the changes that are cross-fades; the others are hard.
        fade_frames: length of a cross-fade, both ends possible.
        missing: share of the frames that have no crop, in runs.
        missing_frames: length of such a run, both ends possible.
        covered: share of the frames in which something is before the face, in runs.
        covered_frames: length of such a run, both ends possible.
        resolution: pixels that a video gives to the crop's side, log-uniform between these.
        quality: of JPEG at that resolution.
        light: largest change of brightness and of contrast, relative, for a whole sequence.
        noise: largest standard deviation of a pixel's noise in a sequence, of 255.
        color: whether colors are kept; otherwise crops are gray.
        jitter: how the face wanders.
        seed: of everything that is drawn.
    """

    seconds: float = 20.0
    fps: float = 30.0
    size: int = 112
    neutral: float = 1 / 3
    balance: float = 0.5
    segment_seconds: Range = (0.3, 5.0)
    change_within: float = 0.5
    changes_from: float = 1.0
    same_person: float = 0.6
    one_person: float = 0.0
    fades: float = 0.5
    fade_frames: tuple[int, int] = (2, 8)
    missing: float = 0.015
    missing_frames: tuple[int, int] = (1, 10)
    covered: float = 0.015
    covered_frames: tuple[int, int] = (3, 30)
    resolution: Range = (24.0, 112.0)
    quality: tuple[int, int] = (40, 95)
    light: float = 0.25
    noise: float = 4.0
    color: bool = False
    jitter: Jitter = field(default_factory=Jitter)
    seed: int = 0

    def __post_init__(self) -> None:
        for share in (one.name for one in fields(self) if one.type is float):
            highest = {"seconds": 86400, "fps": 1000, "changes_from": math.inf, "noise": 255}
            _within(share, getattr(self, share), 0, highest.get(share, 1))
        for name, lowest, highest_end in (
            ("segment_seconds", 1e-3, math.inf),
            ("fade_frames", 1, math.inf),
            ("missing_frames", 1, math.inf),
            ("covered_frames", 1, math.inf),
            ("resolution", SHORTEST_SIDE, math.inf),
            ("quality", 1, 100),
        ):
            _rising(name, getattr(self, name), lowest, highest_end)
        if self.size < SHORTEST_SIDE:
            raise UsageError(f"size is {SHORTEST_SIDE} pixels or more, not {self.size}")
        if self.seed < 0:
            raise UsageError(f"the seed is 0 or more, not {self.seed}")
        if self.fps <= 0 or self.frames < 1:
            raise UsageError(
                f"{self.seconds:g} s at {self.fps:g} frames a second are no frame; a sequence has at "
                "least one"
            )

    @property
    def frames(self) -> int:
        """Of a sequence."""
        return round(self.seconds * self.fps)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} lies between {low:g} and {high:g}, not at {value:g}")


def _rising(name: str, values: Range, low: float, high: float) -> None:
    if not low <= values[0] <= values[1] <= high:
        raise UsageError(
            f"{name} goes from a lower to a higher value, of {low:g} to {high:g}, not from "
            f"{values[0]:g} to {values[1]:g}"
        )
