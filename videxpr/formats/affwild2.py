"""Aff-Wild2's annotation files: a header line, then one integer a frame.

    Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other
    0
    -1
    7

Editions 1 and 2 have no ``Other``; some files that are handed round have lost their header.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.files import atomic_write, read_lines
from videxpr.formats.frame_labels import padded_labels
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing

HEADER: Final = ",".join(EXPRESSIONS)
SEVEN_CLASS_HEADER: Final = ",".join(EXPRESSIONS[:7])
"""Of editions 1 and 2: the same order without Other."""

LABELS: Final = {str(label): label for label in range(NOT_ANNOTATED, len(EXPRESSIONS))}
LABELS_BELOW: Final = {
    HEADER: LABELS,
    SEVEN_CLASS_HEADER: {text: label for text, label in LABELS.items() if label < 7},
}
"""The labels that may stand below each header, as they are written."""


def write_person(
    path: Path, annotation: Annotation, rank: int = 0, missing: Missing = "fill"
) -> None:
    """Write the labels of one person of a video, as `frame_labels.frame_labels` says them."""
    write_labels(path, padded_labels(annotation, rank, missing))


def write_labels(path: Path, labels: NDArray[np.int64], header: str = HEADER) -> None:
    """Write one label a frame, -1 for frames without one; line 2 is the first frame.

    Raises:
        ValueError: a label is none of -1 to 7, or of -1 to 6 below `SEVEN_CLASS_HEADER`.
    """
    highest = max(LABELS_BELOW[header].values())
    if len(labels) and (labels.min() < NOT_ANNOTATED or labels.max() > highest):
        found = f"{labels.min()} and {labels.max()}"
        raise ValueError(f"labels lie between -1 and {highest}, not {found}")
    lines = [header, *map(str, labels.tolist())]
    with atomic_write(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def read_labels(path: Path) -> NDArray[np.int64]:
    """Return the labels of an annotation file, one a frame, -1 for frames without one.

    A byte order mark, Windows line ends, a missing last newline, the header of editions 1 and 2
    (without Other, so that labels end at 6) and a missing header are taken.

    Raises:
        FormatError: anything else that differs, with the file and the line.
    """
    lines = read_lines(path)
    if not lines:
        raise FormatError(f"{path} is empty; its first line should be {HEADER!r}")
    known = LABELS_BELOW.get(lines[0])
    if known is None and lines[0] not in LABELS:
        raise FormatError(f"{path}, line 1: the header must be {HEADER!r}, not {lines[0]!r}")
    rows, first_line = (lines, 1) if known is None else (lines[1:], 2)
    known = known or LABELS
    labels = [known.get(row) for row in rows]
    if None in labels:
        place = labels.index(None)
        raise FormatError(
            f"{path}, line {first_line + place}: {rows[place]!r} is no label; labels here are whole "
            f"numbers from {NOT_ANNOTATED} to {max(known.values())}"
        )
    return np.array(labels, np.int64)
