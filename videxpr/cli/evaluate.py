"""``videxpr evaluate``: predictions, or a model, against labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import (
    output_console,
    prepare_process,
    print_table,
    progress_bar,
    write_output,
)
from videxpr.cli.message import show
from videxpr.cli.model_choice import chosen_checkpoint
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import STANDARD_OUTPUT
from videxpr.datasets.options import FOLDER_LABELS_ALONE
from videxpr.evaluation.agreement import Agreement
from videxpr.evaluation.metrics import CLASSES
from videxpr.evaluation.options import EvaluateCommand
from videxpr.evaluation.report import METRICS, PER_CLASS, Evaluation, Scored, as_json, as_markdown
from videxpr.evaluation.videos import evaluate

NARROW: Final = 115
"""Columns of a terminal up to which class names above counts are cut to their first letters."""
SHORT: Final = 5

OF_IMAGES: Final = ("model", "split", "part", "only", "votes", "folder-labels", "corrupt", "device")
"""Options that mean nothing without --images."""


def run(command: EvaluateCommand, given: frozenset[str]) -> int:
    """Evaluate, show the tables, and write what was asked for."""
    prepare_process(command.run.quiet)
    _check(command, given)
    evaluation = _evaluation(command)
    if not command.run.quiet and STANDARD_OUTPUT not in (command.json, command.markdown):
        _show(evaluation)
    if command.json is not None:
        write_output(command.json, as_json(evaluation))
    if command.markdown is not None:
        write_output(command.markdown, as_markdown(evaluation))
    if command.plots is not None:
        from videxpr.evaluation.plots import write_plots

        write_plots(command.plots, evaluation)
    messages = Console(stderr=True, highlight=False, quiet=command.run.quiet)
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
    if command.selection.folder_labels and command.selection.votes is None:
        raise UsageError(FOLDER_LABELS_ALONE)


def _evaluation(command: EvaluateCommand) -> Evaluation:
    options = command.options
    if command.images is not None:
        return _evaluation_of_images(command, command.images)
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


def _evaluation_of_images(command: EvaluateCommand, folder: Path) -> Evaluation:
    from videxpr.evaluation.images import evaluate_images  # the only way here that needs torch

    checkpoint = chosen_checkpoint(command.model, command.run)
    with progress_bar("images", command.run.quiet) as progress:
        return evaluate_images(checkpoint, folder, command.selection, command.options, progress)


def _warnings(evaluation: Evaluation) -> list[str]:
    """Return what is to be said of the predictions and, if there are others, of those."""
    if evaluation.against is None:
        return evaluation.warnings
    both = (evaluation, evaluation.against.other)
    return [f"{one.name}: {warning}" for one in both for warning in one.warnings]


def _show(evaluation: Evaluation) -> None:
    """Print every table on standard output, the headline last."""
    console = output_console()
    if evaluation.videos:
        print_table(console, _video_table(evaluation))
    shortened = SHORT if console.width < NARROW else None
    print_table(console, _confusion_table(evaluation, shortened))
    print_table(console, _class_table(evaluation))
    if evaluation.subsets:
        print_table(console, _subset_table(evaluation))
    for line in _closing_lines(evaluation):
        show(console, line.plain, str(line.style))


def _video_table(evaluation: Evaluation) -> Table:
    of_lengths = ["length"] if any(video.difference != 0 for video in evaluation.videos) else []
    heads = "labeled", "covered", "accuracy", "F1 (present)", *of_lengths
    table = _table("Videos", "video", *heads)
    for video in evaluation.videos:
        missing, found = video.difference is None, video.scores
        cells = f"{video.coverage:.1%}", f"{found.accuracy:.3f}", f"{found.macro_f1_present:.3f}"
        length = (
            "no prediction" if missing else f"{video.difference:+d}" if video.difference else ""
        )
        table.add_row(
            Text(video.name),
            str(video.frames),
            *(cells if video.frames else [""] * len(cells)),
            *([length] if of_lengths else []),
            style="red" if missing else None,
        )
    return table


def _confusion_table(evaluation: Evaluation, letters: int | None) -> Table:
    """Return counts, labeled classes down and predicted ones across, cut to so many letters."""
    missing = evaluation.confusion[:, CLASSES].any()
    heads = [name[:letters] for name in EXPRESSIONS] + (["none"] if missing else [])
    table = _table(f"Labeled (down) and predicted (across) {evaluation.items}", "", *heads)
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
    heads = "precision", "recall", "F1", "its 95 %", "labeled"
    table = _table("Expressions", "expression", *heads)
    for n, name in enumerate(EXPRESSIONS):
        values = [f"{getattr(found, metric)[n]:.3f}" for metric in PER_CLASS]
        ends = f"{intervals.f1[n]:.3f}" if intervals and found.support[n] else ""
        is_there = evaluation.confusion[n].any() or evaluation.confusion[:, n].any()
        row = (name, *values, ends, str(found.support[n]))
        table.add_row(*row, style=None if is_there else "dim")
    return table


def _subset_table(evaluation: Evaluation) -> Table:
    """Return the headline, and the same over some of the frames."""
    heads = "frames", "share", "macro F1", "macro F1 (present)", "accuracy"
    table = _table("Which frames: detected, bridged over a gap, or filled", "frames", *heads)
    rows: list[tuple[str, Scored]] = [("all labeled", evaluation), *evaluation.subsets.items()]
    for name, scored in rows:
        if not scored.frames:
            continue
        values = [f"{getattr(scored.scores, one):.3f}" for one in METRICS]
        share = scored.frames / evaluation.frames
        table.add_row(name, str(scored.frames), f"{share:.1%}", *values)
    return table


def _closing_lines(evaluation: Evaluation) -> Iterator[Text]:
    yield Text(f"predictions  {evaluation.predictions}")
    yield Text(f"labels       {evaluation.labels}")
    yield _headline(evaluation)
    if evaluation.reliability is not None:
        low, high = evaluation.reliability.error_by_chance
        yield Text(
            f"expected calibration error {evaluation.reliability.expected_error:.3f} (of a perfectly "
            f"calibrated model with as many predictions as confident: {low:.3f} to {high:.3f})"
        )
    if evaluation.agreement is not None:
        yield from _agreement_lines(evaluation.agreement)
    if evaluation.against is not None:
        other, difference = evaluation.against.other, evaluation.against.difference
        ends, above = difference.interval, difference.share_above
        spread = f" (95 %: {ends:+.3f}; above 0 in {above:.1%})" if ends else ""
        yield Text(f"against      {other.predictions}")
        yield _headline(other)
        yield Text(f"difference {difference.macro_f1:+.3f}{spread}", style="bold")


def _headline(evaluation: Evaluation) -> Text:
    found, unit = evaluation.scores, evaluation.unit
    ends = f"no interval: that takes two {unit} or more"
    if evaluation.intervals is not None:
        ends = f"95 %: {evaluation.intervals.macro_f1:.3f}, {evaluation.groups} {unit}"
    return Text.assemble(
        (f"macro F1 {found.macro_f1:.3f}", "bold"),
        f" ({ends}), over present classes {found.macro_f1_present:.3f}, accuracy "
        f"{found.accuracy:.3f}, {evaluation.frames} labeled {evaluation.items}, coverage "
        f"{evaluation.coverage:.1%}",
    )


def _agreement_lines(found: Agreement) -> Iterator[Text]:
    ends = f"95 %: {found.intervals.macro_f1:.3f}, " if found.intervals else ""
    yield Text.assemble(
        (f"vote-weighted macro F1 {found.macro_f1:.3f}", "bold"),
        f" ({ends}{found.images} images), accuracy by FER+'s protocol {found.clear_accuracy:.3f} "
        f"({found.clear_images} images)",
    )
    yield Text(
        f"confidence is {found.curve.expected_error:.3f} off the share of voters who say the same; "
        f"cross-entropy {found.cross_entropy:.3f}, divergence {found.divergence:.3f}"
    )


def _table(title: str, name: str, *numbers: str) -> Table:
    """Return a table with names to the left and numbers to the right."""
    table = Table(title=title, title_justify="left")
    table.add_column(name, overflow="fold")
    for head in numbers:
        table.add_column(head, justify="right")
    return table
