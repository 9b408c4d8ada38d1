"""Which frame has a label and a crop, video by video; folds of videos, about equally large."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError, SourceError, UsageError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.image_names import images_in
from videxpr.core.names import respelled
from videxpr.core.structures import Floats, Integers
from videxpr.datasets.affwild2.layout import SETS, SPLITS, Layout, Split, crop_homes
from videxpr.datasets.votes import one_hot
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.shares import read_shares, shares_file

SIDE: Final = re.compile(r"_(left|right)$")


@dataclass(frozen=True)
class LabeledVideo:
    """One annotation file, and the frames that are labeled *and* have a crop.

    A frame whose label is -1 counts as labeled where shares of voters are known.

    It is compact on purpose (about 20 bytes a frame): Aff-Wild2 has hundreds of thousands.

    Attributes:
        name: of the annotation file, with ``_left`` or ``_right`` where a second person is meant, and
            with folders in front where it is in folders below the set.
        lines: frames that the file has a line for.
        labeled: lines whose label is not -1, or that voters named an expression for.
        beyond: crops whose frame has no line.
        frames: (N,) 0-based frames that are labeled and have a crop, rising.
        labels: (N,) their labels, 0 to 7; -1 where voters agree on none.
        folders: of the crops.
        folder: (N,) which of the folders a frame's crop is in.
        files: (N,) names of the crops' files.
        others: images in its folders that are of no frame.
        shares: (N, 8) of the voters who named each expression; None if labels are all that is known.
    """

    name: str
    lines: int
    labeled: int
    beyond: int
    frames: NDArray[np.int32]
    labels: NDArray[np.int8]
    folders: tuple[Path, ...]
    folder: NDArray[np.uint8]
    files: NDArray[np.bytes_]
    others: int = 0
    shares: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def source(self) -> str:
        """Name of the video, without a person's side."""
        return SIDE.sub("", self.name)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """(8,) usable frames of each expression."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(EXPRESSIONS))

    def targets(self, first: int = 0, end: int | None = None) -> Floats:
        """Return shares (end - first, 8) of the voters who named each expression; a label is a vote of
        one. `first` and `end` are positions among the usable frames.
        """
        if self.shares is None:
            return one_hot(self.labels[first:end])
        return self.shares[first:end].astype(np.float32)

    def path(self, position: int) -> Path:
        """Return the crop of the usable frame at that position."""
        name: bytes = self.files[position]
        return self.folders[int(self.folder[position])] / name.decode()


@dataclass(frozen=True)
class AffWild2Data:
    """Everything that was found.

    Attributes:
        layout: where.
        videos: by split; annotation files without any crop are among them, with no usable frame.
        crops_only: names that have crops and no annotation file, as those of the test set have.
    """

    layout: Layout
    videos: Mapping[Split, Sequence[LabeledVideo]]
    crops_only: tuple[str, ...]


def read_affwild2(layout: Layout) -> AffWild2Data:
    """Read all annotation files, and find the crops that belong to them.

    Raises:
        FormatError: an annotation file breaks the format, or is in both sets.
        SourceError: there is not one labeled frame with a crop.
    """
    files = {split: list(_annotations(layout.annotations / name)) for split, name in SETS.items()}
    homes = crop_homes(layout.crops)
    spelled = respelled(homes, [name for split in SPLITS for name, _ in files[split]])
    homes = {spelled[name]: folders for name, folders in homes.items()}
    videos: dict[Split, list[LabeledVideo]] = {
        split: [_video(name, file, homes.get(name, [])) for name, file in files[split]]
        for split in SPLITS
    }
    train, validation = ({video.name for video in videos[split]} for split in SPLITS)
    if train & validation:
        raise FormatError(
            f"{min(train & validation)}.txt is in {' and in '.join(SETS.values())} of "
            f"{layout.annotations}"
        )
    if not any(len(video) for split in SPLITS for video in videos[split]):
        raise SourceError(
            f"no labeled frame of {layout.annotations} has a crop in "
            f"{', '.join(map(str, layout.crops))}; are these the crops of those videos?"
        )
    return AffWild2Data(layout, videos, tuple(sorted(set(homes) - train - validation)))


def split_fold(data: AffWild2Data, number: int, count: int) -> dict[Split, list[LabeledVideo]]:
    """Split both sets anew: fold `number` of `count` becomes validation, the rest training.

    All persons of a video are on one side. Folds have about equal numbers of usable frames and do not
    depend on chance.

    Raises:
        UsageError: there is no such fold, or there are fewer videos than folds.
    """
    videos = [video for split in SPLITS for video in data.videos[split] if len(video)]
    frames: dict[str, int] = {}
    for video in videos:
        frames[video.source] = frames.get(video.source, 0) + len(video)
    if not 1 <= number <= count or not 2 <= count <= len(frames):
        raise UsageError(
            f"fold {number} of {count}: with {len(frames)} videos there are 2 to {len(frames)} folds, "
            "counted from 1"
        )
    sources = sorted(frames)
    folds = assign_folds(np.array([frames[source] for source in sources]), count).tolist()
    held_out = {source for source, fold in zip(sources, folds, strict=True) if fold == number - 1}
    parts: dict[Split, list[LabeledVideo]] = {"train": [], "validation": []}
    for video in videos:
        parts["validation" if video.source in held_out else "train"].append(video)
    return parts


def assign_folds(frames: Integers, folds: int) -> Integers:
    """Return the fold of each group, so that folds have about the same number of frames.

    The largest groups are assigned first, each to the fold that has the fewest frames by then.

    Args:
        frames: (G,) frames of each group.
        folds: at most G of them are used.

    Returns:
        (G,) 0 to folds - 1; the same groups are always assigned alike.
    """
    totals = np.zeros(min(folds, len(frames)), np.int64)
    sizes = np.zeros_like(totals)
    fold = np.zeros(len(frames), np.int64)
    for group in np.argsort(-frames, kind="stable"):
        emptiest = np.lexsort((sizes, totals))[0]
        fold[group] = emptiest
        totals[emptiest] += frames[group]
        sizes[emptiest] += 1
    return fold


def fingerprint(parts: Mapping[Split, Sequence[LabeledVideo]]) -> str:
    """Return the SHA-256 of names, usable frames, labels and shares of both splits, which tells data
    apart.
    """
    digest = hashlib.sha256()
    for split, videos in parts.items():
        for video in videos:
            digest.update(f"{split} {video.name}\n".encode())
            digest.update(video.frames.tobytes() + video.labels.tobytes())
            if video.shares is not None:
                digest.update(video.shares.tobytes())
    return digest.hexdigest()


def class_counts(videos: Iterable[LabeledVideo]) -> NDArray[np.int64]:
    """Return the usable frames of each expression (8,), all videos together."""
    counts = [video.class_counts for video in videos]
    return np.sum(counts, axis=0) if counts else np.zeros(len(EXPRESSIONS), np.int64)


def _annotations(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield names and annotation files of a set, in and below its folder; hidden ones are left out."""
    for file in sorted(folder.rglob("*.txt")):
        inside = file.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):
            yield inside.with_suffix("").as_posix(), file


def _video(name: str, file: Path, folders: Sequence[Path]) -> LabeledVideo:
    labels = read_labels(file)
    shares = read_shares(beside, len(labels)) if (beside := shares_file(file)).is_file() else None
    labeled = labels != NOT_ANNOTATED if shares is None else np.asarray(shares.any(axis=1))
    found: dict[int, tuple[int, str]] = {}
    others = 0
    for number, folder in enumerate(folders):
        images = images_in(folder)
        others += len(images.others)
        for frame, image in images.frames:
            found.setdefault(frame, (number, image))
    frames = np.array(sorted(found), dtype=np.int32)
    inside = frames[frames < len(labels)]
    usable = inside[labeled[inside]]
    return LabeledVideo(
        name=name,
        lines=len(labels),
        labeled=int(labeled.sum()),
        beyond=len(frames) - len(inside),
        frames=usable,
        labels=labels[usable].astype(np.int8),
        folders=tuple(folders),
        folder=np.array([found[frame][0] for frame in usable], dtype=np.uint8),
        files=np.array([found[frame][1].encode() for frame in usable.tolist()], dtype=np.bytes_),
        others=others,
        shares=None if shares is None else shares[usable].astype(np.float16),
    )
