"""``videxpr evaluate``: predictions, or a model, against labels."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import STANDARD_OUTPUT, WIDE, prepare_process, write_output
from videxpr.cli.model_choice import chosen_model
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.metrics import CLASSES, Interval, Scores
from videxpr.evaluation.options import EvaluateCommand
from videxpr.evaluation.report import Comparison, Evaluation, VideoResult, as_json, as_markdown
from videxpr.evaluation.videos import evaluate

NARROW: Final = 115
"""Columns of a terminal up to which class names above counts are cut to their first letters."""
SHORT: Final = 5

OF_IMAGES: Final = ("model", "split", "part", "only", "corrupt", "device")
"""Options that mean nothing without --images."""


def run(command: EvaluateCommand, given: frozenset[str]) -> int:
    """Evaluate, show the tables, and write what was asked for."""
    prepare_process(command.run.quiet)
    _check(command, given)
    messages = Console(stderr=True, highlight=False, quiet=command.run.quiet)
    evaluation = _evaluation(command, messages)
    if not command.run.quiet and STANDARD_OUTPUT not in (command.json, command.markdown):
        _show(evaluation)
    if command.json is not None:
        write_output(command.json, as_json(evaluation))
    if command.markdown is not None:
        write_output(command.markdown, as_markdown(evaluation))
    if command.plots is not None:
        from videxpr.evaluation.plots import write_plots

        write_plots(command.plots, evaluation)
    for warning in _warnings(evaluation):
        messages.print(f"note: {warning}", soft_wrap=True, markup=False)
    return 0


def _check(command: EvaluateCommand, given: frozenset[str]) -> None:
    """Refuse options that were given and mean nothing here."""
    if command.images is None and given & set(OF_IMAGES):
        *first, last = (f"--{name}" for name in OF_IMAGES)
        raise UsageError(f"{', '.join(first)} and {last} go with --images")
    if "part" in given and command.selection.split is None:
        raise UsageError("--part names a part of a split; add --split FILE")


def _evaluation(command: EvaluateCommand, messages: Console) -> Evaluation:
    options = command.options
    if command.images is not None:
        return _evaluation_of_images(command, command.images, messages)
    if command.predictions is None or command.labels is None:
        raise UsageError(
            "name PREDICTIONS and LABELS, or a folder of crops with --images; --help explains"
        )
    return evaluate(
        command.predictions,
        command.labels,
        against=command.against,
        strict=options.strict,
        bootstrap=options.bootstrap,
        seed=options.seed,
    )


def _evaluation_of_images(command: EvaluateCommand, folder: Path, messages: Console) -> Evaluation:
    # the only way here that needs torch
    from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
    from videxpr.evaluation.images import evaluate_images
    from videxpr.model.checkpoint import load_checkpoint

    use_cpu_threads(cpu_threads())
    device = resolve_device(command.run.device)
    checkpoint = load_checkpoint(chosen_model(command.model, command.run.quiet), device)
    hidden = not messages.is_terminal
    with Progress(console=messages, transient=True, disable=hidden) as bar:
        task = bar.add_task("images", total=None)

        def advance(completed: int, total: int) -> None:
            bar.update(task, completed=completed, total=total)

        return evaluate_images(checkpoint, folder, command.selection, command.options, advance)


def _warnings(evaluation: Evaluation) -> list[str]:
    """Return what is to be said of the predictions and, if there are others, of those."""
    if evaluation.against is None:
        return evaluation.warnings
    both = (evaluation, evaluation.against.other)
    return [f"{one.name}: {warning}" for one in both for warning in one.warnings]


def _show(evaluation: Evaluation) -> None:
    """Print every table on standard output, the headline last."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    if evaluation.videos:
        console.print(_video_table(evaluation.videos))
    console.print(_confusion_table(evaluation, SHORT if console.width < NARROW else None))
    console.print(_class_table(evaluation))
    if evaluation.subsets:
        console.print(_subset_table(evaluation))
    console.print(_line(f"predictions  {evaluation.predictions}"))
    console.print(_line(f"labels       {evaluation.labels}"))
    console.print(_headline(evaluation), soft_wrap=True)
    if evaluation.reliability is not None:
        low, high = evaluation.reliability.error_by_chance
        console.print(
            f"expected calibration error {evaluation.reliability.expected_error:.3f} (of a perfectly "
            f"calibrated model with as many predictions as confident: {low:.3f} to {high:.3f})",
            soft_wrap=True,
        )
    if evaluation.against is not None:
        for line in _against(evaluation.against):
            console.print(line, soft_wrap=True)


