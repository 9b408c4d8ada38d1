"""What ``videxpr annotate`` does once its options are known."""

import io
import math
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from videxpr.annotate.annotator import Annotator
from videxpr.annotate.batch import Report, annotate_sources
from videxpr.annotate.options import (
    DEFAULT_FORMATS,
    FORMATS,
    AnnotateOptions,
    Format,
    paper_preset,
)
from videxpr.annotate.outputs import OutputOptions, Outputs
from videxpr.checkpoint import Checkpoint, load_checkpoint
from videxpr.cli.console import BatchDisplay, summary_table
from videxpr.detection import DetectionOptions, Detector, load_detector
from videxpr.device import cpu_threads, describe, resolve_device, use_cpu_threads
from videxpr.errors import UsageError
from videxpr.formats.predictions import read_template
from videxpr.labelling import Missing
from videxpr.people import Person
from videxpr.sources import find_sources
from videxpr.windows import WindowOptions


@dataclass(frozen=True)
class Request:
    """The options of ``videxpr annotate`` as the user gave them; None where none was given."""

    sources: list[str]
    output_dir: Path
    formats: tuple[str, ...]
    missing: Missing
    template: Path | None
    template_force: bool
    overwrite: bool
    detector: str
    detector_dir: Path | None
    min_face: float
    min_score: float | None
    person: Person
    people: int | None
    model: str
    stride: int | None
    smooth: float | None
    start: str | None
    end: str | None
    crop_fps: float
    preset: str | None
    device: str
    batch_size: int
    quiet: bool


def run(request: Request) -> int:
    """Annotate what was asked for; 0 if all went well, 1 if a video failed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: nothing is lost
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.filterwarnings("ignore", module=r"facenet_pytorch|insightface|onnxruntime")
    outputs = Outputs(_output_options(request), request.missing)
    device = resolve_device(request.device)
    use_cpu_threads(cpu_threads())
    checkpoint = load_checkpoint(request.model, device)
    options = _options(request, str(device), checkpoint.model.config.window)
    detector = load_detector(options.detection)
    sources = find_sources(request.sources)
    with BatchDisplay(len(sources), request.quiet) as display:
        display.say(_introduction(checkpoint, detector, describe(device)))
        display.warn(_concerns(checkpoint, detector, device.type))
        reports = _all_reports(
            annotate_sources(
                Annotator(checkpoint, detector, options), sources, outputs, display.begin
            ),
            outputs,
            display,
        )
    if not request.quiet:
        summary_table(reports, detector.name, checkpoint.name, request.output_dir)
    return int(any(report.status == "failed" for report in reports) or display.incomplete)


def _all_reports(
    reports: Iterator[Report], outputs: Outputs, display: BatchDisplay
) -> list[Report]:
    """Every report, shown as it comes; the run's own files are written even when stopped."""
    collected: list[Report] = []
    try:
        for report in reports:
            collected.append(report)
            display.end(report)
    finally:
        display.lack(outputs.finish())
    return collected


def _options(request: Request, device: str, window: int) -> AnnotateOptions:
    default = AnnotateOptions()
    options = AnnotateOptions(
        detection=DetectionOptions(
            detector=request.detector,
            root=request.detector_dir,
            min_face=request.min_face,
            min_score=request.min_score,
            device=device,
            threads=cpu_threads(),
        ),
        windows=default.windows if request.stride is None else WindowOptions(request.stride),
        smooth_seconds=default.smooth_seconds if request.smooth is None else request.smooth,
        person=request.person,
        people=request.people,
        missing=request.missing,
        batch_size=request.batch_size,
        start_seconds=_seconds(request.start),
        end_seconds=_seconds(request.end),
        crop_fps=request.crop_fps,
    )
    if options.windows.stride > window:
        raise UsageError(f"--stride {request.stride} is more than the model's window of {window}")
    return _with_preset(options, request, window)


def _with_preset(options: AnnotateOptions, request: Request, window: int) -> AnnotateOptions:
    if request.preset is None:
        return options
    if request.stride is not None or request.smooth is not None or request.people != 1:
        raise UsageError(
            "--preset paper sets stride and smoothing and knows one person; leave out --stride, "
            "--smooth and --people"
        )
    return paper_preset(options, window)


def _output_options(request: Request) -> OutputOptions:
    if request.template is not None and (request.start or request.end):
        raise UsageError("--template wants whole videos; leave out --start and --end")
    if request.template_force and request.template is None:
        raise UsageError("--template-force goes with --template")
    template = read_template(request.template) if request.template else None
    return OutputOptions(
        directory=request.output_dir,
        formats=_formats(request.formats),
        overwrite=request.overwrite,
        template=None if template is None else tuple(template),
        template_force=request.template_force,
    )


def _formats(names: tuple[str, ...]) -> tuple[Format, ...]:
    if not names:
        return DEFAULT_FORMATS
    unknown = [name for name in names if name not in (*FORMATS, "all")]
    if unknown:
        raise UsageError(f"unknown format {unknown[0]!r}; choose from {', '.join(FORMATS)}, all")
    return tuple(one for one in get_args(Format) if one in names or "all" in names)


def _seconds(text: str | None) -> float | None:
    """Seconds of a time like ``90``, ``1:30`` or ``0:01:30.5``."""
    if text is None:
        return None
    parts = text.split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 3 or not all(0 <= value < math.inf for value in values):
        raise UsageError(f"{text!r} is no time; write seconds (90.5) or HH:MM:SS (00:01:30.5)")
    return float(sum(value * 60**power for power, value in enumerate(reversed(values))))


def _introduction(checkpoint: Checkpoint, detector: Detector, device: str) -> str:
    return (
        f"model {checkpoint.name} ({checkpoint.sha256[:12]}), detector {detector.name} on "
        f"{detector.device}, device {device}"
    )


def _concerns(checkpoint: Checkpoint, detector: Detector, device: str) -> list[str]:
    """What a user should know before the first number."""
    concerns = []
    untrained = checkpoint.model.config.untrained_expressions
    if untrained:
        concerns.append(
            f"model {checkpoint.name} was never trained on {', '.join(untrained)} and never answers it"
        )
    if device == "cuda" and not detector.device.startswith("cuda"):
        concerns.append(
            f"{detector.name} runs on the {detector.device} although a GPU is used for the model: "
            "ONNX Runtime has no CUDA provider here (onnxruntime-gpu), --detector mtcnn has"
        )
    return concerns
