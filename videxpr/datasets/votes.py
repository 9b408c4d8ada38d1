"""What several people said of the expression on an image, as FER+ has it: a line of CSV an image.

Source: Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced
Label Distribution", ICMI 2016.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.files import unreadable_reason
from videxpr.core.structures import Floats

OTHERS: Final = ("contempt", "unknown", "nf")
"""What people could say besides: contempt, that they cannot tell, that it is no face."""

ANSWERS: Final = (*(name.lower() for name in EXPRESSIONS), *OTHERS)
"""Columns of a file of votes, in the order of `Votes.counts`."""

MOST_DIGITS: Final = 9

UNUSABLE: Final = (ANSWERS.index("unknown"), ANSWERS.index("nf"))


@dataclass(frozen=True)
class Votes:
    """How many people gave each answer for one image.

    Attributes:
        counts: of each of `ANSWERS`; at least one is above 0.
    """

    counts: tuple[int, ...]

    @property
    def majority(self) -> int:
        """The expression with strictly the most of all votes; -1 at a tie, and where another answer has
        the most.
        """
        top = self._top
        return top if 0 <= top < len(EXPRESSIONS) else NOT_ANNOTATED

    @property
    def unusable(self) -> bool:
        """Whether most people could not tell, or saw no face."""
        return self._top in UNUSABLE

    @property
    def shares(self) -> Floats:
        """(8,) share of all voters who named each expression; the sum is less than 1 by the share of
        those who said something else.
        """
        return (np.array(self.counts[: len(EXPRESSIONS)]) / sum(self.counts)).astype(np.float32)

    @property
    def _top(self) -> int:
        most = max(self.counts)
        return self.counts.index(most) if self.counts.count(most) == 1 else -1


def one_hot(labels: int | NDArray[np.integer]) -> Floats:
    """Return the shares (..., 8) of labels (...): a label is a vote of one, and -1 of nobody."""
    shares: Floats = np.eye(len(EXPRESSIONS) + 1, len(EXPRESSIONS), dtype=np.float32)[labels]
    return shares


def read_votes(file: Path) -> dict[str, Votes]:
    """Read a CSV file with the column ``image`` and one a class, any of contempt, unknown, nf beside.

    Returns:
        Votes by what the column ``image`` says; without those of images that nobody voted on.

    Raises:
        FormatError: it has other columns, a count that is none, or an image twice.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = _columns(file, reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise FormatError(f"cannot read the votes {file}: {unreadable_reason(exc)}") from exc
    votes: dict[str, Votes] = {}
    for line, row in rows:
        image = row["image"]
        if not image or image in votes:
            what = f"{image} is named a second time" if image else "no image is named"
            raise FormatError(f"{file}, line {line}: {what}")
        votes[image] = Votes(tuple(_counts(f"{file}, line {line}", row, columns)))
    return {image: one for image, one in votes.items() if any(one.counts)}


def _columns(file: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the file's column of each answer that it has."""
    columns = {name.lower(): name for name in names if name != "image"}
    strange = [name for name in columns if name not in ANSWERS]
    if "image" not in names or strange or len(columns.keys() - set(OTHERS)) < 2:
        raise FormatError(
            f"{file}, line 1: columns must be image and expressions ({', '.join(ANSWERS)}), not "
            f"{', '.join(names) or 'none'}"
        )
    return columns


def _counts(place: str, row: Mapping[str, str | None], columns: Mapping[str, str]) -> Iterator[int]:
    for answer in ANSWERS:
        text = (row[columns[answer]] or "") if answer in columns else "0"
        if not text.strip().isdecimal() or len(text) > MOST_DIGITS:
            raise FormatError(f"{place}: {answer} is {text!r}, not a number of votes")
        yield int(text)
