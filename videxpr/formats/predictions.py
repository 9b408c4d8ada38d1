"""The one-file submission of ABAW editions 5 to 10, and the organisers' template for it.

    image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other
    14-30-1920x1080/00001.jpg,0

Image names count from 1, frame indices from 0; `videxpr.image_names` turns one into the other.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.errors import FormatError
from videxpr.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.files import replacing
from videxpr.formats.lines import read_lines, rows_below
from videxpr.image_names import frame_of, image_name

HEADER: Final = "image_location," + ",".join(EXPRESSIONS)
ROW: Final = re.compile(r"(?P<name>[^\r]+)/(?P<image>\d{5,}\.jpg),(?P<label>-1|[0-7]?)")
LIST_ROW: Final = re.compile(r"(?P<name>[^,/][^,]*?)(/)?")


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
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(HEADER + "\n")
        for block in blocks:
            if block.frames is None or block.labels is None:
                raise ValueError(f"{block.name} has no frames to write")
            pairs = zip(block.frames.tolist(), block.labels.tolist(), strict=True)
            out.writelines(f"{block.name}/{image_name(frame)},{label}\n" for frame, label in pairs)


def read_predictions(path: Path) -> list[Block]:
    """Blocks of a predictions file or of the organisers' template, in the order of the file.

    A template's labels may be empty. A byte order mark and Windows line ends are taken.

    Raises:
        FormatError: another header or a malformed row, with the file and the line.
    """
    rows = rows_below(HEADER, path, read_lines(path))
    return list(_blocks(_row(path, number, row) for number, row in enumerate(rows, 2)))


def read_template(path: Path) -> list[Block]:
    """A template: the organisers' file, or a plain list of names, one a line.

    Raises:
        FormatError: the file is neither, or names a video twice.
    """
    lines = read_lines(path)
    if lines and lines[0].startswith("image_location"):
        blocks = read_predictions(path)
    else:
        blocks = [_listed(path, n, line) for n, line in enumerate(lines, 1) if line.strip()]
    names = [block.name for block in blocks]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles or not names:
        raise FormatError(
            f"{path} names {doubles[0]} in two places" if doubles else f"{path} names no video"
        )
    return blocks


def _row(path: Path, number: int, line: str) -> tuple[str, int, int]:
    match = ROW.fullmatch(line)
    frame = frame_of(match["image"]) if match else None
    if match is None or frame is None:
        raise FormatError(
            f"{path}, line {number}: {line!r} is not of the form NAME/00001.jpg,LABEL"
        )
    label = int(match["label"]) if match["label"] else NOT_ANNOTATED
    return match["name"], frame, label


def _blocks(rows: Iterator[tuple[str, int, int]]) -> Iterator[Block]:
    for name, group in groupby(rows, key=lambda row: row[0]):
        columns = np.array([row[1:] for row in group], dtype=np.int64)
        yield Block(name, columns[:, 0], columns[:, 1])


def _listed(path: Path, number: int, line: str) -> Block:
    match = LIST_ROW.fullmatch(line.strip())
    if match is None:
        raise FormatError(
            f"{path}, line {number}: {line!r} is neither a video's name nor a row of a template"
        )
    return Block(match["name"], None, None)
