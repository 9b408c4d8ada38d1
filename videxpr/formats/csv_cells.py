"""Text in CSV that no spreadsheet takes for a formula.

A video may be called ``=cmd|' /C calc'!A0.mp4``, which a spreadsheet would run. As OWASP advises ("CSV
Injection"), an apostrophe is put in front of it, which shows that text follows: behind semicolons and
tabs too, where some languages' spreadsheets begin a new cell.
"""

import re
from typing import Final

FORMULA: Final = r"(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
"""Before what spreadsheets take for the beginning of a formula; full-width signs are among it."""

UNGUARDED: Final = re.compile(rf"(^|[;\t]){FORMULA}")
GUARDED: Final = re.compile(rf"(^|[;\t])'{FORMULA}")


def guarded(text: str) -> str:
    """Return text as a cell holds it; `unguarded` takes it back."""
    return UNGUARDED.sub(r"\1'", text)


def unguarded(text: str) -> str:
    """Return the text that `guarded` made a cell of."""
    return GUARDED.sub(r"\1", text)
