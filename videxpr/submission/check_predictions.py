"""Everything that is wrong with a ``predictions.txt``, by line.

Rows are missing or unexpected (a set difference), not in order, given twice, or have a wrong label.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.image_names import image_name
from videxpr.core.names import composed
from videxpr.formats.predictions import HEADER, Block
from videxpr.submission.editions import Edition
from videxpr.submission.violations import (
    OTHER_SPELLING,
    UNCOUNTED,
    CheckReport,
    Violation,
    check_header,
    label_problem,
    line_problem,
    merge,
    quoted,
    read_text_lines,
    runs,
)

FORM: Final = "NAME/00001.jpg,LABEL"
ROW: Final = re.compile(
    r"(?P<image>(?P<name>[^\r]+)/(?P<number>(?!00000)\d{5}|[1-9]\d{5,8})\.jpg)(,(?P<label>.*))?",
    re.ASCII,
)
MOST_FRAMES: Final = 10**6
"""Of a mere list of names no video is believed to have more, whatever a file says."""


@dataclass(frozen=True)
class FileRows:
    """What the N lines below a header say.

    Attributes:
        positions: (N,) the template's row that each line is, -1 where it is none.
        unexpected: why a line is none of the template's, by its place.
        problems: what else is wrong with single lines, with their places.
    """

    positions: Sequence[int]
    unexpected: Mapping[int, str]
    problems: Sequence[tuple[str, int]]


def check_predictions(
    file: str, content: bytes, template: Sequence[Block], edition: Edition
) -> CheckReport:
    """Compare a file with a template, row by row.

    Args:
        file: its name.
        content: its bytes.
        template: the organizers' rows, or names alone: then rows must run from 00001 on without a gap.
        edition: decides which labels there are.
    """
    lines, warnings = read_text_lines(file, content)
    first, problems = check_header(lines, HEADER, ROW)
    lines = lines[first - 1 :]
    wanted = template_rows(template, lines)
    read = read_rows(lines, wanted, {block.name for block in template}, edition)
    problems += [(problem, place + first) for problem, place in read.problems]
    rows = Alignment(file, first, wanted, read)
    found = [*merge(file, problems), *rows.unexpected(), *rows.misplaced(), *rows.missing()]
    if any(block.frames is None for block in template):
        warnings.append(Violation(file, 0, UNCOUNTED))
    found.sort(key=lambda one: one.line)
    return CheckReport(len(template), len(lines), tuple(found), tuple(warnings))


def template_rows(template: Sequence[Block], lines: Sequence[str]) -> list[str]:
    """Return the rows that a template wants, without labels, in its order.

    Of a mere list of names these are all frames up to the last one that a file has of each.

    Args:
        template: the organizers' rows, or names.
        lines: of the file, below the header.
    """
    counts = {block.name: 1 for block in template if block.frames is None}
    for row in map(ROW.fullmatch, lines) if counts else ():
        if row and row["name"] in counts and int(row["number"]) <= MOST_FRAMES:
            counts[row["name"]] = max(counts[row["name"]], int(row["number"]))
    image = cache(image_name)  # videos have the same ones
    return [
        f"{block.name}/{image(frame)}"
        for block in template
        for frame in (range(counts[block.name]) if block.frames is None else block.frames.tolist())
    ]


def read_rows(
    lines: Sequence[str], wanted: Sequence[str], names: set[str], edition: Edition
) -> FileRows:
    """Read every line on its own, however wrong it is.

    Args:
        lines: below the header.
        wanted: the template's rows.
        names: of the template's videos.
        edition: decides which labels there are.
    """
    endings = {f",{label}" for label in range(edition.classes)}
    pairs = zip(lines, wanted, strict=False)
    right = takewhile(lambda one: one[0][:-2] == one[1] and one[0][-2:] in endings, pairs)
    head = sum(1 for _ in right)  # most files are right from here to their end
    read = FileRows(positions := list(range(head)), unexpected := {}, problems := [])
    if head == len(lines):
        return read
    index = {row: position for position, row in enumerate(wanted)}
    rest, spellings = lines[head:], set(map(composed, names))
    positions += [index.get(one[:-2], -1) if one[-2:] in endings else -1 for one in rest]
    for place in [place for place, position in enumerate(positions) if position < 0]:
        line = lines[place]
        row = ROW.fullmatch(line.strip())
        if row is None:
            malformed = f"{quoted(line)} is not of the form {FORM}"
            unexpected[place] = malformed if line.strip() else "the line is blank"
            continue
        positions[place] = index.get(row["image"], -1)
        if positions[place] < 0:
            unexpected[place] = _unknown(row["name"], names, spellings)
        problem = line_problem(line) or _field_problem(row["label"], edition)
        if problem:
            problems.append((problem, place))
    return read


def _unknown(name: str, names: set[str], spellings: set[str]) -> str:
    """Return why a row is none of the template's; `spellings` are its videos' names, composed."""
    if name in names:
        return f"the template has no such image of {name}"
    if composed(name) in spellings:
        return f"{quoted(name)}: {OTHER_SPELLING}"
    return f"the template has no video {quoted(name)}"


def _field_problem(label: str | None, edition: Edition) -> str | None:
    """Return what is wrong with what stands behind an image's name."""
    if label is None:
        return f"no label; rows are of the form {FORM}"
    if "," in label:
        return f"{label.count(',') + 2} fields instead of two; rows are of the form {FORM}"
    return label_problem(label, edition)


