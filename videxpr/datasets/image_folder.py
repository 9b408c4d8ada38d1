"""Folders of labeled face crops: one folder a class, and a split into train, validation and test."""

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.core.errors import FormatError, SourceError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import unreadable_reason
from videxpr.core.structures import Floats
from videxpr.datasets.options import PARTS, Part
from videxpr.datasets.votes import Votes, one_hot, read_votes
from videxpr.video.images import IMAGE_SUFFIXES, read_image, resize

VALIDATION_SHARE: Final = 0.1
SPLIT_SEED: Final = 0
HASH_SIDE: Final = 16
HASHES_AT_ONCE: Final = 1024
COPY_DISTANCE: Final = 20
"""Differing signs of two hashes, of 256, up to which images are copies. In 400 aligned faces, JPEG at
quality 40, half or double the size changed up to 20; of all pairs among 17,278 faces, two in a
million are as near."""


@dataclass(frozen=True)
class LabeledImage:
    """One labeled image.

    Attributes:
        path: of its file.
        name: by which a split file knows it.
        label: an index of `EXPRESSIONS`; -1 if people voted on it and no expression has a majority.
        votes: what people said, None if the label is all that is known.
    """

    path: Path
    name: str
    label: int
    votes: Votes | None = None

    @property
    def shares(self) -> Floats:
        """(8,) share of all voters who named each expression; a label is a vote of one."""
        return one_hot(self.label) if self.votes is None else self.votes.shares

    def matches(self, pattern: str) -> bool:
        """Return whether the file's own name matches a shell's pattern (``web_*``), case included."""
        return fnmatchcase(self.path.name, pattern)


