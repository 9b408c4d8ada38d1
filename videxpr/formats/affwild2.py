"""Aff-Wild2's annotation files: a header line, then one integer a frame."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.errors import FormatError
from videxpr.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.files import replacing
from videxpr.formats.lines import read_lines, rows_below

HEADER: Final = ",".join(EXPRESSIONS)


def write_labels(path: Path, labels: NDArray[np.int64]) -> None:
    """Write one label a frame, -1 for frames without one; line 2 is the first frame.

    Raises:
        ValueError: a label is none of -1 to 7.
    """
    if len(labels) and (labels.min() < NOT_ANNOTATED or labels.max() >= len(EXPRESSIONS)):
        raise ValueError(f"labels lie between -1 and 7, not {labels.min()} and {labels.max()}")
    lines = [HEADER, *map(str, labels.tolist())]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def read_labels(path: Path) -> NDArray[np.int64]:
    """Labels of an annotation file, one a frame.

    A byte order mark, Windows line ends and a missing last newline are taken.

    Raises:
        FormatError: anything else that differs, with the file and the line.
    """
    rows = rows_below(HEADER, path, read_lines(path))
    return np.array([_label(path, n, row) for n, row in enumerate(rows, 2)], dtype=np.int64)


def _label(path: Path, number: int, text: str) -> int:
    if text not in _LABELS:
        raise FormatError(f"{path}, line {number}: {text!r} is no label; labels are -1 to 7")
    return _LABELS[text]


_LABELS: Final = {str(label): label for label in range(NOT_ANNOTATED, len(EXPRESSIONS))}
