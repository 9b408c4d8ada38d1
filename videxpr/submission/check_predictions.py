"""Every defect of a ``predictions.txt``, by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videxpr.formats.predictions import HEADER, Block
from videxpr.submission.editions import Edition
from videxpr.submission.prediction_rows import FileRows, read_rows
from videxpr.submission.template_rows import (
    Integers,
    TemplateRows,
    in_order,
    rows_of_names,
    runs,
    template_rows,
)
from videxpr.submission.violations import CheckReport, TextLines, Violation, merged, quoted


@dataclass(frozen=True)
class _Placed:
    """Where the N rows of a file stand among the R rows of a template.

    Attributes:
        position: (N,) the template's row, -1 for none.
        kept: (N,) whether it stands in order.
        home: (R,) the file's row that stands for each of the template's, -1 where none does.
    """

    position: Integers
    kept: NDArray[np.bool_]
    home: Integers


def check_predictions(text: TextLines, template: Sequence[Block], edition: Edition) -> CheckReport:
    """Compare a file with a template, row by row.

    Args:
        text: the file.
        template: the organizers' rows, or names alone: then rows must run from 00001 on without a gap.
        edition: decides which labels there are.
    """
    first, problem = _header(text)
    names = {block.name: n for n, block in enumerate(template)}
    rows = read_rows(text.lines[first - 1 :], names, edition)
    video, frame = np.array(rows.video, np.int64), np.array(rows.frame, np.int64)
    counted = all(block.frames is not None for block in template)
    wanted = template_rows(template) if counted else rows_of_names(list(names), video, frame)
    placed = _place(wanted, video, frame)
    strange = _unexpected_rows(rows, wanted, placed)
    placed, due = _fill_gaps(placed, np.array(sorted(strange), np.int64))
    violations = [Violation(text.file, 1, problem)] if problem else []
    violations += merged(text.file, ((row + first, what) for row, what in rows.problems))
    violations += _strange(text.file, first, wanted, strange, due)
    violations += _misplaced(text.file, first, wanted, placed)
    violations += _missing(text.file, first, wanted, placed)
    note = "the template only lists names: how many rows a video needs was not checked"
    return CheckReport(
        videos=len(template),
        rows=len(video),
        violations=tuple(sorted(violations, key=lambda violation: violation.line)),
        warnings=(*text.warnings, *(() if counted else (Violation(text.file, 0, note),))),
    )


def _header(text: TextLines) -> tuple[int, str | None]:
    """The line in which rows begin, and what is wrong with the header."""
    found = text.lines[0] if text.lines else ""
    if found == HEADER:
        return 2, None
    if not text.lines:
        return 2, f"the file is empty; its first line should be {HEADER!r}"
    if "/" in found and found.count(",") <= 2:
        return 1, f"the header is missing; the first line should be {HEADER!r}"
    return 2, f"the header should be {HEADER!r}, not {quoted(found)}"


def _place(wanted: TemplateRows, video: Integers, frame: Integers) -> _Placed:
    position = wanted.positions(video, frame)
    kept = in_order(position)
    home = np.full(len(wanted), -1)
    others = np.flatnonzero((position >= 0) & ~kept)[::-1]  # of several the first one stays
    home[position[others]] = others
    home[position[kept]] = np.flatnonzero(kept)
    return _Placed(position, kept, home)


def _unexpected_rows(rows: FileRows, wanted: TemplateRows, placed: _Placed) -> dict[int, str]:
    """Why rows are none of the template's, by row."""
    videos = np.array(rows.video, np.int64)
    beyond = np.flatnonzero((placed.position < 0) & (videos >= 0)).tolist()
    names = (wanted.names[rows.video[row]] for row in beyond)
    texts = (f"the template has no such image of {name}" for name in names)
    return rows.strange | dict(zip(beyond, texts, strict=True))


def _fill_gaps(placed: _Placed, unexpected: Integers) -> tuple[_Placed, Integers]:
    """Let S rows that are none of the template's stand for those that are due there and missing.

    Returns:
        The rows with what they stand for, and (S,) the template's row for each stranger or -1.
    """
    count, end = len(placed.position), len(placed.home)
    index = np.arange(count)
    before = np.maximum.accumulate(np.where(placed.kept, index, -1))[unexpected]
    after = np.minimum.accumulate(np.where(placed.kept, index, count)[::-1])[::-1][unexpected]
    due = np.append(placed.position, -1)[before] + unexpected - before
    due[due >= np.append(placed.position, end)[after]] = -1
    due[placed.home[due] >= 0] = -1
    position, kept, home = placed.position.copy(), placed.kept.copy(), placed.home.copy()
    here = due >= 0
    position[unexpected[here]], kept[unexpected[here]] = due[here], True
    home[due[here]] = unexpected[here]
    return _Placed(position, kept, home), due


def _strange(
    file: str, first: int, wanted: TemplateRows, strange: Mapping[int, str], due: Integers
) -> Iterator[Violation]:
    """Rows that are none of the template's, with what it has in their place."""
    rows = np.array(sorted(strange), np.int64)
    numbers = {text: n for n, text in enumerate(strange.values())}
    same = np.array([numbers[strange[row]] for row in rows.tolist()], np.int64) << 32
    for start, length in runs(rows, same + rows, np.where(due < 0, rows - (1 << 32), due)):
        row, here = int(rows[start]), int(due[start])
        hint = f"; the template has {wanted.text(here, length)} here" if here >= 0 else ""
        yield Violation(file, row + first, strange[row] + hint, length)


def _misplaced(file: str, first: int, wanted: TemplateRows, placed: _Placed) -> Iterator[Violation]:
    """Rows that stand twice, or not where the template has them."""
    astray = np.flatnonzero((placed.position >= 0) & ~placed.kept)
    home = placed.home[placed.position[astray]]
    again, moved = astray[home != astray], astray[home == astray]
    at, due = home[home != astray], placed.position
    for start, length in runs(again, due[again], at):
        row, line = int(again[start]), int(at[start]) + first
        there = f"line {line}" if length == 1 else f"lines {line}-{line + length - 1}"
        text = f"duplicate: {wanted.text(int(due[row]), length)} as in {there}"
        yield Violation(file, row + first, text, length)
    for start, length in runs(moved, due[moved]):
        row = int(moved[start])
        what, before = wanted.text(int(due[row]), length), int(due[row]) - 1
        place = f"after {wanted.text(before)}" if before >= 0 else "first"
        text = f"wrong order: the template has {what} {place}"
        yield Violation(file, row + first, text, length)


def _missing(file: str, first: int, wanted: TemplateRows, placed: _Placed) -> Iterator[Violation]:
    """The template's rows that the file lacks, at the line where they should begin."""
    absent, kept = np.flatnonzero(placed.home < 0), np.flatnonzero(placed.kept)
    for start, length in runs(absent):
        due = int(absent[start])
        before = int(np.searchsorted(placed.position[kept], due))
        line = first + (int(kept[before - 1]) + 1 if before else 0)
        count = "1 row is" if length == 1 else f"{length} rows are"
        end = "; is the file cut off?" if due + length == len(wanted) else ""
        yield Violation(file, line, f"{count} missing here: {wanted.text(due, length)}{end}")