def _video_table(videos: Sequence[VideoResult]) -> Table:
    table = _table(
        "Videos", ["video"], ["labeled", "covered", "accuracy", "F1 (present)", "length"]
    )
    for video in videos:
        found = video.scores
        cells = [str(video.frames), f"{video.coverage:.1%}"]
        cells += [f"{found.accuracy:.3f}", f"{found.macro_f1_present:.3f}"]
        if not video.frames:
            cells = ["0", "", "", ""]
        length = "no prediction" if video.difference is None else f"{video.difference:+d}"
        table.add_row(
            Text(video.name),
            *cells,
            length if video.difference != 0 else "",
            style="red" if video.difference is None else None,
        )
    return table


def _confusion_table(evaluation: Evaluation, letters: int | None) -> Table:
    """Return counts, labeled classes down and predicted ones across, cut to so many letters."""
    missing = evaluation.confusion[:, CLASSES].any()
    heads = [name[:letters] for name in EXPRESSIONS] + (["none"] if missing else [])
    table = _table(f"Labeled (down) and predicted (across) {evaluation.items}", [""], heads)
    for row, name in enumerate(EXPRESSIONS):
        counts = evaluation.confusion[row, : len(heads)].tolist()
        table.add_row(
            name,
            *(
                Text(str(count), style="bold" if column == row else "" if count else "dim")
                for column, count in enumerate(counts)
            ),
        )
    return table


def _class_table(evaluation: Evaluation) -> Table:
    found, intervals = evaluation.scores, evaluation.intervals
    heads = ["precision", "recall", "F1", "its 95 %", "labeled"]
    table = _table("Expressions", ["expression"], heads)
    for n, name in enumerate(EXPRESSIONS):
        values = (found.precision[n], found.recall[n], found.f1[n])
        ends = _ends(intervals.f1[n]) if intervals is not None and found.support[n] else ""
        table.add_row(name, *(f"{value:.3f}" for value in values), ends, str(found.support[n]))
    return table


def _subset_table(evaluation: Evaluation) -> Table:
    """Return the headline, and the same over some of the frames."""
    heads = ["frames", "share", "macro F1", "macro F1 (present)", "accuracy"]
    table = _table("Which frames", ["frames"], heads)
    table.add_row(*_score_cells("all labeled", evaluation.scores, evaluation.frames, 1.0))
    for subset in evaluation.subsets:
        share = subset.frames / evaluation.frames
        cells = _score_cells(subset.name, subset.scores, subset.frames, share)
        table.add_row(*cells if subset.frames else [subset.name, "0", f"{0:.1%}", "", "", ""])
    return table


def _score_cells(name: str, found: Scores, frames: int, share: float) -> list[str]:
    values = (found.macro_f1, found.macro_f1_present, found.accuracy)
    return [name, str(frames), f"{share:.1%}", *(f"{value:.3f}" for value in values)]


def _headline(evaluation: Evaluation) -> Text:
    found = evaluation.scores
    text = Text(f"macro F1 {found.macro_f1:.3f}", style="bold")
    text.append(_interval(evaluation), style="not bold")
    text.append(
        f", over present classes {found.macro_f1_present:.3f}, accuracy {found.accuracy:.3f}, "
        f"{evaluation.frames} labeled {evaluation.items}, coverage {evaluation.coverage:.1%}",
        style="not bold",
    )
    return text


def _interval(evaluation: Evaluation) -> str:
    if evaluation.intervals is None:
        return f" (no interval: that takes two {evaluation.unit} or more)"
    ends = _ends(evaluation.intervals.macro_f1)
    return f" (95 %: {ends}, {evaluation.groups} {evaluation.unit})"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _against(comparison: Comparison) -> list[Text]:
    other, difference = comparison.other, comparison.difference
    ends = ""
    if difference.interval is not None:
        low, high = difference.interval.low, difference.interval.high
        ends = f" (95 %: {low:+.3f} to {high:+.3f}; above 0 in {difference.share_above:.1%})"
    return [
        _line(f"against      {other.predictions}"),
        _headline(other),
        Text(f"difference {difference.macro_f1:+.3f}{ends}", style="bold"),
    ]


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return a table with names to the left and numbers to the right."""
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for head in numbers:
        table.add_column(head, justify="right")
    return table


def _line(text: str) -> Text:
    return Text(text, overflow="fold")
