"""What each edition of the challenge wants to be sent."""

from dataclasses import dataclass
from typing import Final

from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.affwild2 import HEADER, SEVEN_CLASS_HEADER


@dataclass(frozen=True)
class Edition:
    """One edition's form of a submission.

    Attributes:
        number: 3 for ABAW3, and so on.
        one_file: whether it is one ``predictions.txt``; else it is one text file a video.
        classes: 8, or 7 (without Other) in the first two editions.
    """

    number: int
    one_file: bool
    classes: int = len(EXPRESSIONS)

    @property
    def text_header(self) -> str:
        """First line of a video's text file."""
        return HEADER if self.classes == len(EXPRESSIONS) else SEVEN_CLASS_HEADER

    @property
    def highest(self) -> int:
        """The highest label."""
        return self.classes - 1


_ALL: Final = (
    *(Edition(number, one_file=False, classes=7) for number in (1, 2)),
    Edition(3, one_file=False),
    *(Edition(number, one_file=True) for number in (5, 6, 8, 10)),
)
EDITIONS: Final = {edition.number: edition for edition in _ALL}
"""The editions whose expression challenge is on Aff-Wild2 with these classes."""


def find_edition(number: int) -> Edition:
    """Return the edition of that number.

    Raises:
        UsageError: videxpr knows none.
    """
    if number not in EDITIONS:
        known = ", ".join(map(str, EDITIONS))
        raise UsageError(
            f"no form of a submission is known for edition {number}; known are {known}"
        )
    return EDITIONS[number]
