"""An evaluation as tables on the terminal."""

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.metrics import CLASSES, Interval, Scores
from videxpr.evaluation.result import Comparison, Evaluation, VideoResult

WIDE: Final = 200
"""Columns of a table that goes to a file or a pipe, where nothing need be folded."""

NARROW: Final = 115
"""Columns of a terminal up to which class names above counts are cut to their first letters."""
SHORT: Final = 5


def show(evaluation: Evaluation) -> None:
    """Print every table on standard output, the headline last."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    if evaluation.videos:
        console.print(_videos(evaluation.videos))
    console.print(_confusion(evaluation, SHORT if console.width < NARROW else None))
    console.print(_classes(evaluation))
    if evaluation.subsets:
        console.print(_figures(evaluation))
    console.print(_line(f"predictions  {evaluation.predictions}"))
    console.print(_line(f"labels       {evaluation.labels}"))
    console.print(_headline(evaluation), soft_wrap=True)
    if evaluation.reliability is not None:
        low, high = evaluation.reliability.error_by_chance
        console.print(
            f"expected calibration error {evaluation.reliability.expected_error:.3f} (of a perfectly "
            f"calibrated model with as many answers as confident: {low:.3f} to {high:.3f})",
            soft_wrap=True,
        )
    if evaluation.against is not None:
        for line in _against(evaluation.against):
            console.print(line, soft_wrap=True)


def _videos(videos: Sequence[VideoResult]) -> Table:
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


def _confusion(evaluation: Evaluation, letters: int | None) -> Table:
    """Counts, labeled classes down and predicted ones across, by their first letters or in full."""
    missing = evaluation.confusion[:, CLASSES].any()
    heads = [name[:letters] for name in EXPRESSIONS] + (["none"] if missing else [])
    table = _table(f"Labeled (down) and predicted (across) {evaluation.counted}", [""], heads)
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


def _classes(evaluation: Evaluation) -> Table:
    found, intervals = evaluation.scores, evaluation.intervals
    heads = ["precision", "recall", "F1", "its 95 %", "labeled"]
    table = _table("Expressions", ["expression"], heads)
    for n, name in enumerate(EXPRESSIONS):
        figures = (found.precision[n], found.recall[n], found.f1[n])
        ends = _ends(intervals.f1[n]) if intervals is not None and found.support[n] else ""
        table.add_row(name, *(f"{value:.3f}" for value in figures), ends, str(found.support[n]))
    return table


def _figures(evaluation: Evaluation) -> Table:
    """The headline, and the same over some of the frames."""
    heads = ["frames", "share", "macro F1", "macro F1 (present)", "accuracy"]
    table = _table("Which frames", ["frames"], heads)
    table.add_row(*_figure_cells("all labeled", evaluation.scores, evaluation.frames, 1.0))
    for subset in evaluation.subsets:
        share = subset.frames / evaluation.frames
        cells = _figure_cells(subset.name, subset.scores, subset.frames, share)
        table.add_row(*cells if subset.frames else [subset.name, "0", f"{0:.1%}", "", "", ""])
    return table


def _figure_cells(name: str, found: Scores, frames: int, share: float) -> list[str]:
    figures = (found.macro_f1, found.macro_f1_present, found.accuracy)
    return [name, str(frames), f"{share:.1%}", *(f"{value:.3f}" for value in figures)]


def _headline(evaluation: Evaluation) -> Text:
    found = evaluation.scores
    text = Text(f"macro F1 {found.macro_f1:.3f}", style="bold")
    text.append(_interval(evaluation), style="not bold")
    text.append(
        f", over present classes {found.macro_f1_present:.3f}, accuracy {found.accuracy:.3f}, "
        f"{evaluation.frames} labeled {evaluation.counted}, coverage {evaluation.coverage:.1%}",
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


def _table(title: str, names: Sequence[str], figures: Sequence[str]) -> Table:
    """A table with names to the left and figures to the right."""
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for head in figures:
        table.add_column(head, justify="right")
    return table


def _line(text: str) -> Text:
    return Text(text, overflow="fold")
