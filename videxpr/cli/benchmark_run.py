"""What ``videxpr benchmark`` does once its options are known."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status

from videxpr.annotation.benchmark.batch import Begin, BenchmarkReport, benchmark_sources
from videxpr.annotation.benchmark.figures import StageName
from videxpr.annotation.benchmark.machine import Machine, in_use, this_machine
from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.benchmark.report import as_json
from videxpr.annotation.load import Tools, load_tools
from videxpr.annotation.options import AnnotateOptions
from videxpr.cli.annotate_options import detection_options
from videxpr.cli.benchmark_tables import show_setup, show_video
from videxpr.cli.console import prepare_process, told
from videxpr.cli.model_choice import chosen_model
from videxpr.core.device import cpu_threads, resolve_device
from videxpr.core.errors import UsageError
from videxpr.core.files import atomic_write
from videxpr.faces.options import KeyframeOptions
from videxpr.model.hub.resolve import ModelFile
from videxpr.temporal.options import WindowOptions
from videxpr.video.options import Decoder, DecodingOptions
from videxpr.video.sources import Source, find_sources

STANDARD_OUTPUT: Final = Path("-")

BUSY: Final = 0.5
"""A load of more than this for each core is worth a warning."""


@dataclass(frozen=True)
class BenchmarkRequest:
    """The options of ``videxpr benchmark`` as the user gave them."""

    videos: list[str]
    device: str
    detector: str
    detector_dir: Path | None
    min_face: float
    min_score: float | None
    people: int | None
    models: tuple[str, ...]
    stride: int
    decoder: Decoder
    detect_every: int
    batch_size: int
    runs: int
    json: Path | None
    quiet: bool


def run(request: BenchmarkRequest) -> int:
    """Measure what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process()
    if request.json is not None:
        _check_json(request.json)
    device = resolve_device(request.device)
    machine = this_machine(device)
    options = _options(request, str(device))
    models = _models(request)
    tools = load_tools(models, options.annotate, str(device), cpu_threads())
    used = in_use(tools)
    messages = Console(stderr=True, highlight=False)
    tables = request.json != STANDARD_OUTPUT
    if tables:
        show_setup(machine, used, options)
    if not request.quiet:
        _warn(messages, _concerns(machine, tools))
    reports: list[BenchmarkReport] = []
    sources = find_sources(request.videos)
    try:
        with _status(messages, request.quiet) as begin:
            for report in benchmark_sources(tools, models, sources, options, begin):
                reports.append(report)
                _say(messages, report, request.quiet)
                if tables and report.figures is not None:
                    show_video(report.source.relative.as_posix(), report.figures)
    finally:  # a run that is stopped keeps what it has measured
        if request.json is not None and reports:
            _write(request.json, as_json(machine, used, options, reports))
    return int(any(report.status == "failed" for report in reports))


def _options(request: BenchmarkRequest, device: str) -> BenchmarkOptions:
    annotate = AnnotateOptions(
        detection=detection_options(request, device),
        windows=WindowOptions(request.stride),
        people=request.people,
        decoding=DecodingOptions(request.decoder, device),
        search=KeyframeOptions(request.detect_every),
        batch_size=request.batch_size,
    )
    return BenchmarkOptions(annotate, request.runs)


def _models(request: BenchmarkRequest) -> list[ModelFile]:
    models: list[ModelFile] = []
    for name in request.models:
        file = chosen_model(name, request.quiet)
        if any(file.sha256 == other.sha256 for other in models):
            raise UsageError(f"model {name} is given twice; annotate refuses that too")
        models.append(file)
    return models


def _check_json(path: Path) -> None:
    """Refuse a file that cannot be written before anything is measured, which takes a while."""
    if path == STANDARD_OUTPUT:
        return
    if path.is_dir():
        raise UsageError(f"--json {path} is a folder; name a file in it")
    above = next(one for one in path.absolute().parents if one.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise UsageError(f"--json {path} cannot be written; choose another place")


def _concerns(machine: Machine, tools: Tools) -> Iterator[str]:
    """What a reader of all figures should know."""
    if machine.load is not None and machine.load > BUSY * machine.cores:
        yield (
            f"the machine was busy in the last minute (load {machine.load:.1f} on "
            f"{machine.cores} cores); what else runs makes all figures worse"
        )
    for one, embedder in zip(tools.checkpoints, tools.ensemble.embedders, strict=True):
        if embedder.concern:
            yield f"model {one.name}: {embedder.concern}"


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
        text = f"{report.trace}error: {told(report)}"
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
