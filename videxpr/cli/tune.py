"""``videxpr tune``: settings that need no training, chosen on labeled videos."""

from collections.abc import Iterator
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import output_console, prepare_process, print_table, progress_bar
from videxpr.cli.model_choice import chosen_checkpoint
from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.options import Setting, TuneCommand
from videxpr.evaluation.tune.report import Trial, TuneReport, write_config
from videxpr.evaluation.tune.tune import tune

BEST: Final = "*"
CURRENT: Final = "="


def run(command: TuneCommand, given: frozenset[str]) -> int:
    """Try every setting, show what came out, and write the settings."""
    prepare_process(command.run.quiet)
    if command.output.exists() and not command.overwrite:
        raise UsageError(
            f"{command.output} is there already; --overwrite replaces it, --output names another file"
        )
    checkpoint = chosen_checkpoint(command.model, command.run) if command.model else None
    with progress_bar("persons", command.run.quiet) as progress:
        report = tune(command.predictions, command.labels, checkpoint, command.tuning, progress)
    if not command.run.quiet:
        _show(report)
    messages = Console(stderr=True, highlight=False, quiet=command.run.quiet)
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


def _show(report: TuneReport) -> None:
    """Print every table on standard output, and what came out in words."""
    console = output_console()
    for stride in sorted({trial.setting.stride for trial in report.trials}):
        heading = (
            f"Macro F1 at stride {stride}: smoothing in seconds (down), logit adjustment (across); "
            f"{BEST} best, {CURRENT} current"
        )
        console.print(Text(heading, style="bold"), soft_wrap=True)
        print_table(console, _grid_table(report, stride))
    heading = "Cross-validation: each fold scored with what was best on the others"
    console.print(Text(heading, style="bold"), soft_wrap=True)
    print_table(console, _fold_table(report))
    for line in _summary(report):
        console.print(line, soft_wrap=True, markup=False)


def _grid_table(report: TuneReport, stride: int) -> Table:
    """Return the macro F1 of one stride: spans down, strengths across."""
    own = {trial.setting: trial for trial in report.trials if trial.setting.stride == stride}
    strengths = sorted({setting.logit_adjustment for setting in own})
    table = Table()
    table.add_column("", justify="right")
    for strength in strengths:
        table.add_column(f"{strength:g}", justify="left")
    for span in sorted({setting.smooth_seconds for setting in own}):
        trials = (own[Setting(stride, strength, span)] for strength in strengths)
        table.add_row(f"{span:g}", *(_cell(report, trial) for trial in trials))
    return table


def _cell(report: TuneReport, trial: Trial) -> Text:
    marks = BEST * (trial == report.best) + CURRENT * (trial == report.current)
    return Text(f"{trial.macro_f1:.4f}{marks}", style="bold" if marks else "")


def _fold_table(report: TuneReport) -> Table:
    """Return each part of the source videos with what was best on all the others."""
    validation = report.validation
    table = Table()
    table.add_column("fold")
    for name in ("videos", "stride", "smoothing", "adjustment", "macro F1", "current"):
        table.add_column(name, justify="right")
    for number, fold in enumerate(validation.folds, 1):
        chosen = report.trials[fold.chosen].setting
        setting = str(chosen.stride), f"{chosen.smooth_seconds:g} s", f"{chosen.logit_adjustment:g}"
        scores = f"{fold.macro_f1:.4f}", f"{fold.current_macro_f1:.4f}"
        table.add_row(str(number), str(len(fold.groups)), *setting, *scores)
    table.add_section()
    totals = f"{validation.macro_f1:.4f}", f"{validation.current_macro_f1:.4f}"
    table.add_row("all frames", str(len(report.sources)), "", "", "", *totals, style="bold")
    return table


def _summary(report: TuneReport) -> Iterator[str]:
    gain = report.validation.gain
    spread = f" (95 % interval {gain.interval:+.4f})" if gain.interval else ""
    yield (
        f"{len(report.sources)} source videos, {report.frames:,} labeled frames, model {report.model}"
    )
    for name, trial in (("best", report.best), ("current", report.current)):
        flags = " ".join(f"--{flag} {value:g}" for flag, value in trial.setting.options.items())
        yield f"{name:7}  {flags}: macro F1 {trial.macro_f1:.4f}"
    yield f"choosing gains {gain.macro_f1:+.4f}{spread} on videos that had no part in the choice"
    if report.gains and gain.interval and gain.interval.low <= 0:
        yield "the interval holds 0: the gain may be luck"
