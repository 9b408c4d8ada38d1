"""The figures of a benchmark: speeds, the bound that they set, how near the pipeline comes to it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.core.config import record
from videxpr.core.stage_timer import StageName
from videxpr.core.version import VERSION
from videxpr.video.jobs import JobResult

if TYPE_CHECKING:
    from videxpr.annotation.benchmark.machine import InUse, Machine

PER_FACE: Final = ("align", "embed", "classify")
"""Stages that work on faces; the others work on frames."""


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
        items: frames or faces that it worked on.
        speed: in frames of the video, also of a stage that works on faces: it does as many of them a
            frame as were found. None where there was nothing to do.
    """

    name: StageName
    items: int
    speed: Speed | None

    @property
    def per(self) -> Literal["frame", "face"]:
        """What it works on one by one."""
        return "face" if self.name in PER_FACE else "frame"

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
        width: of the displayed picture, in pixels.
        height: likewise.
        codec: FFmpeg's name of it.
        stages: in the order of the pipeline.
        overlap: whether stages can run at the same time (on a GPU) or share the cores (on a CPU).
        pipeline: the whole.
    """

    width: int
    height: int
    codec: str
    stages: tuple[StageFigures, ...]
    overlap: bool
    pipeline: PipelineFigures

    @property
    def frames(self) -> int:
        """The number of frames that were annotated."""
        return self.pipeline.speed.frames

    @property
    def faces_per_frame(self) -> float:
        """Faces found in a frame, on average: each is aligned."""
        return next(one.items for one in self.stages if one.name == "align") / self.frames

    @property
    def bound(self) -> float:
        """Frames a second that no pipeline of these stages can pass."""
        return bound(
            [one.speed.frames_per_second for one in self.stages if one.speed], self.overlap
        )

    @property
    def bound_rule(self) -> str:
        """How the bound follows from the stages."""
        return "slowest stage" if self.overlap else "1 / sum(1 / stage)"

    @property
    def slowest(self) -> StageName:
        """The stage that the bound depends on most."""
        known = [(one.speed.frames_per_second, one.name) for one in self.stages if one.speed]
        return min(known)[1]

    @property
    def efficiency(self) -> float:
        """The pipeline's speed as a share of the bound."""
        return self.pipeline.speed.frames_per_second / self.bound


@dataclass(frozen=True)
class BenchmarkReport(JobResult):
    """What became of one video.

    Attributes:
        figures: all that was measured; None where that failed.
    """

    figures: VideoFigures | None = None


def bound(speeds: Sequence[float], overlap: bool) -> float:
    """Return the speed that stages of these speeds allow together.

    Args:
        speeds: frames a second of each stage by itself, all above 0, at least one.
        overlap: stages run at the same time, so that the slowest one decides; otherwise they share
            the cores, and the times that they need for a frame add up.
    """
    return min(speeds) if overlap else 1 / sum(1 / speed for speed in speeds)


def as_json(
    machine: "Machine",
    used: "InUse",
    command: BenchmarkCommand,
    reports: Sequence[BenchmarkReport],
) -> str:
    """Return every figure as one JSON object; efficiency and spread are shares."""
    fields = {
        "videxpr_version": VERSION,
        "machine": asdict(machine),
        "in_use": asdict(used),
        "runs": command.runs,
        "options": record(command.annotation),
        "videos": [_video(report) for report in reports],
    }
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _video(report: BenchmarkReport) -> dict[str, Any]:
    name, found = report.source.printable, report.figures
    if found is None:
        return {"video": name, "error": report.error}
    return {
        "video": name,
        **_named(found, "frames", "width", "height", "codec", "faces_per_frame"),
        "stages": {one.name: _stage(one) for one in found.stages},
        "bound": {
            "frames_per_second": found.bound,
            "rule": found.bound_rule,
            "slowest_stage": found.slowest,
        },
        "pipeline": _speed(found.pipeline.speed),
        "efficiency": found.efficiency,
        "peak_memory": _named(found.pipeline, "host_bytes", "device_bytes"),
        "warnings": list(report.warnings),
    }


def _stage(stage: StageFigures) -> dict[str, Any] | None:
    """Return a stage's figures; None where there was nothing to do."""
    if stage.speed is None:
        return None
    return _speed(stage.speed) | _named(stage, "per", "items", "items_per_second")


def _speed(speed: Speed) -> dict[str, Any]:
    return asdict(speed) | _named(speed, "frames_per_second", "slowest", "fastest", "spread")


def _named(figures: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in names}
