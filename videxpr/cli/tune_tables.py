"""What tuning gave, as tables on the terminal."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.cli.evaluate_tables import WIDE
from videxpr.evaluation.tune.cross_validation import Fold
from videxpr.evaluation.tune.options import Setting
from videxpr.evaluation.tune.report import TuneReport

BEST, PRESENT = "*", "="
"""Marks of the best setting and of the present one."""


def show(report: TuneReport) -> None:
    """Print every table on standard output, and what came out in words."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for stride in sorted({trial.setting.stride for trial in report.trials}):
        heading = (
            f"Macro F1 at stride {stride}: smoothing in seconds (down), logit adjustment (across); "
            f"{BEST} best, {PRESENT} present"
        )
        console.print(Text(heading, style="bold"), soft_wrap=True)
        console.print(_grid(report, stride))
    heading = "Cross-validation: each fold scored with what was best on the others"
    console.print(Text(heading, style="bold"), soft_wrap=True)
    console.print(_folds(report))
    for line in _outcome(report):
        console.print(line, soft_wrap=True, markup=False)


def advice(report: TuneReport, file: Path) -> str:
    """What to do with the settings, which are in that file by now."""
    if report.is_worth_it:
        return f"the best settings are in {file}: videxpr annotate --settings {file}"
    return f"no gain: keep the present settings, which are in {file}"


def _grid(report: TuneReport, stride: int) -> Table:
    """Macro F1 of one stride: spans down, strengths across."""
    figures = {trial.setting: trial.macro_f1 for trial in report.trials}
    own = [setting for setting in figures if setting.stride == stride]
    strengths = sorted({setting.logit_adjustment for setting in own})
    table = Table()
    table.add_column("", justify="right")
    for strength in strengths:
        table.add_column(f"{strength:g}", justify="left")
    for span in sorted({setting.smooth_seconds for setting in own}):
        cells = [_cell(report, figures, Setting(stride, each, span)) for each in strengths]
        table.add_row(f"{span:g}", *cells)
    return table


def _cell(report: TuneReport, figures: Mapping[Setting, float], setting: Setting) -> Text:
    is_best = setting == report.best.setting
    marks = (BEST if is_best else "") + (PRESENT if setting == report.present.setting else "")
    return Text(f"{figures[setting]:.4f}{marks}", style="bold" if marks else "")


def _folds(report: TuneReport) -> Table:
    """Each part of the source videos with what was best on all the others."""
    validation = report.validation
    table = Table()
    table.add_column("fold")
    for name in ("videos", "stride", "smoothing", "adjustment", "macro F1", "present"):
        table.add_column(name, justify="right")
    last = len(validation.folds)
    for number, fold in enumerate(validation.folds, 1):
        table.add_row(*_fold_cells(report, number, fold), end_section=number == last)
    figures = f"{validation.macro_f1:.4f}", f"{validation.macro_f1_present:.4f}"
    table.add_row("all frames", str(len(report.sources)), "", "", "", *figures, style="bold")
    return table


def _fold_cells(report: TuneReport, number: int, fold: Fold) -> list[str]:
    chosen = report.trials[fold.chosen].setting
    return [
        str(number),
        str(len(fold.groups)),
        *(str(chosen.stride), f"{chosen.smooth_seconds:g} s", f"{chosen.logit_adjustment:g}"),
        *(f"{fold.macro_f1:.4f}", f"{fold.macro_f1_present:.4f}"),
    ]


def _outcome(report: TuneReport) -> Iterator[str]:
    gain = report.validation.gain
    spread = (
        ""
        if gain.interval is None
        else f" (95 % interval {gain.interval.low:+.4f} to {gain.interval.high:+.4f})"
    )
    yield (
        f"{len(report.sources)} source videos, {report.frames:,} labeled frames, model {report.model}"
    )
    yield f"best     {_named(report.best.setting)}: macro F1 {report.best.macro_f1:.4f}"
    yield f"present  {_named(report.present.setting)}: macro F1 {report.present.macro_f1:.4f}"
    yield f"choosing gains {gain.macro_f1:+.4f}{spread} on videos that had no part in the choice"
    if report.is_worth_it and gain.interval is not None and gain.interval.low <= 0:
        yield "the interval holds 0: the gain may be luck"


def _named(setting: Setting) -> str:
    return (
        f"--stride {setting.stride} --smooth {setting.smooth_seconds:g} "
        f"--logit-adjustment {setting.logit_adjustment:g}"
    )
