"""Everything that is wrong with a ``predictions.txt``, by line.

Rows are missing or unexpected (a set difference), not in order, given twice, or have a wrong label.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from videxpr.core.image_names import image_name
from videxpr.formats.predictions import HEADER, Block
from videxpr.submission.editions import Edition
from videxpr.submission.violations import (
    UNCOUNTED,
    CheckReport,
    Violation,
    check_header,
    label_problem,
    line_problem,
    merge,
    quoted,
    read_text_lines,
    report,
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
    rows = Alignment(file, first, wanted, read.positions)
    found = [
        *merge(file, problems),
        *rows.unexpected(read.unexpected),
        *rows.misplaced(),
        *rows.missing(),
    ]
    if any(block.frames is None for block in template):
        warnings.append(Violation(file, 0, UNCOUNTED))
    return report(len(template), len(lines), found, warnings)


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
    return [
        f"{block.name}/{image_name(frame)}"
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
    index = {row: position for position, row in enumerate(wanted)}
    labels = set(map(str, range(edition.classes)))
    read = FileRows(positions := [], unexpected := {}, problems := [])
    for place, line in enumerate(lines):
        image, _, label = line.rpartition(",")
        if label in labels and image in index:  # of a million rows nearly all are right
            positions.append(index[image])
            continue
        row = ROW.fullmatch(line.strip())
        if row is None:
            positions.append(-1)
            malformed = f"{quoted(line)} is not of the form {FORM}"
            unexpected[place] = malformed if line.strip() else "the line is blank"
            continue
        positions.append(index.get(row["image"], -1))
        if positions[-1] < 0:
            known = row["name"] in names
            what = f"such image of {row['name']}" if known else f"video {quoted(row['name'])}"
            unexpected[place] = f"the template has no {what}"
        problem = line_problem(line) or _field_problem(row["label"], edition)
        if problem:
            problems.append((problem, place))
    return read


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
        wanted: the template's rows, without labels.
        positions: (N,) which of them each of the file's rows is, -1 for none.
    """

    def __init__(
        self, file: str, first: int, wanted: Sequence[str], positions: Sequence[int]
    ) -> None:
        self.file, self.first, self.wanted = file, first, wanted
        self.positions = list(positions)
        self.kept = in_order(positions)
        self.home: dict[int, int] = {}
        """The row that stands for each of the template's: of several the one in order, or the first."""
        for row, position in enumerate(positions):
            if position >= 0 and (self.kept[row] or position not in self.home):
                self.home[position] = row
        self._fill_gaps()

    def _fill_gaps(self) -> None:
        """Let unexpected rows stand for what is due in their place and stands nowhere else."""
        due = 0
        for row, position in enumerate(self.positions):
            if position < 0 and due < len(self.wanted) and due not in self.home:
                self.positions[row], self.kept[row], self.home[due] = due, True, row
            if self.kept[row]:
                due = self.positions[row] + 1

    def unexpected(self, reasons: Mapping[int, str]) -> Iterator[Violation]:
        """Yield rows that are none of the template's, with what it has in their place."""
        kinds = (((why, self.kept[row]), row, self.positions[row]) for row, why in reasons.items())
        found = ((kind, row, due if due >= 0 else row) for kind, row, due in kinds)
        for ((why, stands_in), row, due), count in runs(found):
            here = f"; the template has {self._span(due, count)} here" if stands_in else ""
            yield self._violation(row, why + here, count)

    def misplaced(self) -> Iterator[Violation]:
        """Yield rows that stand twice, or not where the template has them."""
        rows = enumerate(zip(self.positions, self.kept, strict=True))
        astray = [(row, due, self.home[due]) for row, (due, kept) in rows if due >= 0 and not kept]
        for (_, row, due, home), count in runs(("", *one) for one in astray if one[0] != one[2]):
            line = home + self.first
            there = f"line {line}" if count == 1 else f"lines {line}-{line + count - 1}"
            yield self._violation(row, f"duplicate: {self._span(due, count)} as in {there}", count)
        for (_, row, due, _), count in runs(("", *one) for one in astray if one[0] == one[2]):
            place = f"after {self.wanted[due - 1]}" if due else "first"
            what = f"wrong order: the template has {self._span(due, count)} {place}"
            yield self._violation(row, what, count)

    def missing(self) -> Iterator[Violation]:
        """Yield the template's rows that the file lacks, behind those that come before."""
        absent = (("", due) for due in range(len(self.wanted)) if due not in self.home)
        for (_, due), count in runs(absent):
            before = self.home[due - 1] if due else -1
            are = "1 row is" if count == 1 else f"{count} rows are"
            end = "; is the file cut off?" if due + count == len(self.wanted) else ""
            yield self._violation(
                before + 1, f"{are} missing here: {self._span(due, count)}{end}", 1
            )

    def _violation(self, row: int, text: str, count: int) -> Violation:
        return Violation(self.file, row + self.first, text, count)

    def _span(self, due: int, count: int) -> str:
        """Return rows in words, e.g. ``a/00001.jpg`` or ``a/00001.jpg to b/00007.jpg``."""
        last = self.wanted[due + count - 1]
        return last if count == 1 else f"{self.wanted[due]} to {last}"


def in_order(positions: Sequence[int]) -> list[bool]:
    """Return which of N positions stand in order, so that as few as possible do not.

    Args:
        positions: (N,), -1 for rows that have none and are never in order.

    Returns:
        (N,), true along a longest rising subsequence, by patience sorting.
    """
    lowest: list[int] = []  # the lowest end of a rising subsequence, by its length
    ends: list[int] = []  # and the row of that end
    before = [-1] * len(positions)
    for row, position in enumerate(positions):
        length = bisect_left(lowest, position)
        if position < 0 or (length < len(lowest) and lowest[length] == position):
            continue  # of equal ones the first stays
        lowest[length : length + 1] = [position]
        ends[length : length + 1] = [row]
        before[row] = ends[length - 1] if length else -1
    kept = [False] * len(positions)
    row = ends[-1] if ends else -1
    while row >= 0:
        kept[row] = True
        row = before[row]
    return kept
