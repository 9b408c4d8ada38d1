"""Aff-Wild2's own folders: where the labels and the crops are, and which frame has both.

    <root>/.../EXPR_Recognition_Challenge/{Train_Set,Validation_Set}/<name>.txt
    <root>/.../cropped_aligned/<name>/00001.jpg
    <root>/.../cropped_aligned_new_50_vids/<name>/00001.jpg

The annotation folder was called ``EXPR_Set`` in editions 1 and 2, ``EXPR_Classification_Challenge`` in
3 and 5, ``EXPR_Recognition_Challenge`` since; copies nest it in folders of many names.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from videxpr.errors import FormatError, SourceError, UsageError
from videxpr.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.formats.affwild2 import read_labels
from videxpr.image_names import frame_of

Split = Literal["train", "validation"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SETS: Final[dict[Split, str]] = {"train": "Train_Set", "validation": "Validation_Set"}

ANNOTATIONS: Final = re.compile(r"EXPR_(Set|Classification_Challenge|Recognition_Challenge)", re.I)
CROPS: Final = re.compile(r"cropped_aligned.*", re.I)
BATCH: Final = re.compile(r"batch\d+|cropped_aligned.*", re.I)
SIDE: Final = re.compile(r"_(left|right)$")
TEMPLATE: Final = "crop_template.json"
"""What ``videxpr crop`` says of the geometry of the crops beside it."""

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


@dataclass(frozen=True)
class LabelledVideo:
    """One annotation file, and the frames that are labelled *and* have a crop.

    It is compact on purpose (about 20 bytes a frame): Aff-Wild2 has hundreds of thousands.

    Attributes:
        name: of the annotation file, with ``_left`` or ``_right`` where a second person is meant.
        lines: frames that the file has a line for.
        labelled: lines whose label is not -1.
        beyond: crops whose frame has no line.
        frames: (N,) 0-based frames that are labelled and have a crop, rising.
        labels: (N,) their labels, 0 to 7.
        folders: of the crops.
        folder: (N,) which of the folders a frame's crop is in.
        files: (N,) names of the crops' files.
    """

    name: str
    lines: int
    labelled: int
    beyond: int
    frames: NDArray[np.int32]
    labels: NDArray[np.int8]
    folders: tuple[Path, ...]
    folder: NDArray[np.uint8]
    files: NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def source(self) -> str:
        """Name of the video, without a person's side."""
        return SIDE.sub("", self.name)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """(8,) usable frames of each expression."""
        return np.bincount(self.labels, minlength=len(EXPRESSIONS))

    def path(self, position: int) -> Path:
        """The crop of the usable frame at that position."""
        name: bytes = self.files[position]
        return self.folders[int(self.folder[position])] / name.decode()


@dataclass(frozen=True)
class ChallengeData:
    """Everything that was found.

    Attributes:
        layout: where.
        videos: by split; annotation files without any crop are among them, with no usable frame.
        crops_only: names that have crops and no annotation file, as those of the test set have.
    """

    layout: Layout
    videos: Mapping[Split, Sequence[LabelledVideo]]
    crops_only: tuple[str, ...]


