"""``videxpr benchmark``: how fast each stage and the whole pipeline are on this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status

from videxpr.annotation.benchmark.batch import Begin, BenchmarkReport, benchmark_sources
from videxpr.annotation.benchmark.figures import StageName
from videxpr.annotation.benchmark.machine import Machine, in_use, this_machine
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.annotation.benchmark.report import as_json
from videxpr.annotation.load import load_annotator
from videxpr.cli.benchmark_tables import show_setup, show_video
from videxpr.cli.console import failure_text, prepare_process
from videxpr.cli.model_choice import chosen_models
from videxpr.core.device import cpu_threads, resolve_device
from videxpr.core.errors import UsageError
from videxpr.core.files import atomic_write
from videxpr.video.sources import Source, find_sources

STANDARD_OUTPUT: Final = Path("-")

BUSY: Final = 0.5
"""A load of more than this for each core is worth a warning."""


def run(command: BenchmarkCommand, given: frozenset[str]) -> int:
    """Measure what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    if command.json is not None:
        _check_json(command.json)
    device = resolve_device(command.run.device)
    machine = this_machine(device)
    options = command.options
    models = chosen_models(command.model, command.run.quiet)
    tools = load_annotator(models, options.annotate, str(device), cpu_threads())
    used = in_use(tools)
    messages = Console(stderr=True, highlight=False)
    tables = command.json != STANDARD_OUTPUT
    if tables:
        show_setup(machine, used, options)
    if not command.run.quiet:
        _warn(messages, _concerns(machine))
    reports: list[BenchmarkReport] = []
    sources = find_sources(command.videos)
    try:
        with _status(messages, command.run.quiet) as begin:
            for report in benchmark_sources(tools, models, sources, options, begin):
                reports.append(report)
                _say(messages, report, command.run.quiet)
                if tables and report.figures is not None:
                    show_video(report.source.relative.as_posix(), report.figures)
    finally:  # a run that is stopped keeps what it has measured
        if command.json is not None and reports:
            _write(command.json, as_json(machine, used, options, reports))
    return int(any(report.status == "failed" for report in reports))


def _check_json(path: Path) -> None:
    """Refuse a file that cannot be written before anything is measured, which takes a while."""
    if path == STANDARD_OUTPUT:
        return
    if path.is_dir():
        raise UsageError(f"--json {path} is a folder; name a file in it")
    above = next(one for one in path.absolute().parents if one.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise UsageError(f"--json {path} cannot be written; choose another place")


def _concerns(machine: Machine) -> Iterator[str]:
    """What a reader of all figures should know."""
    if machine.load is not None and machine.load > BUSY * machine.cores:
        yield (
            f"the machine was busy in the last minute (load {machine.load:.1f} on "
            f"{machine.cores} cores); what else runs makes all figures worse"
        )


def _warn(messages: Console, concerns: Iterator[str]) -> None:
    for concern in concerns:
        messages.print(f"warning: {concern}", soft_wrap=True, markup=False)


@contextmanager
def _status(messages: Console, quiet: bool) -> Iterator[Begin]:
    """Says on a terminal what is being measured."""
    if quiet or not messages.is_terminal:
        yield lambda source, stage: None
        return
    with Status("", console=messages) as status:

        def begin(source: Source, stage: StageName | None) -> None:
            status.update(f"{source.path.name}: {stage or 'the whole pipeline'}")

        yield begin


def _say(messages: Console, report: BenchmarkReport, quiet: bool) -> None:
    """Why a video failed, or what the reader of its figures should know."""
    if report.status == "failed":
        text = f"{report.trace}error: {failure_text(report)}"
        messages.print(text, soft_wrap=True, markup=False, style="red")
    elif not quiet:
        for warning in report.warnings:
            text = f"warning: {report.source.path}: {warning}"
            messages.print(text, soft_wrap=True, markup=False)


def _write(path: Path, text: str) -> None:
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
