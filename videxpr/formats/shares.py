"""What shares of the voters named each expression, frame by frame: CSV beside an annotation file.

    EXPR_Set/Train_Set/train_0001.txt
    EXPR_Set/Train_Set/train_0001.shares.csv

A line of names, then one a frame with a number for each expression, 0 to 1. Their sum is less than 1
where some voters said something else, and 0 where nobody is known to have voted.
"""

import io
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats

SUFFIX: Final = ".shares.csv"
HEADER: Final = ",".join(EXPRESSIONS)
SLACK: Final = 0.01
"""What a sum may be above 1: shares are rounded."""


def shares_file(annotations: Path) -> Path:
    """Return the name of the file beside an annotation file."""
    return annotations.with_name(annotations.stem + SUFFIX)


def write_shares(path: Path, shares: Floats) -> None:
    """Write shares (T, 8), to three digits."""
    text = io.StringIO()
    np.savetxt(text, shares, "%.3g", ",", header=HEADER, comments="")
    path.write_text(text.getvalue(), encoding="ascii")


def read_shares(path: Path, frames: int) -> Floats:
    """Read shares (frames, 8).

    Raises:
        FormatError: it has other columns, other frames, or numbers that are no shares.
    """
    try:
        head, *rows = path.read_text(encoding="utf-8-sig").splitlines()
        shares = np.array([row.split(",") for row in rows], np.float32).reshape(
            -1, len(EXPRESSIONS)
        )
    except (OSError, UnicodeDecodeError, ValueError) as exc:
        raise FormatError(f"{path} is no file of shares: {exc}") from exc
    if head != HEADER:
        raise FormatError(f"{path}, line 1: columns must be {HEADER}, not {head}")
    if len(shares) != frames:
        raise FormatError(f"{path} has {len(shares)} frames, its annotation file {frames}")
    wrong = ~((shares >= 0).all(axis=1) & (shares.sum(axis=1) <= 1 + SLACK))
    if wrong.any():
        line = int(wrong.argmax())
        raise FormatError(f"{path}, line {line + 2}: {rows[line]} are no shares of the voters")
    return shares