def find_layout(
    root: Path | None, annotations: Path | None = None, crops: Sequence[Path] = ()
) -> Layout:
    """The annotation folder and the crop folders under `root`, or those that are given outright.

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
            "of crops with --crops, or make them from the videos with 'videxpr crop'"
        )
    stated = [top.parent / TEMPLATE for top in tops if (top.parent / TEMPLATE).is_file()]
    return Layout(chosen, tuple(_crop_folders(tops)), stated[0] if stated else None)


def read_challenge(layout: Layout) -> ChallengeData:
    """All annotation files and the crops that belong to them.

    Raises:
        FormatError: an annotation file breaks the format, or is in both sets.
        SourceError: there is not one labelled frame with a crop.
    """
    homes = _homes(layout.crops)
    videos: dict[Split, list[LabelledVideo]] = {}
    for split, folder in SETS.items():
        files = sorted((layout.annotations / folder).glob("*.txt"))
        videos[split] = [
            _video(file, homes.get(file.stem, [])) for file in files if file.name[0] != "."
        ]
    train, validation = ({video.name for video in videos[split]} for split in SPLITS)
    if train & validation:
        raise FormatError(
            f"{min(train & validation)}.txt is in {' and in '.join(SETS.values())} of "
            f"{layout.annotations}"
        )
    if not any(len(video) for split in SPLITS for video in videos[split]):
        raise SourceError(
            f"no labelled frame of {layout.annotations} has a crop in "
            f"{', '.join(map(str, layout.crops))}; are these the crops of those videos?"
        )
    return ChallengeData(layout, videos, tuple(sorted(set(homes) - train - validation)))


def fold(data: ChallengeData, number: int, count: int) -> dict[Split, list[LabelledVideo]]:
    """Both sets together, parted anew: fold `number` of `count` is validation, the rest training.

    All persons of a video are on one side. Folds have about equal numbers of usable frames and do not
    depend on chance.

    Raises:
        UsageError: there is no such fold, or there are fewer videos than folds.
    """
    videos = [video for split in SPLITS for video in data.videos[split] if len(video)]
    by_source: dict[str, list[LabelledVideo]] = {}
    for video in videos:
        by_source.setdefault(video.source, []).append(video)
    if not 1 <= number <= count or not 2 <= count <= len(by_source):
        raise UsageError(
            f"fold {number} of {count}: with {len(by_source)} videos there are 2 to "
            f"{len(by_source)} folds, counted from 1"
        )
    sizes = {source: sum(map(len, members)) for source, members in by_source.items()}
    filled, chosen = [0] * count, dict[str, int]()
    for source in sorted(by_source, key=lambda source: (-sizes[source], source)):
        least = filled.index(min(filled))
        filled[least] += sizes[source]
        chosen[source] = least + 1
    parts: dict[Split, list[LabelledVideo]] = {"train": [], "validation": []}
    for video in videos:
        parts["validation" if chosen[video.source] == number else "train"].append(video)
    return parts


def fingerprint(parts: Mapping[Split, Sequence[LabelledVideo]]) -> str:
    """SHA-256 of the names, usable frames and labels of both splits, to know the same data by."""
    digest = hashlib.sha256()
    for split, videos in parts.items():
        for video in videos:
            digest.update(f"{split} {video.name}\n".encode())
            digest.update(video.frames.tobytes() + video.labels.tobytes())
    return digest.hexdigest()


def class_counts(videos: Iterable[LabelledVideo]) -> NDArray[np.int64]:
    """(8,) usable frames of each expression, all videos together."""
    counts = [video.class_counts for video in videos]
    return np.sum(counts, axis=0) if counts else np.zeros(len(EXPRESSIONS), np.int64)


def _folders(root: Path, depth: int) -> Iterator[Path]:
    """The root and the folders below it, in order of name; none inside a folder of crops."""
    yield root
    if depth == 0 or CROPS.fullmatch(root.name):
        return
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith(".") and not _holds_images(entry.path):
            yield from _folders(Path(entry.path), depth - 1)


def _holds_images(folder: str) -> bool:
    """Whether a folder has numbered images among its first entries."""
    with os.scandir(folder) as entries:
        return any(frame_of(entry.name) is not None for entry in islice(entries, 8))


def _one_annotation_folder(places: Sequence[Path], root: Path | None) -> Path:
    found = [place for place in places if _has_sets(place) and _is_expr(place, root)]
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
    """Whether a folder, or one above it up to the root, bears the name of the expression task."""
    above = [place, *place.parents]
    return any(ANNOTATIONS.fullmatch(one.name) for one in above[: above.index(root or place) + 1])


def _has_sets(place: Path) -> bool:
    return any((place / folder).is_dir() for folder in SETS.values())


def _crop_folders(tops: Iterable[Path]) -> Iterator[Path]:
    """Folders with one folder a name: those given, and batches or copies of themselves in them."""
    for top in tops:
        inner = [
            Path(entry.path)
            for entry in sorted(os.scandir(top), key=lambda entry: entry.name)
            if entry.is_dir() and BATCH.fullmatch(entry.name) and not _holds_images(entry.path)
        ]
        yield top
        yield from _crop_folders(inner)


def _homes(crops: Iterable[Path]) -> dict[str, list[Path]]:
    """For each name the folders that hold crops of it, in the order in which they count."""
    homes: dict[str, list[Path]] = {}
    for folder in crops:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            is_name = not entry.name.startswith(".") and not BATCH.fullmatch(entry.name)
            if entry.is_dir() and is_name:
                homes.setdefault(entry.name, []).append(Path(entry.path))
    return homes


def _video(file: Path, folders: Sequence[Path]) -> LabelledVideo:
    labels = read_labels(file)
    found: dict[int, tuple[int, str]] = {}
    for number, folder in enumerate(folders):
        for entry in sorted(entry.name for entry in os.scandir(folder)):
            frame = frame_of(entry)
            if frame is not None:
                found.setdefault(frame, (number, entry))
    frames = np.array(sorted(found), dtype=np.int32)
    inside = frames[frames < len(labels)]
    usable = inside[labels[inside] != NOT_ANNOTATED]
    return LabelledVideo(
        name=file.stem,
        lines=len(labels),
        labelled=int((labels != NOT_ANNOTATED).sum()),
        beyond=len(frames) - len(inside),
        frames=usable,
        labels=labels[usable].astype(np.int8),
        folders=tuple(folders),
        folder=np.array([found[frame][0] for frame in usable], dtype=np.uint8),
        files=np.array([found[frame][1].encode() for frame in usable.tolist()], dtype=np.bytes_),
    )