def find_images(folder: Path) -> list[LabeledImage]:
    """Return every image under the class folders of `folder`, in order of name; none that is hidden.

    A class folder bears the name of an expression in any case, and may lie further down
    (``faces/anger/...``). Names are relative to `folder`, with forward slashes.

    Raises:
        SourceError: there is no such folder, or none of its folders is named after an expression.
    """
    if not folder.is_dir():
        raise SourceError(f"no folder {folder} of labeled images")
    labels = {name.lower(): label for label, name in enumerate(EXPRESSIONS)}
    images = [
        LabeledImage(path, path.relative_to(folder).as_posix(), labels[path.parent.name.lower()])
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
        and path.parent.name.lower() in labels
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not images:
        raise SourceError(
            f"{folder} has no images in folders named after expressions "
            f"({', '.join(labels)}); make one folder a class"
        )
    return images


def read_split(
    file: Path, images: Iterable[LabeledImage], needed: Sequence[Part] = ("train", "validation")
) -> dict[Part, list[LabeledImage]]:
    """Return the parts of `images` as a CSV file with the columns ``image,split`` has them.

    An image is named by its path below the folder of images; the file may name a folder more in
    front of it, or one less. Images that the file does not name are left out.

    Raises:
        FormatError: the file has other columns, another part, or names no image of a needed part.
    """
    assigned = _read_assignment(file)
    parts: dict[Part, list[LabeledImage]] = {"train": [], "validation": [], "test": []}
    for image in images:
        part = assigned.get(_tail(image.name))
        if part is not None:
            parts[part].append(image)
    for one in needed:
        if not parts[one]:
            raise FormatError(f"{file} names no {one} image that is in the folder")
    return parts


def with_votes(
    images: Iterable[LabeledImage], file: Path, folder_labels: str | None = None
) -> list[LabeledImage]:
    """Return images with what people said of them, and with the majority as label.

    An image is named by its path below the folder of images; the file may name a folder more in
    front of it, or one less.

    Args:
        images: of a folder.
        file: of votes, see `read_votes`.
        folder_labels: pattern of the names of files that keep their folder's label if they have no
            votes; all others without votes are left out.

    Raises:
        FormatError: the file cannot be read, or has votes on none of the images.
    """
    return _add_votes(list(images), _votes_by_tail(file), file, folder_labels)


def parts_with_votes(
    parts: Mapping[Part, Sequence[LabeledImage]], file: Path, folder_labels: str | None = None
) -> dict[Part, list[LabeledImage]]:
    """Return each part of a split as `with_votes` returns images; the file is read once.

    Raises:
        FormatError: the file cannot be read, or has votes on none of the images of a part.
    """
    votes = _votes_by_tail(file)
    return {
        part: _add_votes(images, votes, file, folder_labels) if images else []
        for part, images in parts.items()
    }


def _votes_by_tail(file: Path) -> dict[str, Votes]:
    return {_tail(name): one for name, one in read_votes(file).items()}


def _add_votes(
    images: Sequence[LabeledImage],
    votes: Mapping[str, Votes],
    file: Path,
    folder_labels: str | None,
) -> list[LabeledImage]:
    voted = [(image, votes.get(_tail(image.name))) for image in images]
    if not any(one for _, one in voted):
        raise FormatError(f"{file} has votes on none of the {len(voted)} images")
    return [
        image if one is None else replace(image, label=one.majority, votes=one)
        for image, one in voted
        if one or (folder_labels and image.matches(folder_labels))
    ]


def usable(images: Iterable[LabeledImage]) -> list[LabeledImage]:
    """Leave out images on which most people could not tell or saw no face, or named no expression."""
    return [
        one for one in images if one.votes is None or (one.shares.any() and not one.votes.unusable)
    ]


def draw_split(images: Sequence[LabeledImage]) -> dict[Part, list[LabeledImage]]:
    """Draw train and validation parts at random, all copies of an image on one side.

    The same images are always split alike: what one training learned from, no other one validates on.

    Copies are images whose difference hashes are nearly the same, so that a second encoding, a
    thumbnail or another name of a picture counts as the same picture.
    """
    groups = _groups_of_copies(np.stack([difference_hash(image.path) for image in images]))
    random.Random(SPLIT_SEED).shuffle(groups)
    wanted = VALIDATION_SHARE * len(images)
    parts: dict[Part, list[LabeledImage]] = {"train": [], "validation": [], "test": []}
    for group in groups:
        part: Part = "validation" if len(parts["validation"]) < wanted else "train"
        parts[part].extend(images[position] for position in group)
    return parts


def difference_hash(path: Path) -> Floats:
    """Return (256,) signs, 1 or -1, of the horizontal differences of a 17 x 16 thumbnail."""
    thumbnail = resize(read_image(path), HASH_SIDE + 1, HASH_SIDE).mean(axis=2)
    rises = np.diff(thumbnail, axis=1).ravel() > 0
    return np.where(rises, 1, -1).astype(np.float32)


def _groups_of_copies(hashes: Floats) -> list[list[int]]:
    """Return positions of images that are copies of one another, directly or by way of others."""
    leader = list(range(len(hashes)))

    def lead(position: int) -> int:
        while leader[position] != position:
            position = leader[position]
        return position

    for first in range(0, len(hashes), HASHES_AT_ONCE):
        # the product of two hashes is the number of equal signs less the number of others
        products = hashes[first : first + HASHES_AT_ONCE] @ hashes[first:].T
        pairs = np.argwhere(products >= hashes.shape[1] - 2 * COPY_DISTANCE) + first
        for one, other in pairs.tolist():
            low, high = sorted((lead(one), lead(other)))
            leader[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for position in range(len(hashes)):
        groups[lead(position)].append(position)
    return list(groups.values())


def class_counts(images: Iterable[LabeledImage]) -> list[int]:
    """Return how many images there are of each of the eight expressions."""
    labels = [image.label for image in images if image.label >= 0]
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
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise FormatError(f"cannot read the split {file}: {unreadable_reason(exc)}") from exc
    assigned: dict[str, Part] = {}
    for line, image, split in rows:
        part = next((one for one in PARTS if one == split), None)
        if not image:
            raise FormatError(f"{file}, line {line}: no image is named")
        if part is None:
            raise FormatError(f"{file}, line {line}: split {split!r} is none of {', '.join(PARTS)}")
        earlier = assigned.setdefault(_tail(image), part)
        if earlier != part:
            raise FormatError(
                f"{file}, line {line}: {image} is in {part}, but a line above has an image of that "
                f"folder and name in {earlier}"
            )
    return assigned


def _tail(name: str) -> str:
    """Return class folder and file name: what a path and a line of a split file surely share."""
    return "/".join(name.split("/")[-2:])
