"""Where crops go: a folder a person in Aff-Wild2's layout, and two files that say what they are.

<root>/cropped_aligned/<name>/00001.jpg
<root>/crop_geometry.json
<root>/summary.csv
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import OutputError, UsageError
from videxpr.core.files import leftovers, temporary_beside
from videxpr.core.image_names import image_name
from videxpr.datasets.crops.cropper import PersonCrop
from videxpr.datasets.crops.geometry_file import (
    CROP_GEOMETRY,
    read_crop_geometry,
    write_crop_geometry,
)
from videxpr.formats.summary import merge_summary, read_summary
from videxpr.video.jobs import Row
from videxpr.video.sources import Source

CROPS: Final = "cropped_aligned"
SUMMARY: Final = "summary.csv"
SIDES: Final = ("_left", "_right")


@dataclass(frozen=True)
class PersonFolder:
    """The folder of one person: its name and how many crops it holds."""

    name: str
    crops: int


@dataclass(frozen=True)
class _Owner:
    """The video that a folder was made from: its relative path, and its size in bytes."""

    video: str
    size: str


class CropTree:
    """The folders and files under one root.

    Attributes:
        root: the folder of all.
        overwrite: whether crops that are there are made again.

    Raises:
        UsageError: the root holds crops of another geometry, or of one that nobody wrote down.
        OutputError: the root cannot be made or written to.
        FormatError: it holds a ``summary.csv`` or ``crop_geometry.json`` that is not videxpr's.
    """

    def __init__(self, root: Path, template: CropTemplate, overwrite: bool = False) -> None:
        """Open a tree, or begin one.

        Args:
            root: the folder of all.
            template: geometry of the crops.
            overwrite: whether crops that are there are made again.
        """
        self.root = root
        self.overwrite = overwrite
        _check_geometry(root, template)
        merge_summary(root / SUMMARY, [])
        if not (root / CROP_GEOMETRY).exists():
            write_crop_geometry(root / CROP_GEOMETRY, template)
        self._owners = _read_owners(root / SUMMARY)

    def is_done(self, source: Source) -> bool:
        """Return whether a video's crops are there and need not be made again.

        Raises:
            OutputError: crops of another video are where this one's would go.
        """
        if self.overwrite or not self._folder(source.name).is_dir():
            return False
        owner = self._owners.get(source.name)
        if owner is not None and owner.size != _owner(source).size:
            raise OutputError(
                f"{self._folder(source.name)} holds crops of another video ({owner.video}, "
                f"{owner.size} bytes); --overwrite replaces them, another --output-dir keeps both"
            )
        return True

    def write(self, source: Source, crops: Iterable[PersonCrop]) -> list[PersonFolder]:
        """Write the folders of one video, each whole or not at all; the main person's comes last.

        A video in which nobody was found gets an empty folder.

        Raises:
            OutputError: a folder cannot be written, or the second person's is another video's.
        """
        with self._building(source.name) as building:
            counts, means = _save(crops, building)
            names = [source.name]
            if counts[1]:
                names.append(source.name + SIDES[means[1] >= means[0]])
                self._check_second(source, names[1])
            old = self._old_sides(source)
            for rank, name in reversed(list(enumerate(names))):
                _replace(building / str(rank), self._folder(name))
                self._owners[name] = _owner(source)
            for name in old - set(names):
                shutil.rmtree(self._folder(name))
        return [PersonFolder(name, counts[rank]) for rank, name in enumerate(names)]

    def summarize(self, rows: Sequence[Row]) -> None:
        """Write a video's lines of the summary; lines of other videos stay."""
        merge_summary(self.root / SUMMARY, rows)

    def _folder(self, name: str) -> Path:
        return self.root / CROPS / name

    @contextmanager
    def _building(self, name: str) -> Iterator[Path]:
        """Yield a hidden folder beside the video's own, which is gone when the block ends."""
        target = self._folder(name)
        building = temporary_beside(target)
        try:
            for rank in "01":
                (building / rank).mkdir(parents=True)
            yield building
            for left in leftovers(target):
                shutil.rmtree(left, ignore_errors=True)  # of runs that were killed
        except OSError as exc:
            raise OutputError(f"cannot write {target}: {exc.strerror or exc}") from exc
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def _check_second(self, source: Source, name: str) -> None:
        """Refuse to write a second person over the crops of a video that is called so."""
        if self._folder(name).is_dir() and name not in self._old_sides(source):
            raise OutputError(
                f"the second person's crops would go to {self._folder(name)}, which holds those of "
                "another video; rename one of the videos, or choose another --output-dir"
            )

    def _old_sides(self, source: Source) -> set[str]:
        """Return the folders of second persons that an earlier run made from the video."""
        mine = {_owner(source).video}
        if source.name in self._owners:
            mine.add(self._owners[source.name].video)
        names = {source.name + side for side in SIDES}
        known = {name: self._owners[name] for name in names & set(self._owners)}
        return {
            name
            for name, owner in known.items()
            if owner.video in mine and self._folder(name).is_dir()
        }


def _save(crops: Iterable[PersonCrop], building: Path) -> tuple[list[int], list[float]]:
    """Write crops to the folders of their ranks; return how many each has, and their mean position."""
    counts, sums = [0, 0], [0.0, 0.0]
    for crop in crops:
        (building / str(crop.rank) / image_name(crop.frame)).write_bytes(crop.jpeg)
        counts[crop.rank] += 1
        sums[crop.rank] += crop.center_x
    return counts, [total / max(count, 1) for total, count in zip(sums, counts, strict=True)]


def _replace(new: Path, target: Path) -> None:
    """Put a folder where another one may be, which is gone then."""
    if not target.exists():
        new.rename(target)
        return
    old = new.with_name(f"{new.name}.old")
    target.rename(old)
    new.rename(target)
    shutil.rmtree(old)


def _check_geometry(root: Path, template: CropTemplate) -> None:
    """Refuse to mix crops of two geometries."""
    if (root / CROP_GEOMETRY).exists():
        there = read_crop_geometry(root / CROP_GEOMETRY)
        if (there.size, there.landmarks) != (template.size, template.landmarks):
            raise UsageError(
                f"{root} holds crops of another geometry ({there.name}, {there.size} pixels, see "
                f"{CROP_GEOMETRY}) than {template.name}, {template.size} pixels; choose another "
                "--output-dir"
            )
    elif (root / CROPS).is_dir() and any((root / CROPS).iterdir()):
        raise UsageError(
            f"{root / CROPS} holds crops, and no {CROP_GEOMETRY} says of what geometry; choose another "
            "--output-dir"
        )


def _owner(source: Source) -> _Owner:
    return _Owner(source.relative.as_posix(), str(source.path.stat().st_size))


def _read_owners(summary: Path) -> dict[str, _Owner]:
    """Return which video each folder was made from, as the summary says."""
    if not summary.is_file():
        return {}
    rows = [row for row in read_summary(summary) if row.get("name")]
    return {row["name"]: _Owner(row["video"], row.get("source_bytes", "")) for row in rows}
