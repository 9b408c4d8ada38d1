"""CSV as text: its cells, of which no spreadsheet takes any for a formula.

A video may be called ``=cmd|' /C calc'!A0.mp4``, which a spreadsheet would run. As OWASP advises ("CSV
Injection"), an apostrophe is put in front of it, which shows that text follows: behind semicolons and
tabs too, where some languages' spreadsheets begin a new cell.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

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


def table_text(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], decimal_comma: bool = False
) -> str:
    """Return a table as CSV; what a row lacks, or has as None, is an empty cell.

    Args:
        columns: in order; what rows hold besides is left out.
        rows: each a value a column.
        decimal_comma: write 0,5 for 0.5, and semicolons between cells.
    """
    text = io.StringIO()
    delimiter = ";" if decimal_comma else ","
    table = csv.DictWriter(
        text, columns, extrasaction="ignore", delimiter=delimiter, lineterminator="\n"
    )
    table.writeheader()
    for row in rows:
        table.writerow({name: _cell(value, decimal_comma) for name, value in row.items()})
    return text.getvalue()


def _cell(value: Any, decimal_comma: bool) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, float) and decimal_comma:
        return str(value).replace(".", ",")
    return value
