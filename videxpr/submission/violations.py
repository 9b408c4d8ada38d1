"""What can be wrong with a text file, and what is wrong with single lines and labels."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

from videxpr.submission.editions import Edition

SHOWN_CHARACTERS: Final = 90
INTEGER: Final = re.compile(r"[-+]?[0-9]{1,9}")


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
        defects: what the organizers' program may stumble over, by file and line.
        warnings: what is odd, but read by most programs, or what could not be checked.
    """

    videos: int
    rows: int
    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...]


@dataclass(frozen=True)
class TextLines:
    """The lines of a text file, whatever is wrong with them.

    Attributes:
        file: its name.
        lines: without their ends; bytes that are no UTF-8 are written as escapes.
        warnings: a byte order mark, and lines that end as Windows' do.
        cut_off: whether the last line lacks its end.
    """

    file: str
    lines: tuple[str, ...]
    warnings: tuple[Violation, ...]
    cut_off: bool


def text_lines(file: str, content: bytes) -> TextLines:
    """Split a file into lines; of what is odd about them, a mark and line ends are remarked on."""
    warnings = []
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
        warnings.append(
            Violation(file, 1, "the file begins with a byte order mark; save it as plain UTF-8")
        )
    lines = content.decode("utf-8", "backslashreplace").split("\n")
    cut_off = lines[-1] != ""
    if not cut_off:
        lines.pop()
    if b"\r\n" in content:
        text = "line end CRLF, as on Windows; most readers take that, a plain newline is safe"
        returns = ((n, text) for n, line in enumerate(lines, 1) if line.endswith("\r"))
        warnings += merged(file, returns)
        lines = [line.removesuffix("\r") for line in lines]
    return TextLines(file, tuple(lines), tuple(warnings), cut_off)


def merged(file: str, found: Iterable[tuple[int, str]]) -> Iterator[Violation]:
    """Findings (line, text) in the order of lines; equal ones in consecutive lines are one defect."""
    stretches = groupby(enumerate(found), lambda numbered: _stretch(*numbered))
    for (text, _), stretch in stretches:
        lines = [line for _, (line, _) in stretch]
        yield Violation(file, lines[0], text, len(lines))


def _stretch(number: int, finding: tuple[int, str]) -> tuple[str, int]:
    """The same for findings that are equal and in consecutive lines."""
    return finding[1], finding[0] - number


def quoted(text: str) -> str:
    """A value from a file, shortened where it is long."""
    shown = repr(text)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "...'"


def line_problem(line: str) -> str | None:
    """What is wrong with a line before one looks at what it says."""
    if line.strip() == "":
        return "the line is blank"
    if line != line.strip():
        return "the line has spaces at its beginning or end"
    return None


@lru_cache(maxsize=2**10)
def label_problem(label: str, edition: Edition) -> str | None:
    """What is wrong with a label, or None."""
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
