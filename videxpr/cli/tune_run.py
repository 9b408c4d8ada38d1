"""What ``videxpr tune`` does once its options are known."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import Progress

from videxpr.cli.model_choice import chosen_model
from videxpr.cli.tune_tables import advice, show
from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.options import TuneOptions
from videxpr.evaluation.tune.settings import write_settings
from videxpr.evaluation.tune.tune import tune

if TYPE_CHECKING:
    from videxpr.model.checkpoint import Checkpoint


@dataclass(frozen=True)
class Request:
    """The options of ``videxpr tune`` as the user gave them."""

    predictions: Path
    labels: Path
    output: Path
    overwrite: bool
    folds: int
    smooth: str
    logit_adjustment: str
    stride: str
    model: str | None
    device: str


def run(request: Request) -> None:
    """Try every setting, show what came out, and write the settings."""
    options = TuneOptions(
        spans=_numbers("--smooth", request.smooth),
        strengths=_numbers("--logit-adjustment", request.logit_adjustment),
        strides=tuple(_whole("--stride", value) for value in _numbers("--stride", request.stride)),
        folds=request.folds,
    )
    if request.output.exists() and not request.overwrite:
        raise UsageError(
            f"{request.output} is there already; --overwrite replaces it, --output names another file"
        )
    checkpoint = None if request.model is None else _checkpoint(request.model, request.device)
    messages = Console(stderr=True, highlight=False)
    hidden = not messages.is_terminal
    with Progress(console=messages, transient=True, disable=hidden) as bars:
        task = bars.add_task("persons", total=None)
        report = tune(
            request.predictions,
            request.labels,
            checkpoint,
            options,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    show(report)
    for note in report.notes:
        messages.print(f"note: {note}", soft_wrap=True, markup=False)
    write_settings(request.output, report.settings)
    typer.echo(advice(report, request.output))


def _checkpoint(name: str, device: str) -> "Checkpoint":
    from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
    from videxpr.model.checkpoint import load_checkpoint

    use_cpu_threads(cpu_threads())
    return load_checkpoint(chosen_model(name), resolve_device(device))


def _numbers(option: str, text: str) -> tuple[float, ...]:
    """Numbers between commas."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{option} takes numbers between commas, not {text!r}") from None
    if not all(math.isfinite(value) for value in values):
        raise UsageError(f"{option} takes finite numbers, not {text!r}")
    return values


def _whole(option: str, value: float) -> int:
    if value != int(value):
        raise UsageError(f"{option} takes whole numbers, not {value:g}")
    return int(value)
