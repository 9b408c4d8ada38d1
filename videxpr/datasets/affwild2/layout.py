"""Where Aff-Wild2's annotations and crops are, in copies of many layouts."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from videxpr.core.errors import SourceError, UsageError
from videxpr.datasets.crops.geometry_file import CROP_GEOMETRY
from videxpr.video.sources import BATCH, CROPS, VIDEO_SUFFIXES, is_crop_folder

Split = Literal["train", "validation"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SETS: Final[dict[Split, str]] = {"train": "Train_Set", "validation": "Validation_Set"}

ANNOTATIONS: Final = re.compile(r"EXPR_(Set|Classification_Challenge|Recognition_Challenge)", re.I)

DEEPEST: Final = 5
"""Folders below the root in which the data are looked for."""


@dataclass(frozen=True)
class Layout:
    """Where the data are.

    Attributes:
        annotations: the folder that holds ``Train_Set`` and ``Validation_Set``.
        crops: folders that hold one folder a name; what is in an earlier one counts.
        template: the file that states the geometry of the crops, if there is one.
    """

    annotations: Path
    crops: tuple[Path, ...]
    template: Path | None = None


def find_layout(
    root: Path | None, annotations: Path | None = None, crops: Sequence[Path] = ()
) -> Layout:
    """Find the annotation folder and the crop folders under `root`, or take those that are given.

    Raises:
        SourceError: one of them is not there, or there are several annotation folders.
    """
    for given in (root, annotations, *crops):
        if given is not None and not given.is_dir():
            raise SourceError(f"no folder {given}")
    if root is None and (annotations is None or not crops):
        raise UsageError("name the root folder of the data, or both --annotations and --crops")
    places = [] if root is None else list(_folders(root, DEEPEST))
    chosen = annotations or _one_annotation_folder(places, root)
    if not _has_sets(chosen):
        raise SourceError(f"{chosen} has neither a folder {' nor '.join(SETS.values())}")
    tops = list(crops) or [place for place in places if CROPS.fullmatch(place.name)]
    if not tops:
        raise SourceError(
            f"no folder cropped_aligned in {root} (looked {DEEPEST} folders deep); name the folders "
            "of crops with --crops, or make them from the videos with 'videxpr crops make'"
        )
    stated = [top.parent / CROP_GEOMETRY for top in tops if (top.parent / CROP_GEOMETRY).is_file()]
    return Layout(chosen, tuple(_crop_folders(tops)), stated[0] if stated else None)


def crop_homes(crops: Iterable[Path]) -> dict[str, list[Path]]:
    """Return for each name the folders that hold crops of it, in the order in which they count."""
    homes: dict[str, list[Path]] = {}
    for folder in crops:
        for name, home in _homes(folder, ""):
            homes.setdefault(name, []).append(home)
    return homes


def _homes(folder: Path, above: str) -> Iterator[tuple[str, Path]]:
    """Yield names and their folders; videos of one name, as 'videxpr crops make' keeps them apart, have
    folders in front of it."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.is_dir() or entry.name.startswith(".") or BATCH.fullmatch(entry.name):
            continue
        name, home = above + entry.name, Path(entry.path)
        below = [] if is_crop_folder(Path(entry.path)) else list(_homes(home, f"{name}/"))
        yield from below or [(name, home)]


def _folders(root: Path, depth: int) -> Iterator[Path]:
    """Yield the root and the folders below it, in order of name; none inside a folder of crops."""
    yield root
    if depth == 0 or CROPS.fullmatch(root.name):
        return
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if (
            entry.is_dir()
            and not entry.name.startswith(".")
            and not is_crop_folder(Path(entry.path))
        ):
            yield from _folders(Path(entry.path), depth - 1)


def _holds_videos(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(Path(entry.name).suffix.lower() in VIDEO_SUFFIXES for entry in entries)


def _one_annotation_folder(places: Sequence[Path], root: Path | None) -> Path:
    found = [place for place in places if _has_sets(place) and _is_expr(place, root)]
    if not found and any(_holds_videos(place) for place in places):
        raise SourceError(
            f"{root} holds videos, but no annotations (a folder EXPR_Set with Train_Set and "
            "Validation_Set), and training takes crops of videos with an annotation file each: make "
            "the crops with 'videxpr crops make', or name --annotations and --crops"
        )
    if not found:
        raise SourceError(
            f"no annotations in {root}: looked {DEEPEST} folders deep for EXPR_Set, "
            "EXPR_Classification_Challenge or EXPR_Recognition_Challenge with Train_Set and "
            "Validation_Set in it; name the folder with --annotations"
        )
    if len(found) > 1:
        raise SourceError(
            f"{root} has several annotation folders: {', '.join(map(str, found))}; choose one with "
            "--annotations"
        )
    return found[0]


def _is_expr(place: Path, root: Path | None) -> bool:
    """Return whether a folder, or one above it up to the root, is named after the task."""
    above = [place, *place.parents]
    return any(ANNOTATIONS.fullmatch(one.name) for one in above[: above.index(root or place) + 1])


def _has_sets(place: Path) -> bool:
    return any((place / folder).is_dir() for folder in SETS.values())


def _crop_folders(tops: Iterable[Path]) -> Iterator[Path]:
    """Yield folders with one folder a name: those given, and batches or copies in them."""
    for top in tops:
        inner = [
            Path(entry.path)
            for entry in sorted(os.scandir(top), key=lambda entry: entry.name)
            if entry.is_dir()
            and BATCH.fullmatch(entry.name)
            and not is_crop_folder(Path(entry.path))
        ]
        yield top
        yield from _crop_folders(inner)
