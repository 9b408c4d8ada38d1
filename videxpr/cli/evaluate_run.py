"""What ``videxpr evaluate`` does once its options are known."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import Progress

from videxpr.cli.evaluate_tables import show
from videxpr.cli.model_choice import chosen_model
from videxpr.core.errors import UsageError
from videxpr.core.files import atomic_write
from videxpr.evaluation.options import EvaluateOptions
from videxpr.evaluation.report import as_json, as_markdown
from videxpr.evaluation.result import Evaluation
from videxpr.evaluation.videos import evaluate

if TYPE_CHECKING:
    from videxpr.datasets.options import Corruption, Part

STANDARD_OUTPUT: Final = Path("-")


@dataclass(frozen=True)
class Request:
    """The options of ``videxpr evaluate`` as the user gave them; None where none was given."""

    predictions: Path | None
    labels: Path | None
    against: Path | None
    strict: bool
    json: Path | None
    markdown: Path | None
    plots: Path | None
    stills: Path | None
    model: str | None
    split: Path | None
    part: "Part | None"
    only: str | None
    degrade: "Corruption | None"
    device: str | None
    samples: int
    seed: int


def run(request: Request) -> None:
    """Evaluate, show the tables, and write what was asked for."""
    _check(request)
    messages = Console(stderr=True, highlight=False)
    evaluation = _evaluation(request, messages)
    quiet = STANDARD_OUTPUT in (request.json, request.markdown)
    if not quiet:
        show(evaluation)
    if request.json is not None:
        _write(request.json, as_json(evaluation))
    if request.markdown is not None:
        _write(request.markdown, as_markdown(evaluation))
    if request.plots is not None:
        from videxpr.evaluation.plots import write_plots

        write_plots(request.plots, evaluation)
    for remark in _remarks(evaluation):
        messages.print(f"note: {remark}", soft_wrap=True, markup=False)


def _check(request: Request) -> None:
    """Refuse options that contradict each other."""
    one, other = request.json, request.markdown
    if one is not None and one == other:
        raise UsageError(f"--json and --markdown cannot both be written to {one}")
    if request.stills is None:
        given = (request.model, request.split, request.part, request.only, request.degrade)
        if any(given) or request.device:
            raise UsageError(
                "--model, --split, --part, --only, --degrade and --device go with --stills"
            )
    elif request.predictions or request.against or request.strict:
        raise UsageError(
            "--stills scores a model on crops: leave out PREDICTIONS, --against, --strict"
        )
    elif request.part is not None and request.split is None:
        raise UsageError("--part names a part of a split; add --split FILE")


def _evaluation(request: Request, messages: Console) -> Evaluation:
    options = EvaluateOptions(request.strict, request.samples, request.seed)
    if request.stills is not None:
        return _images(request, request.stills, options, messages)
    if request.predictions is None or request.labels is None:
        raise UsageError(
            "name PREDICTIONS and LABELS, or a folder of crops with --stills; --help explains"
        )
    return evaluate(request.predictions, request.labels, request.against, options)


def _images(
    request: Request, folder: Path, options: EvaluateOptions, messages: Console
) -> Evaluation:
    # the only way here that needs torch
    from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
    from videxpr.evaluation.images import ImageSource, evaluate_images
    from videxpr.model.checkpoint import load_checkpoint
    from videxpr.model.options import STARTER

    use_cpu_threads(cpu_threads())
    device = resolve_device(request.device or "auto")
    checkpoint = load_checkpoint(chosen_model(request.model or STARTER), device)
    source = ImageSource(
        folder,
        request.split,
        request.part or "test",
        only=request.only,
        corruption=request.degrade,
    )
    hidden = not messages.is_terminal
    with Progress(console=messages, transient=True, disable=hidden) as bar:
        task = bar.add_task("images", total=None)

        def advance(completed: int, total: int) -> None:
            bar.update(task, completed=completed, total=total)

        return evaluate_images(checkpoint, source, options, advance)


def _remarks(evaluation: Evaluation) -> list[str]:
    """What is to be said of the predictions and, if there are others, of those."""
    if evaluation.against is None:
        return evaluation.remarks
    other = evaluation.against.other
    both = [f"{evaluation.name}: {remark}" for remark in evaluation.remarks]
    return both + [f"{other.name}: {remark}" for remark in other.remarks]


def _write(path: Path, text: str) -> None:
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
