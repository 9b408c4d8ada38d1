"""What the editions want."""

import pytest

from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.submission.editions import EDITIONS, find_edition


def test_forms_are_those_of_the_editions() -> None:
    assert {number: one.one_file for number, one in EDITIONS.items()} == {
        1: False, 2: False, 3: False, 5: True, 6: True, 8: True, 10: True,
    }  # fmt: skip
    assert find_edition(3).text_header == ",".join(EXPRESSIONS)
    assert find_edition(2).text_header == ",".join(EXPRESSIONS).removesuffix(",Other")
    assert [EDITIONS[number].highest for number in (1, 2, 3, 6)] == [6, 6, 7, 7]


@pytest.mark.parametrize("number", [0, 4, 7, 11, -3])
def test_other_editions_are_wrong_usage(number: int) -> None:
    with pytest.raises(UsageError, match=rf"edition {number}; known are 1, 2, 3, 5, 6, 8, 10"):
        find_edition(number)
