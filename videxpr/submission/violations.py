"""What can be wrong with a text file, and what is wrong with single lines and labels."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, TypeVar

from videxpr.submission.editions import Edition

SHOWN_CHARACTERS: Final = 90
INTEGER: Final = re.compile(r"[-+]?[0-9]{1,9}")
UNCOUNTED: Final = "the template only lists names: how many rows a video needs was not checked"
OTHER_SPELLING: Final = "the template spells this name with other characters (Unicode NFC or NFD)"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Finding = TypeVar("Finding", bound=tuple[Any, ...])
"""What was found (text, line, ...), and whatever else rises by one from line to line."""


@dataclass(frozen=True)
class Violation:
    """Something that is wrong, or odd, in consecutive lines.

    Attributes:
        file: which file, as the user knows it.
        line: the first line, from 1 on; 0 if the whole file is meant.
        text: what is wrong and what should be there.
        lines: how many lines.
    """

    file: str
    line: int
    text: str
    lines: int = 1

    def __str__(self) -> str:
        if self.line == 0:
            return f"{self.file}: {self.text}"
        if self.lines == 1:
            return f"{self.file}, line {self.line}: {self.text}"
        return f"{self.file}, lines {self.line}-{self.line + self.lines - 1}: {self.text}"


@dataclass(frozen=True)
class CheckReport:
    """All that was found in a submission.

    Attributes:
        videos: how many the template wants.
        rows: how many rows or labels were read.
        violations: what the organizers' program may stumble over, by file and line.
        warnings: what is odd, but read by most programs, or what could not be checked.
    """

    videos: int
    rows: int
    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...]


def read_text_lines(file: str, content: bytes) -> tuple[list[str], list[Violation]]:
    """Return the lines of a file without their ends, and warnings of marks and of Windows' line ends.

    Bytes that are no UTF-8 are written as escapes.
    """
    warnings = []
    if content.startswith(BYTE_ORDER_MARK):
        text = "the file begins with a byte order mark; save it as plain UTF-8"
        warnings.append(Violation(file, 1, text))
    lines = content.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "backslashreplace").split("\n")
    if lines[-1] == "":
        lines.pop()
    text = "line end CRLF, as on Windows; most readers take that, a plain newline is safe"
    if b"\r\n" in content:
        warnings += merge(file, ((text, n) for n, line in enumerate(lines, 1) if line[-1:] == "\r"))
        lines = [line.removesuffix("\r") for line in lines]
    return lines, warnings


def runs(findings: Iterable[Finding]) -> Iterator[tuple[Finding, int]]:
    """Yield the first of findings that say the same while their numbers rise by one, and how many."""
    numbered = enumerate(findings)
    for _, run in groupby(numbered, lambda one: (one[1][0], *(n - one[0] for n in one[1][1:]))):
        (_, first), *others = run
        yield first, 1 + len(others)


def merge(file: str, findings: Iterable[tuple[str, int]]) -> Iterator[Violation]:
    """Yield findings (text, line) as violations; equal ones in consecutive lines are one."""
    for (text, line), count in runs(findings):
        yield Violation(file, line, text, count)


def check_header(
    lines: Sequence[str], header: str, row: re.Pattern[str]
) -> tuple[int, list[tuple[str, int]]]:
    """Return the line in which rows begin, and what is wrong with the header as text and line.

    Args:
        lines: of the file.
        header: that the first one should be.
        row: what may stand below it, by which a file without a header is known.
    """
    if not lines:
        return 2, [(f"the file is empty; its first line should be {header!r}", 1)]
    if row.fullmatch(lines[0].strip()):
        return 1, [(f"the header is missing; the first line should be {header!r}", 1)]
    wrong = f"the header should be {header!r}, not {quoted(lines[0])}"
    return 2, [(wrong, 1)] if lines[0] != header else []


def line_problem(line: str) -> str | None:
    """Return what is wrong with a line before one looks at what it says."""
    if line.strip() == "":
        return "the line is blank"
    if line != line.strip():
        return "the line has spaces at its beginning or end"
    return None


@lru_cache(maxsize=2**10)
def label_problem(label: str, edition: Edition) -> str | None:
    """Return what is wrong with a label, or None."""
    if label == "":
        return "the label is empty"
    if label != label.strip():
        return f"the label {quoted(label)} has spaces around it"
    allowed = f"labels are whole numbers from 0 to {edition.highest}"
    if not INTEGER.fullmatch(label):
        return f"the label {quoted(label)} is not an integer; {allowed}"
    number = int(label)
    if number == -1:
        return f"the label is -1; {allowed}, and every frame needs one"
    if not 0 <= number <= edition.highest:
        return f"the label {number} is out of range; {allowed}"
    return None if label == str(number) else f"the label {quoted(label)} should be {number}"


def quoted(text: str) -> str:
    """Return a value from a file, shortened where it is long."""
    shown = repr(text)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "...'"
