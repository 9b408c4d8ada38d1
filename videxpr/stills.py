"""Folders of labelled face crops: one folder a class, and a split into train, validation and test."""

import csv
import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from videxpr.errors import FormatError, SourceError
from videxpr.expressions import EXPRESSIONS
from videxpr.images import IMAGE_SUFFIXES, read_image, resized

Part = Literal["train", "validation", "test"]
PARTS: Final[tuple[str, ...]] = get_args(Part)
VALIDATION_SHARE: Final = 0.1
HASH_SIDE: Final = 16


@dataclass(frozen=True)
class Still:
    """One labelled image: its path, the name that a split file knows it by, and its label."""

    path: Path
    name: str
    label: int


def find_stills(folder: Path) -> list[Still]:
    """Every image under the class folders of `folder`, in order of name.

    A class folder bears the name of an expression in any case, and may lie one folder further down
    (``faces/anger/...``). Names are relative to `folder`, with forward slashes.

    Raises:
        SourceError: there is no such folder, or none of its folders is named after an expression.
    """
    if not folder.is_dir():
        raise SourceError(f"no folder {folder} to train on")
    labels = {name.lower(): label for label, name in enumerate(EXPRESSIONS)}
    stills = [
        Still(path, path.relative_to(folder).as_posix(), labels[path.parent.name.lower()])
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES and path.parent.name.lower() in labels
    ]
    if not stills:
        raise SourceError(
            f"{folder} has no images in folders named after expressions "
            f"({', '.join(labels)}); make one folder a class"
        )
    return stills


def read_split(file: Path, stills: Iterable[Still]) -> dict[Part, list[Still]]:
    """Parts of `stills` as a CSV file with the columns ``image,split`` has them.

    An image is named by its path below the folder of stills; the file may name a folder more in
    front of it, or one less. Images that the file does not name are left out.

    Raises:
        FormatError: the file has other columns, another part, or names none of the images.
    """
    assigned = _read_assignment(file)
    parts: dict[Part, list[Still]] = {"train": [], "validation": [], "test": []}
    for still in stills:
        part = assigned.get(_tail(still.name))
        if part is not None:
            parts[part].append(still)
    for needed in ("train", "validation"):
        if not parts[needed]:
            raise FormatError(f"{file} names no {needed} image that is in the folder of stills")
    return parts


def draw_split(stills: Sequence[Still], seed: int) -> dict[Part, list[Still]]:
    """Train and validation parts drawn at random, all copies of an image on one side.

    Copies are images with the same difference hash, so that a second encoding, a thumbnail or
    another name of a picture counts as the same picture.
    """
    groups: dict[str, list[Still]] = defaultdict(list)
    for still in stills:
        groups[picture_hash(still.path)].append(still)
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    wanted = VALIDATION_SHARE * len(stills)
    parts: dict[Part, list[Still]] = {"train": [], "validation": [], "test": []}
    for key in order:
        part: Part = "validation" if len(parts["validation"]) < wanted else "train"
        parts[part].extend(groups[key])
    return parts


def picture_hash(path: Path) -> str:
    """The signs of the horizontal differences of a 17 x 16 thumbnail, hashed."""
    thumbnail = resized(read_image(path), HASH_SIDE + 1, HASH_SIDE).mean(axis=2)
    signs = np.packbits(np.diff(thumbnail, axis=1) > 0)
    return hashlib.sha256(signs.tobytes()).hexdigest()


class StillDataset(Dataset[tuple[Tensor, int]]):
    """Images as uint8 RGB tensors (3, size, size) with their labels."""

    def __init__(self, stills: Sequence[Still], size: int) -> None:
        self.stills = stills
        self.size = size

    def __len__(self) -> int:
        return len(self.stills)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        still = self.stills[index]
        image = resized(read_image(still.path), self.size, self.size)
        return torch.from_numpy(image).permute(2, 0, 1), still.label


def class_counts(stills: Iterable[Still]) -> list[int]:
    """Number of images of each of the eight expressions."""
    labels = [still.label for still in stills]
    return [int(count) for count in np.bincount(labels, minlength=len(EXPRESSIONS))]


def _read_assignment(file: Path) -> Mapping[str, Part]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            if not {"image", "split"} <= set(reader.fieldnames or ()):
                raise FormatError(
                    f"{file}, line 1: columns must be image,split, not {reader.fieldnames}"
                )
            rows = [(reader.line_num, row["image"], row["split"]) for row in reader]
    except OSError as exc:
        raise FormatError(f"cannot read the split {file}: {exc.strerror}") from exc
    assigned: dict[str, Part] = {}
    for line, image, part in rows:
        if part not in PARTS:
            raise FormatError(f"{file}, line {line}: split {part!r} is none of {', '.join(PARTS)}")
        assigned[_tail(image)] = part  # type: ignore[assignment]
    return assigned


def _tail(name: str) -> str:
    """Class folder and file name: what a path and a line of a split file surely share."""
    return "/".join(name.split("/")[-2:])
