"""A benchmark as JSON, for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from videxpr.annotation.benchmark.batch import BenchmarkReport
from videxpr.annotation.benchmark.figures import Speed, StageFigures, VideoFigures
from videxpr.annotation.benchmark.machine import InUse, Machine
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.core.version import VERSION


def as_json(
    machine: Machine,
    used: InUse,
    options: BenchmarkOptions,
    reports: Sequence[BenchmarkReport],
) -> str:
    """Every figure as one JSON object; efficiency and spread are shares."""
    fields = {
        "videxpr_version": VERSION,
        "machine": asdict(machine),
        "in_use": asdict(used),
        "runs": options.runs,
        "batch_size": options.annotate.faces.batch_size,
        "options": options.annotate.as_text(),
        "videos": [_video(report) for report in reports],
    }
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _video(report: BenchmarkReport) -> dict[str, Any]:
    name, found = report.source.printable, report.figures
    if found is None:
        return {"video": name, "error": report.error}
    return {
        "video": name,
        "frames": found.frames,
        "width": found.width,
        "height": found.height,
        "codec": found.codec,
        "sampled_frames": found.sampled_frames,
        "faces_per_frame": found.faces_per_frame,
        "stages": {one.name: _stage(one) for one in found.stages},
        "bound": _bound(found),
        "pipeline": _speed(found.pipeline.speed),
        "efficiency": found.efficiency,
        "peak_memory": {
            "host_bytes": found.pipeline.host_bytes,
            "device_bytes": found.pipeline.device_bytes,
        },
        "warnings": list(report.warnings),
    }


def _bound(found: VideoFigures) -> dict[str, Any]:
    rule = "slowest stage" if found.overlap else "1 / sum(1 / stage)"
    return {"frames_per_second": found.bound, "rule": rule, "slowest_stage": found.slowest}


def _stage(stage: StageFigures) -> dict[str, Any] | None:
    """A stage's figures; None where there was nothing to do."""
    if stage.speed is None:
        return None
    per = {"per": stage.per, "items": stage.items, "items_per_second": stage.items_per_second}
    return _speed(stage.speed) | per


def _speed(speed: Speed) -> dict[str, Any]:
    return {
        "frames_per_second": speed.frames_per_second,
        "slowest": speed.slowest,
        "fastest": speed.fastest,
        "spread": speed.spread,
        "frames": speed.frames,
        "seconds": list(speed.seconds),
    }
