"""The one-file submission of ABAW editions 5 to 10, and the organizers' template for it.

    image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other
    14-30-1920x1080/00001.jpg,0

Image names count from 1, frame indices from 0; `videxpr.core.image_names` turns one into the other.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.files import atomic_write, read_lines
from videxpr.core.image_names import frame_of, image_name

PREDICTIONS: Final = "predictions.txt"
"""What the file is called."""

HEADER: Final = "image_location," + ",".join(EXPRESSIONS)
ROW_END: Final = re.compile(r"(?P<image>\d{5,9}\.jpg),(?P<label>-1|[0-7]?)", re.ASCII)
LIST_ROW: Final = re.compile(r"(?!(.*/)?\d+\.jpg(,|$))(?P<name>[^/].*?)/?")


@dataclass(frozen=True)
class Block:
    """Rows of one video that stand together in the file.

    Attributes:
        name: of the video, with ``_left`` or ``_right`` where it has a side.
        frames: (N,) 0-based indices of its frames, in the order of the rows; None where a template
            only lists names.
        labels: (N,) their labels, -1 where the row has none; None where a template lists names.
    """

    name: str
    frames: NDArray[np.int64] | None
    labels: NDArray[np.int64] | None


def write_predictions(path: Path, blocks: Iterable[Block]) -> None:
    """Write all blocks in their order, whole or not at all."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as out,
    ):
        out.write(HEADER + "\n")
        for block in blocks:
            if block.frames is None or block.labels is None:
                raise ValueError(f"{block.name} has no frames to write")
            pairs = zip(block.frames.tolist(), block.labels.tolist(), strict=True)
            out.writelines(f"{block.name}/{image_name(frame)},{label}\n" for frame, label in pairs)


def read_predictions(path: Path) -> list[Block]:
    """Read the blocks of a predictions file or of the organizers' template, in the file's order.

    A template's labels may be empty. A byte order mark and Windows line ends are taken.

    Raises:
        FormatError: another header or a malformed row, with the file and the line.
    """
    return list(_blocks(path, read_lines(path)))


def read_template(path: Path) -> list[Block]:
    """Read a template: the organizers' file, or a plain list of names, one a line.

    Raises:
        FormatError: the file is neither, or names a video or a frame twice.
    """
    lines = read_lines(path)
    if lines and lines[0].lstrip().startswith("{"):
        raise FormatError(
            f"{path} looks like JSON; the template of a submission is the organizers' file, or a list "
            "of videos' names, one a line (the geometry of crops belongs to crop, train and import)"
        )
    if lines and lines[0].startswith("image_location"):
        blocks = list(_blocks(path, lines))
    else:
        blocks = [_listed(path, n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if not blocks:
        raise FormatError(f"{path} names no video")
    name, times = Counter(block.name for block in blocks).most_common(1)[0]
    if times > 1:
        raise FormatError(f"{path} names {name} in two places")
    for block in blocks:
        if block.frames is not None:
            frames, counts = np.unique(block.frames, return_counts=True)
            if counts.max() > 1:
                double = image_name(int(frames[counts.argmax()]))
                raise FormatError(f"{path} names {block.name}/{double} in two places")
    return blocks


def _blocks(path: Path, lines: list[str]) -> Iterator[Block]:
    if not lines or lines[0] != HEADER:
        found = lines[0] if lines else "nothing"
        raise FormatError(f"{path}, line 1: the header must be {HEADER!r}, not {found!r}")
    number = 2
    for name, group in groupby(lines[1:], key=lambda row: row.rpartition("/")[0]):
        rows = list(group)
        columns = [_row_end(row[len(name) + 1 :]) for row in rows]
        is_name = name != "" and "\r" not in name
        if not is_name or None in columns:
            bad = columns.index(None) if is_name else 0
            raise FormatError(
                f"{path}, line {number + bad}: {rows[bad]!r} is not of the form NAME/00001.jpg,LABEL, "
                f"with a label from {NOT_ANNOTATED} to {len(EXPRESSIONS) - 1} or none"
            )
        number += len(rows)
        array = np.array(columns, dtype=np.int64)
        yield Block(name, array[:, 0], array[:, 1])


@lru_cache(maxsize=2**17)
def _row_end(end: str) -> tuple[int, int] | None:
    """Return frame and label of what follows a name, e.g. ``00001.jpg,0``, which many videos share."""
    match = ROW_END.fullmatch(end)
    frame = frame_of(match["image"]) if match else None
    if match is None or frame is None:
        return None
    return frame, int(match["label"]) if match["label"] else NOT_ANNOTATED


def _listed(path: Path, number: int, line: str) -> Block:
    match = LIST_ROW.fullmatch(line.strip())
    if match is None:
        raise FormatError(
            f"{path}, line {number}: {line!r} is no video's name; above rows of images stands the "
            f"header {HEADER!r}"
        )
    return Block(match["name"], None, None)
