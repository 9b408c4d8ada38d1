"""The table at the end of a run, in whole words and in as many columns as the terminal has."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from rich.cells import cell_len
from rich.text import Text

from videxpr.cli.console import output_console
from videxpr.video.jobs import JobResult

Report = TypeVar("Report", bound=JobResult)

MOST_ROWS: Final = 20
"""Of more videos only the failures and the sums are shown; ``summary.csv`` has them all."""

GAP: Final = "  "
LEAST_TEXT: Final = 24
"""Width of a column of text, however long the names are: two expressions with their shares."""


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: what it is about, numbers, and a text of parts between commas.
        notes: sentences below it.
    """

    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def print_reports(
    title: str,
    header: tuple[str, ...],
    reports: Sequence[Report],
    rows: Callable[[Report], Sequence[Row]],
    total: Callable[[Sequence[Report]], Row],
    did: str,
) -> None:
    """Print a run on standard output: a row a video that is done, their sums, how many failed.

    Why one failed was said when it did, and is said again if that is far above.

    Args:
        title: of the table.
        header: its columns' names, as the cells of `Row`.
        reports: of all sources.
        rows: makes the rows of one that is done.
        total: makes the row of sums.
        did: what was done with a source.
    """
    console = output_console()
    counts = Counter(report.status for report in reports)
    done = [report for report in reports if report.status == "done"]
    failed = [report for report in reports if report.status == "failed"]
    shown = [] if len(done) > MOST_ROWS else [row for report in done for row in rows(report)]
    shown += [total(done)] if len(done) > 1 else []
    if len(reports) > MOST_ROWS:
        for report in failed[:MOST_ROWS]:
            _print(f"error: {report.error}", console.width, "red")
        if len(failed) > MOST_ROWS:
            _print(f"and {len(failed) - MOST_ROWS} errors more", console.width, "red")
    if shown:
        _print(title, console.width, "italic")
        for number, line in enumerate(table_lines(header, shown, console.width)):
            console.print(Text(line, style="" if number else "bold"), soft_wrap=True)
    console.print(f"{counts['done']} {did}, {counts['skipped']} skipped, {counts['failed']} failed")


def _print(text: str, width: int, style: str) -> None:
    for line in _words(text, width):
        output_console().print(Text(line, style=style), soft_wrap=True)


def table_lines(header: tuple[str, ...], rows: Sequence[Row], width: int) -> Iterator[str]:
    """Yield the lines of a table that fits a width, but for words that are longer than it.

    A name that is too long for its column stands on a line of its own.

    Args:
        header: the columns' names.
        rows: with as many cells.
        width: in columns of the terminal.
    """
    names, *numbers, texts = zip(header, *(row.cells for row in rows), strict=True)
    widths = [max(map(len, column)) for column in numbers]
    left = width - sum(widths) - len(GAP) * (len(header) - 1)
    longest = max(map(cell_len, names))
    text_width = max(left - longest, min(max(map(len, texts)), LEAST_TEXT))
    widths.insert(0, max(min(longest, left - text_width), len(header[0])))
    for cells, notes in ((header, ()), *((row.cells, row.notes) for row in rows)):
        yield from _row_lines(cells, widths, text_width)
        for note in notes:
            yield from _words(note, width, GAP)


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


def _words(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text in lines of whole words."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
