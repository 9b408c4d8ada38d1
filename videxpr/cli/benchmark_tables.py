"""A benchmark as tables on standard output."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.annotation.benchmark.figures import Speed, StageFigures, VideoFigures
from videxpr.annotation.benchmark.machine import InUse, Machine
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.cli.console import WIDE


def show_setup(machine: Machine, used: InUse, options: BenchmarkOptions) -> None:
    """What is measured, and on what."""
    cores = f"{machine.usable_cores} of {machine.cores} cores"
    gpu = "" if machine.gpu is None else f", {machine.gpu}{_size(machine.gpu_bytes)}"
    torch = f"torch, {used.torch_threads} threads"
    embeds, detects = (
        f"{machine.onnxruntime}, {', '.join(providers)}, {threads} threads" if providers else torch
        for providers, threads in (
            (used.model_providers, used.model_threads),
            (used.providers, used.detector_threads),
        )
    )
    faces = options.annotate.faces
    for line in (
        f"{machine.cpu}, {cores}{_size(machine.memory_bytes)}{gpu}",
        f"model {' + '.join(used.models)} on {used.device} (torch {machine.torch}, "
        f"{used.torch_threads} threads), faces embedded by {embeds}",
        f"detector {used.detector} on {used.detector_device} ({detects})",
        f"whole pictures searched every {faces.keyframes.detect_every} frames, batches of "
        f"{faces.batch_size}, {used.stage_threads} threads a network in the pipeline, "
        f"median of {options.runs} runs after a warm-up",
    ):
        _console().print(line, soft_wrap=True, markup=False)


def show_video(name: str, figures: VideoFigures) -> None:
    """The figures of one video."""
    table = Table(title=Text(_title(name, figures)))
    table.add_column("stage")
    for column in ("frames/s", "slowest to fastest", "ms a frame", "faces/s"):
        table.add_column(column, justify="right")
    for stage in figures.stages:
        table.add_row(*_stage_cells(stage))
    rule = f"slowest: {figures.slowest}" if figures.overlap else "1 / sum(1 / stage)"
    whole = figures.pipeline.speed
    table.add_section()
    table.add_row("bound", _rate(figures.bound), rule, f"{1000 / figures.bound:.2f}", "")
    table.add_row("pipeline", *_speed_cells(whole), "")
    table.add_row("efficiency", f"{figures.efficiency:.2f}", "pipeline / bound", "", "")
    _console().print(table)
    _console().print(_memory(figures), soft_wrap=True, markup=False)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)


def _title(name: str, figures: VideoFigures) -> str:
    return (
        f"{name}: {figures.frames} frames of {figures.width} x {figures.height}, {figures.codec}, "
        f"{figures.faces_per_frame:.2f} faces a frame"
    )


def _stage_cells(stage: StageFigures) -> list[str]:
    if stage.speed is None:
        return [stage.name, "", "nothing to do", "", ""]
    faces = _rate(stage.items_per_second) if stage.per == "face" else ""
    return [stage.name, *_speed_cells(stage.speed), faces]


def _speed_cells(speed: Speed) -> list[str]:
    ends = f"{_rate(speed.slowest)} to {_rate(speed.fastest)}"
    return [_rate(speed.frames_per_second), ends, f"{1000 / speed.frames_per_second:.2f}"]


def _rate(per_second: float | None) -> str:
    """As many digits as mean anything."""
    if per_second is None:
        return ""
    return f"{per_second:.1f}" if per_second < 1000 else f"{per_second:.0f}"


def _memory(figures: VideoFigures) -> str:
    host, device = figures.pipeline.host_bytes, figures.pipeline.device_bytes
    told = [
        f"{value / 1e6:.0f} MB {where}"
        for value, where in ((host, "of the host"), (device, "of the GPU"))
        if value is not None
    ]
    return f"peak memory of the pipeline: {', '.join(told) or 'not told by this system'}"


def _size(value: int | None) -> str:
    return "" if value is None else f", {value / 1e9:.0f} GB"
