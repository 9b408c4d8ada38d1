"""The table at the end of a run, in whole words and in as many columns as the terminal has."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from rich.cells import cell_len
from rich.text import Text

from videxpr.cli.console import output_console
from videxpr.cli.message import words
from videxpr.video.jobs import JobResult

Report = TypeVar("Report", bound=JobResult)

MOST_ROWS: Final = 20
"""Of more videos only the failures and the sums are shown; ``summary.csv`` has them all."""

NEAR_ROWS: Final = 5
"""Of no more videos what was said before is near enough."""

GAP: Final = "  "
LEAST_TEXT: Final = 24
"""Width of a column of text, however long the names are: two expressions with their shares."""


Cells = tuple[str, ...]
"""Of a row: what it is about, numbers, and a text of parts between commas."""


def print_reports(
    title: str,
    header: Cells,
    reports: Sequence[Report],
    rows: Callable[[Report], Sequence[Cells]],
    total: Callable[[Sequence[Report]], Cells],
    did: str,
) -> None:
    """Print a run on standard output: what is done in a row or more each, their sums, how many failed.

    Why one failed was said when it did, and is said again where that may be far above.

    Args:
        title: of the table.
        header: the columns' names.
        reports: of all sources.
        rows: makes the rows of one that is done.
        total: makes the row of sums.
        did: what was done with a source.
    """
    console = output_console()
    done = [report for report in reports if report.status == "done"]
    errors = [report.error for report in reports if report.error]
    lines = []
    if len(reports) > NEAR_ROWS:
        lines = [(f"error: {error}", "red") for error in errors[:MOST_ROWS]]
        if len(errors) > MOST_ROWS:
            lines.append((f"and {len(errors) - MOST_ROWS} errors more", "red"))
    for text, style in (*lines, *([(title, "italic")] if done else [])):
        for line in words(text, console.width):
            console.print(Text(line, style=style), soft_wrap=True)
    shown = []
    if len(done) <= MOST_ROWS:
        shown = [(rows(report), report.warnings) for report in done]
    if len(done) > 1:
        shown.append(([total(done)], ()))
    if shown:
        for line in table_lines(header, shown, console.width):
            console.print(Text(line), soft_wrap=True)
    warned = sum(bool(report.warnings) for report in done)
    if warned and len(done) > MOST_ROWS:
        console.print(f"{warned} of them with warnings, in summary.csv")
    counts = Counter(report.status for report in reports)
    incomplete = len(errors) - counts["failed"]
    lacking = f", {incomplete} without a format that was asked for" if incomplete else ""
    console.print(
        f"{counts['done']} {did}, {counts['skipped']} skipped, {counts['failed']} failed{lacking}"
    )


def table_lines(
    header: Cells, blocks: Sequence[tuple[Sequence[Cells], Sequence[str]]], width: int
) -> Iterator[str]:
    """Yield the lines of a table that fits a width, but for words that are longer than it.

    A name that is too long for its column stands on a line of its own.

    Args:
        header: the columns' names.
        blocks: rows that belong together, and warnings that stand below them.
        width: in columns of the terminal.
    """
    every = [header, *(cells for rows, _ in blocks for cells in rows)]
    names, *numbers, texts = zip(*every, strict=True)
    widths = [max(map(len, column)) for column in numbers]
    left = width - sum(widths) - len(GAP) * (len(header) - 1)
    least_text = min(max(map(len, texts)), LEAST_TEXT)
    fitting = (size for size in map(cell_len, names) if size <= left - least_text)
    widths.insert(0, max([len(header[0]), *fitting]))
    text_width = left - widths[0]
    for rows, warnings in (([header], ()), *blocks):
        for cells in rows:
            yield from _row_lines(cells, widths, text_width)
        for warning in warnings:
            yield from words(f"warning: {warning}", width, GAP)


def _row_lines(cells: Sequence[str], widths: Sequence[int], text_width: int) -> Iterator[str]:
    name, *numbers, text = cells
    if cell_len(name) > widths[0]:
        yield name
        name = ""
    aligned = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
    start = GAP.join((name + " " * (widths[0] - cell_len(name)), *aligned, ""))
    for line in _parts(text, text_width):
        yield (start + line).rstrip()
        start = " " * cell_len(start)


def _parts(text: str, width: int) -> list[str]:
    """Return a text in lines that end with a whole part of it, behind a comma."""
    first, *more = text.split(", ")
    lines = [first]
    for part in more:
        if len(lines[-1]) + len(", ,") + len(part) > width:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] += f", {part}"
    return lines
