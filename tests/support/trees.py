"""A small tree in Aff-Wild2's layout with every trap that its copies set, and what is planted in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from videxpr.core.expressions import EXPRESSIONS

HEADER: Final = ",".join(EXPRESSIONS)
SEVEN: Final = ",".join(EXPRESSIONS[:7])


@dataclass(frozen=True)
class Planted:
    """What is known of one name.

    Attributes:
        name: of the annotation file.
        split: ``Train_Set`` or ``Validation_Set``.
        labels: a line a frame.
        missing: frames that have no crop.
        extra: crops beyond the last line.
        folder: of the crops, below the root.
        header: of the file, empty for none.
        end: of each line.
        bom: whether the file begins with a byte order mark.
        last_newline: whether the last line has its end.
    """

    name: str
    split: str
    labels: tuple[int, ...]
    missing: frozenset[int] = frozenset()
    extra: int = 0
    folder: str = "cropped_aligned"
    header: str = HEADER
    end: str = "\n"
    bom: bool = False
    last_newline: bool = True

    @property
    def usable(self) -> list[int]:
        """Frames that are labeled and have a crop."""
        return [f for f, label in enumerate(self.labels) if label >= 0 and f not in self.missing]


def runs(*pairs: tuple[int, int]) -> tuple[int, ...]:
    """Labels from (label, frames) pairs."""
    return tuple(label for label, count in pairs for _ in range(count))


TRAPS: Final = (
    Planted("1-30-1280x720", "Train_Set", runs((0, 30), (-1, 10), (4, 40)), frozenset({3, 35, 50})),
    Planted("video2", "Train_Set", runs((4, 20), (7, 21)), end="\r\n", last_newline=False, extra=1),
    Planted(
        "122-60-1920x1080-3",
        "Train_Set",
        runs((5, 70)),
        folder="cropped_aligned_new_50_vids",
        bom=True,
    ),
    Planted("10-60-1280x720", "Train_Set", runs((1, 12), (2, 12)), header=""),
    Planted("10-60-1280x720_right", "Train_Set", runs((3, 24)), frozenset(range(12))),
    Planted("360", "Train_Set", runs((-1, 15))),
    Planted("video45_7", "Train_Set", runs((0, 9)), frozenset(range(9))),
    Planted("video10_1_left", "Validation_Set", runs((6, 40), (0, 5)), header=SEVEN),
    Planted("video10_1_right", "Validation_Set", runs((6, 1), (4, 65)), end="\r\n", bom=True),
    Planted("8-30-1280x720", "Validation_Set", runs((7, 33)), folder="batch2/cropped_aligned"),
)
"""Every trap of the organizers' folders: two crop folders and a batch, sides, CRLF, byte order marks,
a missing header, seven classes, missing crops, runs of -1, one crop more than lines, no crop at all."""


def write_tree(root: Path, planted: Sequence[Planted] = TRAPS, *, size: int = 112) -> Path:
    """Write annotations and crops; a crop's gray is its frame's number, its red its label."""
    for one in planted:
        _write_labels(root / "6th_ABAW" / "EXPR_Recognition_Challenge" / one.split, one)
        frames = [f for f in range(len(one.labels) + one.extra) if f not in one.missing]
        for frame in frames:
            label = one.labels[min(frame, len(one.labels) - 1)]
            path = root / one.folder / one.name / f"{frame + 1:05d}.jpg"
            write_crop(path, shade(frame, label, size))
    return root


def shade(frame: int, label: int, size: int = 112) -> np.ndarray:
    """A picture whose left half tells the frame, its right half the label."""
    picture = np.full((size, size, 3), 40 + frame % 100, np.uint8)
    picture[:, size // 2 :] = (30 * (label + 1), 20 + 25 * (label + 1) % 200, 200 - 20 * label)
    return picture


def write_crop(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=95)


def _write_labels(folder: Path, one: Planted) -> None:
    lines = [*([one.header] if one.header else []), *map(str, one.labels)]
    text = one.end.join(lines) + (one.end if one.last_newline else "")
    file = folder / f"{one.name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes((b"\xef\xbb\xbf" if one.bom else b"") + text.encode())
