"""``videxpr benchmark``: how fast each stage and the whole pipeline are on this machine.

What can be answered without torch is answered before it is imported.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from videxpr.annotation.benchmark.figures import (
    BenchmarkReport,
    Speed,
    StageFigures,
    VideoFigures,
    as_json,
)
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.cli.console import (
    BatchDisplay,
    find_some_source,
    output_console,
    prepare_process,
    print_table,
    write_output,
)
from videxpr.cli.model_choice import chosen_models
from videxpr.core.files import STANDARD_OUTPUT
from videxpr.faces.detection.load import choose_detector

if TYPE_CHECKING:
    from videxpr.annotation.benchmark.machine import InUse, Machine

BUSY: Final = 0.5
"""A load of more than this for each core is worth a warning."""


def run(command: BenchmarkCommand, given: frozenset[str]) -> int:
    """Measure what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    sources = find_some_source(command.videos)
    models = chosen_models(command.model, command.run.quiet)
    choose_detector(command.annotation.faces.detection)
    from videxpr.annotation.benchmark.machine import in_use, this_machine
    from videxpr.annotation.benchmark.measure import measure_videos
    from videxpr.annotation.load import load_annotator
    from videxpr.core.device import resolve_device
    from videxpr.core.stage_timer import StageTimer
    from videxpr.core.threads import cpu_threads

    device, timer, quiet = resolve_device(command.run.device), StageTimer(), command.run.quiet
    machine = this_machine(device)
    annotator = load_annotator(models, command.annotation, str(device), cpu_threads(), timer=timer)
    used = in_use(annotator)
    tables, reports = command.json != STANDARD_OUTPUT, list[BenchmarkReport]()
    if tables:
        _show_setup(machine, used, command)
    try:
        with BatchDisplay(len(sources), quiet) as display:
            display.warn(_busy(machine))
            for source in sources:
                with display.waiting(f"measuring {source.path.name}"):
                    reports += measure_videos(command, [source], models, annotator, timer)
                last = reports[-1]
                display.end(last, f"{source.path}: {last.frames_per_second:.1f} frames/s")
                display.warn(f"{source.path}: {warning}" for warning in last.warnings)
    finally:  # a run that is stopped keeps what it has measured
        for report in reports if tables else ():
            if report.figures is not None:
                show_video(report.source.relative.as_posix(), report.figures)
        if command.json is not None and reports:
            write_output(command.json, as_json(machine, used, command, reports))
    return int(any(report.status == "failed" for report in reports))


def show_video(name: str, figures: VideoFigures) -> None:
    """Print the figures of one video as a table."""
    table = Table(title=Text(_title(name, figures)))
    table.add_column("stage")
    for column in ("frames/s", "slowest to fastest", "ms a frame", "faces/s"):
        table.add_column(column, justify="right")
    for stage in figures.stages:
        table.add_row(*_stage_cells(stage))
    rule = f"slowest: {figures.slowest}" if figures.overlap else figures.bound_rule
    table.add_section()
    table.add_row("bound", _rate(figures.bound), rule, f"{1000 / figures.bound:.2f}", "")
    table.add_row("pipeline", *_speed_cells(figures.pipeline.speed), "")
    table.add_row("efficiency", f"{figures.efficiency:.2f}", "pipeline / bound", "", "")
    print_table(output_console(), table)
    output_console().print(_memory(figures), soft_wrap=True, markup=False)


def _busy(machine: "Machine") -> Iterator[str]:
    """Yield a warning if the machine has other work."""
    if machine.load is not None and machine.load > BUSY * machine.cores:
        yield (
            f"the machine was busy in the last minute (load {machine.load:.1f} on {machine.cores} "
            "cores); what else runs makes all figures worse"
        )


def _show_setup(machine: "Machine", used: "InUse", command: BenchmarkCommand) -> None:
    """Print what is measured, and on what."""
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
    faces = command.annotation.faces
    for line in (
        f"{machine.cpu}, {cores}{_size(machine.memory_bytes)}{gpu}",
        f"model {' + '.join(used.models)} on {used.device} (torch {machine.torch}, "
        f"{used.torch_threads} threads), faces embedded by {embeds}",
        f"detector {used.detector} on {used.detector_device} ({detects})",
        f"whole pictures searched every {faces.keyframes.detect_every} frames, batches of "
        f"{faces.batch_size}, {used.stage_threads} threads a network in the pipeline, "
        f"median of {command.runs} runs after a warm-up",
    ):
        output_console().print(line, soft_wrap=True, markup=False)


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
    known = [
        f"{value / 1e6:.0f} MB {where}"
        for value, where in ((host, "of the host"), (device, "of the GPU"))
        if value is not None
    ]
    return f"peak memory of the pipeline: {', '.join(known) or 'not told by this system'}"


def _size(value: int | None) -> str:
    return "" if value is None else f", {value / 1e9:.0f} GB"