class Alignment:
    """The N rows of a file beside those of a template.

    Args:
        file: its name.
        first: the line of its first row.
        wanted: the W rows of the template, without labels.
        read: what the file's rows say.

    Attributes:
        due: (N,) the template's row that each of the file's is, or stands for; -1 for none.
        kept: (N,) whether it is where the template has it.
        home: (W,) the row that stands for each of the template's: of several the one in order, or the
            first; -1 for none.
    """

    def __init__(self, file: str, first: int, wanted: Sequence[str], read: FileRows) -> None:
        self.file, self.first, self.wanted = file, first, wanted
        self.reasons = read.unexpected
        self.due = np.array(read.positions, np.int64)
        self.kept = in_order(self.due)
        self.home = np.full(len(wanted), -1)
        known = np.flatnonzero(self.due >= 0)[::-1]  # of several numbers the last one stays
        self.home[self.due[known]] = known
        self.home[self.due[self.kept]] = np.flatnonzero(self.kept)
        self._fill_gaps()

    def _fill_gaps(self) -> None:
        """Let unexpected rows stand for what is due in their place and stands nowhere else."""
        next_due = np.maximum.accumulate(np.where(self.kept, self.due, -1)) + 1
        filled = -1
        for row in self.reasons:
            due = max(int(next_due[row]), filled + 1)
            if due < len(self.wanted) and self.home[due] < 0:
                self.due[row], self.kept[row], self.home[due], filled = due, True, row, due

    def unexpected(self) -> Iterator[Violation]:
        """Yield rows that are none of the template's, with what it has in their place."""
        found = (
            ((why, bool(self.kept[row])), row, int(self.due[row]) if self.kept[row] else row)
            for row, why in self.reasons.items()
        )
        for ((why, stands_in), row, due), count in runs(found):
            here = f"; the template has {self._span(due, count)} here" if stands_in else ""
            yield self._violation(row, why + here, count)

    def misplaced(self) -> Iterator[Violation]:
        """Yield rows that stand twice, or not where the template has them."""
        rows = np.flatnonzero((self.due >= 0) & ~self.kept)
        twice = self.home[self.due[rows]] != rows
        for row, due, home, count in self._runs(rows[twice]):
            line = home + self.first
            there = f"line {line}" if count == 1 else f"lines {line}-{line + count - 1}"
            yield self._violation(row, f"duplicate: {self._span(due, count)} as in {there}", count)
        for row, due, _, count in self._runs(rows[~twice]):
            place = f"after {self.wanted[due - 1]}" if due else "first"
            what = f"wrong order: the template has {self._span(due, count)} {place}"
            yield self._violation(row, what, count)

    def missing(self) -> Iterator[Violation]:
        """Yield the template's rows that the file lacks, behind those that come before."""
        absent = (("", due) for due in np.flatnonzero(self.home < 0).tolist())
        for (_, due), count in runs(absent):
            before = int(self.home[due - 1]) if due else -1
            are = "1 row is" if count == 1 else f"{count} rows are"
            end = "; is the file cut off?" if due + count == len(self.wanted) else ""
            what = f"{are} missing here: {self._span(due, count)}{end}"
            yield self._violation(before + 1, what, 1)

    def _runs(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, int, int, int]]:
        """Yield first row, what it is, where that stands, and how many rows go on so."""
        due = self.due[rows]
        found = zip(rows.tolist(), due.tolist(), self.home[due].tolist(), strict=True)
        for (_, row, what, home), count in runs(("", *one) for one in found):
            yield row, what, home, count

    def _violation(self, row: int, text: str, count: int) -> Violation:
        return Violation(self.file, row + self.first, text, count)

    def _span(self, due: int, count: int) -> str:
        """Return rows in words, e.g. ``a/00001.jpg`` or ``a/00001.jpg to b/00007.jpg``."""
        last = self.wanted[due + count - 1]
        return last if count == 1 else f"{self.wanted[due]} to {last}"


def in_order(positions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of N positions stand in order, so that as few as possible do not.

    Args:
        positions: (N,), -1 for rows that have none and are never in order.

    Returns:
        (N,), true along a longest rising subsequence, by patience sorting.
    """
    kept: NDArray[np.bool_] = positions == np.arange(len(positions))
    head = int(np.append(kept, False).argmin())  # what begins as it should is in order
    kept[head:] = False
    lowest: list[int] = []  # the lowest end of a rising subsequence, by its length
    ends: list[int] = []  # and the row of that end
    before = np.full(len(positions), -1)
    for row, position in enumerate(positions[head:].tolist(), head):
        length = bisect_left(lowest, position)
        if position < head or (length < len(lowest) and lowest[length] == position):
            continue  # of equal ones the first stays
        lowest[length : length + 1] = [position]
        ends[length : length + 1] = [row]
        before[row] = ends[length - 1] if length else -1
    row = ends[-1] if ends else -1
    while row >= 0:
        kept[row] = True
        row = int(before[row])
    return kept
