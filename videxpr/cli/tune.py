"""``videxpr tune``: settings that need no training, chosen on labeled videos."""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import WIDE, prepare_process
from videxpr.cli.model_choice import chosen_model
from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.cross_validation import Fold
from videxpr.evaluation.tune.options import Setting, TuneCommand
from videxpr.evaluation.tune.report import TuneReport, write_config
from videxpr.evaluation.tune.tune import tune

if TYPE_CHECKING:
    from videxpr.model.checkpoint import Checkpoint

BEST: Final = "*"
CURRENT: Final = "="


def run(command: TuneCommand, given: frozenset[str]) -> int:
    """Try every setting, show what came out, and write the settings."""
    prepare_process(command.run.quiet)
    if command.output.exists() and not command.overwrite:
        raise UsageError(
            f"{command.output} is there already; --overwrite replaces it, --output names another file"
        )
    checkpoint = _checkpoint(command)
    messages = Console(stderr=True, highlight=False, quiet=command.run.quiet)
    hidden = not messages.is_terminal
    with Progress(console=messages, transient=True, disable=hidden) as bars:
        task = bars.add_task("persons", total=None)
        report = tune(
            command.predictions,
            command.labels,
            checkpoint,
            command.tuning,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    if not command.run.quiet:
        _show(report)
    for note in report.notes:
        messages.print(f"note: {note}", soft_wrap=True, markup=False)
    write_config(command.output, report, [command.model] if command.model else [])
    if not command.run.quiet:
        typer.echo(
            f"the best settings are in {command.output}: videxpr annotate --config {command.output}"
            if report.gains
            else f"no gain: keep the current settings, which are in {command.output}"
        )
    return 0


def _checkpoint(command: TuneCommand) -> "Checkpoint | None":
    if command.model is None:
        return None
    from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
    from videxpr.model.checkpoint import load_checkpoint

    use_cpu_threads(cpu_threads())
    device = resolve_device(command.run.device)
    return load_checkpoint(chosen_model(command.model, command.run.quiet), device)


def _show(report: TuneReport) -> None:
    """Print every table on standard output, and what came out in words."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for stride in sorted({trial.setting.stride for trial in report.trials}):
        heading = (
            f"Macro F1 at stride {stride}: smoothing in seconds (down), logit adjustment (across); "
            f"{BEST} best, {CURRENT} current"
        )
        console.print(Text(heading, style="bold"), soft_wrap=True)
        console.print(_grid_table(report, stride))
    heading = "Cross-validation: each fold scored with what was best on the others"
    console.print(Text(heading, style="bold"), soft_wrap=True)
    console.print(_fold_table(report))
    for line in _summary(report):
        console.print(line, soft_wrap=True, markup=False)


def _grid_table(report: TuneReport, stride: int) -> Table:
    """Return the macro F1 of one stride: spans down, strengths across."""
    scores = {trial.setting: trial.macro_f1 for trial in report.trials}
    own = [setting for setting in scores if setting.stride == stride]
    strengths = sorted({setting.logit_adjustment for setting in own})
    table = Table()
    table.add_column("", justify="right")
    for strength in strengths:
        table.add_column(f"{strength:g}", justify="left")
    for span in sorted({setting.smooth_seconds for setting in own}):
        cells = [_cell(report, scores, Setting(stride, each, span)) for each in strengths]
        table.add_row(f"{span:g}", *cells)
    return table


def _cell(report: TuneReport, scores: Mapping[Setting, float], setting: Setting) -> Text:
    is_best = setting == report.best.setting
    marks = (BEST if is_best else "") + (CURRENT if setting == report.current.setting else "")
    return Text(f"{scores[setting]:.4f}{marks}", style="bold" if marks else "")


def _fold_table(report: TuneReport) -> Table:
    """Return each part of the source videos with what was best on all the others."""
    validation = report.validation
    table = Table()
    table.add_column("fold")
    for name in ("videos", "stride", "smoothing", "adjustment", "macro F1", "current"):
        table.add_column(name, justify="right")
    last = len(validation.folds)
    for number, fold in enumerate(validation.folds, 1):
        table.add_row(*_fold_cells(report, number, fold), end_section=number == last)
    totals = f"{validation.macro_f1:.4f}", f"{validation.current_macro_f1:.4f}"
    table.add_row("all frames", str(len(report.sources)), "", "", "", *totals, style="bold")
    return table


def _fold_cells(report: TuneReport, number: int, fold: Fold) -> list[str]:
    chosen = report.trials[fold.chosen].setting
    return [
        str(number),
        str(len(fold.groups)),
        *(str(chosen.stride), f"{chosen.smooth_seconds:g} s", f"{chosen.logit_adjustment:g}"),
        *(f"{fold.macro_f1:.4f}", f"{fold.current_macro_f1:.4f}"),
    ]


def _summary(report: TuneReport) -> Iterator[str]:
    gain = report.validation.gain
    spread = (
        ""
        if gain.interval is None
        else f" (95 % interval {gain.interval.low:+.4f} to {gain.interval.high:+.4f})"
    )
    yield (
        f"{len(report.sources)} source videos, {report.frames:,} labeled frames, model {report.model}"
    )
    yield f"best     {_flags(report.best.setting)}: macro F1 {report.best.macro_f1:.4f}"
    yield f"current  {_flags(report.current.setting)}: macro F1 {report.current.macro_f1:.4f}"
    yield f"choosing gains {gain.macro_f1:+.4f}{spread} on videos that had no part in the choice"
    if report.gains and gain.interval is not None and gain.interval.low <= 0:
        yield "the interval holds 0: the gain may be luck"


def _flags(setting: Setting) -> str:
    return (
        f"--stride {setting.stride} --smooth {setting.smooth_seconds:g} "
        f"--logit-adjustment {setting.logit_adjustment:g}"
    )
