"""The figures of a benchmark: speeds, the bound that they set, how near the pipeline comes to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, get_args

StageName = Literal["decode", "detect", "align", "embed", "classify", "write"]
STAGES: Final[tuple[StageName, ...]] = get_args(StageName)
"""In the order of the pipeline."""


@dataclass(frozen=True)
class Speed:
    """How fast some work was.

    Attributes:
        frames: frames of the video that are done with when the work is.
        seconds: how long the work took, one value a run.
    """

    frames: int
    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.frames < 1 or not self.seconds or min(self.seconds) <= 0:
            raise ValueError(f"no speed is known of {self.frames} frames in {self.seconds} seconds")

    @property
    def frames_per_second(self) -> float:
        """The speed of the median run."""
        return self.frames / median(self.seconds)

    @property
    def slowest(self) -> float:
        """Frames a second of the slowest run."""
        return self.frames / max(self.seconds)

    @property
    def fastest(self) -> float:
        """Frames a second of the fastest run."""
        return self.frames / min(self.seconds)

    @property
    def spread(self) -> float:
        """How far the fastest and the slowest run lie apart, as a share of the median one."""
        return (self.fastest - self.slowest) / self.frames_per_second


@dataclass(frozen=True)
class StageFigures:
    """One stage by itself.

    Attributes:
        name: which.
        per: what it works on one by one. Speeds are per frame of the video all the same: a stage that
            works per face does as many of them a frame as were found.
        items: frames or faces that the measured work consisted of.
        speed: in frames of the video; None where there was nothing to do.
    """

    name: StageName
    per: Literal["frame", "face"]
    items: int
    speed: Speed | None

    @property
    def items_per_second(self) -> float | None:
        """Frames or faces a second."""
        if self.speed is None:
            return None
        return self.items / self.speed.frames * self.speed.frames_per_second


@dataclass(frozen=True)
class PipelineFigures:
    """The whole pipeline on one video.

    Attributes:
        speed: from opening the video to the last file written; models are loaded before.
        host_bytes: peak of the memory of a process that does nothing else, libraries and models
            included; None where the system does not tell.
        device_bytes: peak of what torch took on the GPU; None without one that counts.
    """

    speed: Speed
    host_bytes: int | None
    device_bytes: int | None


@dataclass(frozen=True)
class VideoFigures:
    """All that was measured on one video.

    Attributes:
        frames: that decode.
        width: of the displayed picture, in pixels.
        height: likewise.
        codec: FFmpeg's name of it.
        sampled_frames: that were looked at by the stages that do not go through the whole video.
        faces: that were found in them.
        stages: in the order of the pipeline.
        overlap: whether stages can run at the same time (on a GPU) or share the cores (on a CPU).
        pipeline: the whole.
    """

    frames: int
    width: int
    height: int
    codec: str
    sampled_frames: int
    faces: int
    stages: tuple[StageFigures, ...]
    overlap: bool
    pipeline: PipelineFigures

    @property
    def faces_per_frame(self) -> float:
        """Faces found in a frame, on average."""
        return self.faces / self.sampled_frames

    @property
    def bound(self) -> float:
        """Frames a second that no pipeline of these stages can pass."""
        return bound(
            [one.speed.frames_per_second for one in self.stages if one.speed], self.overlap
        )

    @property
    def slowest(self) -> StageName:
        """The stage that the bound depends on most."""
        known = [(one.speed.frames_per_second, one.name) for one in self.stages if one.speed]
        return min(known)[1]

    @property
    def efficiency(self) -> float:
        """The pipeline's speed as a share of the bound."""
        return self.pipeline.speed.frames_per_second / self.bound


def bound(speeds: Sequence[float], overlap: bool) -> float:
    """The speed that stages of these speeds allow together.

    Args:
        speeds: frames a second of each stage by itself, all above 0, at least one.
        overlap: stages run at the same time, so that the slowest one decides; otherwise they share
            the cores, and the times that they need for a frame add up.
    """
    return min(speeds) if overlap else 1 / sum(1 / speed for speed in speeds)
