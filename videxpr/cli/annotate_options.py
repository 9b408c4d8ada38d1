"""From what the user of ``videxpr annotate`` wrote to the options of each stage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar, get_args

from videxpr.annotation.options import (
    ALL_FORMATS,
    DEFAULT_FORMATS,
    FORMATS,
    AnnotateOptions,
    Format,
    paper_preset,
)
from videxpr.annotation.writer import OutputOptions
from videxpr.core.device import stage_threads
from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.settings import Settings
from videxpr.faces.options import DetectionOptions, KeyframeOptions, Person
from videxpr.formats.frame_labels import Missing
from videxpr.formats.predictions import read_template
from videxpr.model.checkpoint import Checkpoint
from videxpr.temporal.options import WindowOptions
from videxpr.video.options import Decoder, DecodingOptions

Number = TypeVar("Number", int, float)

STORED: Final = "stored"
"""Stands for the strength of logit adjustment that a checkpoint states."""


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
    detect_every: int
    person: Person
    people: int | None
    models: tuple[str, ...]
    stride: int | None
    smooth: float | None
    logit_adjustment: str | None
    settings: Path | None
    start: str | None
    end: str | None
    crop_fps: float
    preset: str | None
    device: str
    decoder: Decoder
    workers: int
    batch_size: int
    quiet: bool


class FaceRequest(Protocol):
    """What a user says of faces, whatever is done with them."""

    @property
    def detector(self) -> str:
        """Which detector."""
        ...

    @property
    def detector_dir(self) -> Path | None:
        """Where its packs are."""
        ...

    @property
    def min_face(self) -> float:
        """Shorter side of the smallest face, in pixels."""
        ...

    @property
    def min_score(self) -> float | None:
        """Least confidence of a face."""
        ...


def detection_options(request: FaceRequest, device: str, workers: int = 1) -> DetectionOptions:
    """Which detector looks for faces, and which of its findings count."""
    return DetectionOptions(
        detector=request.detector,
        root=request.detector_dir,
        min_face=request.min_face,
        min_score=request.min_score,
        device=device,
        threads=stage_threads(workers),
    )


def annotate_options(
    request: Request, settings: Settings, checkpoints: Sequence[Checkpoint], device: str
) -> AnnotateOptions:
    """What is annotated and how: an option of the command line wins over the file of settings."""
    default = AnnotateOptions()
    stride = _first(request.stride, settings.stride, default.windows.stride)
    options = AnnotateOptions(
        detection=detection_options(request, device, request.workers),
        decoding=DecodingOptions(request.decoder, device),
        search=KeyframeOptions(request.detect_every),
        windows=WindowOptions(stride),
        smooth_seconds=_first(request.smooth, settings.smooth_seconds, default.smooth_seconds),
        logit_adjustment=_first(
            strength(request.logit_adjustment, checkpoints),
            settings.logit_adjustment,
            default.logit_adjustment,
        ),
        person=request.person,
        people=request.people,
        missing=request.missing,
        batch_size=request.batch_size,
        start_seconds=seconds_of(request.start),
        end_seconds=seconds_of(request.end),
        crop_fps=request.crop_fps,
        keep_features="features" in request.formats,
    )
    return _with_preset(options, request, checkpoints)


def strength(wanted: str | None, checkpoints: Sequence[Checkpoint]) -> float | None:
    """The strength of logit adjustment that was asked for: a number, or what the models store."""
    if wanted is None:
        return None
    if wanted != STORED:
        return _number(wanted)
    stored = {one.name: one.model.config.logit_adjustment for one in checkpoints}
    if not all(one.model.config.class_shares for one in checkpoints):
        raise UsageError(
            f"nothing is stored for logit adjustment in {' or '.join(stored)}: the share of each "
            "expression among the training labels is unknown; leave out --logit-adjustment"
        )
    if len(set(stored.values())) > 1:
        each = ", ".join(f"{name} {value:g}" for name, value in stored.items())
        raise UsageError(f"the models store different strengths ({each}); give a number")
    return checkpoints[0].model.config.logit_adjustment


def output_options(request: Request) -> OutputOptions:
    """What is written and where."""
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


def _first(*values: Number | None) -> Number:
    """The first value that is there; the last one is."""
    return next(value for value in values if value is not None)


def _with_preset(
    options: AnnotateOptions, request: Request, checkpoints: Sequence[Checkpoint]
) -> AnnotateOptions:
    if request.preset is None:
        return options
    if request.settings is not None:
        raise UsageError("--preset paper sets what --settings sets; leave out one of them")
    if request.stride is not None or request.smooth is not None or request.people != 1:
        raise UsageError(
            "--preset paper sets stride and smoothing and knows one person; leave out --stride, "
            "--smooth and --people"
        )
    windows = sorted({one.model.config.window for one in checkpoints})
    if len(windows) > 1:
        raise UsageError(
            f"--preset paper sets the stride to the window, and the models' windows have "
            f"{' and '.join(map(str, windows))} frames; run each model by itself"
        )
    return paper_preset(options, windows[0])


def _formats(names: tuple[str, ...]) -> tuple[Format, ...]:
    if not names:
        return DEFAULT_FORMATS
    unknown = [name for name in names if name not in (*FORMATS, "all")]
    if unknown:
        raise UsageError(f"unknown format {unknown[0]!r}; choose from {', '.join(FORMATS)}, all")
    wanted = {*names, *(ALL_FORMATS if "all" in names else ())}
    return tuple(one for one in get_args(Format) if one in wanted)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"--logit-adjustment takes a number of 0 or more, or {STORED!r}, not {text!r}"
        ) from None


def seconds_of(text: str | None) -> float | None:
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
