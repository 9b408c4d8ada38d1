"""Labels from whatever holds them: annotation files, a predictions file, Parquet, one or a folder.

Both sides of a comparison come through here, so that they are read by the same rules.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError, SourceError
from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.core.structures import Integers
from videxpr.datasets.affwild2.template import SIDES, TemplateMatch, match_template, spelled_as
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.frame_labels import padded_labels, second_side
from videxpr.formats.parquet import read_annotation
from videxpr.formats.predictions import PREDICTIONS, Block, read_predictions
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing

Side = Literal["left", "right"]
"""Where a second person may be."""

Kind = Literal["parquet", "text", "predictions"]
KINDS: Final[dict[Kind, str]] = {
    "parquet": "Parquet files",
    "text": "text files",
    "predictions": "predictions file",
}
"""What each kind is called; of several kinds in a folder the first one is read."""


class Origin(IntEnum):
    """How a label came about."""

    NONE = 0
    """There is no label."""
    DETECTED = 1
    BRIDGED = 2
    """The face was missed for a few frames, over which features were held."""
    FILLED = 3
    """Nobody was seen: probabilities were interpolated, or held."""


@dataclass(frozen=True)
class LabelSet:
    """The labels of one person in one video.

    Attributes:
        name: as in Aff-Wild2, with ``_left`` or ``_right`` where it has a side.
        path: the file that they come from.
        labels: (N,) one for each frame from the first one on, -1 where there is none.
        origin: (N,) values of `Origin`; None where the file does not tell.
        filled_labels: (N,) the same with what frames without a face were filled by, whatever the text
            files hold; None where the file does not tell.
        open_end: whether the video may go on after the last label, as that of crops does.
    """

    name: str
    path: Path
    labels: Integers
    origin: NDArray[np.int8] | None = None
    filled_labels: Integers | None = None
    open_end: bool = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class LabelSets:
    """Everything that was read from one place.

    Attributes:
        path: the file or folder that was named.
        kind: what was read there.
        sets: by name.
        notes: what a reader of numbers must know, one sentence each.
    """

    path: Path
    kind: Kind
    sets: Mapping[str, LabelSet]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path} ({KINDS[self.kind]})"


@dataclass(frozen=True)
class Subject:
    """One person of an annotated video under the name that labels know.

    Attributes:
        name: as in the labels.
        path: the Parquet file.
        annotation: of the whole video.
        rank: 0 for the main person.
    """

    name: str
    path: Path
    annotation: Annotation
    rank: int


def read_label_sets(path: Path, wanted: Collection[str] = ()) -> LabelSets:
    """Read all labels in a file, or in and below a folder.

    In a folder, Parquet is preferred (it tells how a label came about), then annotation files, then
    a ``predictions.txt``; annotate writes all three. Files are called by their name without ending,
    with folders in front where two share it.

    Args:
        path: a file of any kind, or a folder.
        wanted: names on the other side of a comparison; they decide which person of a video is called
            what. Without them the main person bears the video's name, the second one a side.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
        FormatError: a file breaks its format, with the file and the line.
    """
    kind, files = find_label_files(path)
    notes: list[str] = []
    if kind == "parquet":
        sets = {one.name: _subject_set(one) for one in read_subjects(files, wanted, notes)}
        return LabelSets(path, kind, sets, tuple(notes))
    if kind == "predictions":
        sets = dict(_prediction_sets(files))
    else:
        sets = {name: LabelSet(name, file, read_labels(file)) for name, file in files.items()}
    spelled = spelled_as(wanted, sets)
    sets = {spelled[name]: replace(one, name=spelled[name]) for name, one in sets.items()}
    return LabelSets(path, kind, _with_sides(path, sets, wanted, notes), tuple(notes))


def find_label_files(path: Path) -> tuple[Kind, Mapping[str, Path]]:
    """Return the kind of the files that would be read, and the files by the names they would have.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
    """
    if path.is_file():
        return _kind(path), {path.stem: path}
    if not path.is_dir():
        raise SourceError(f"no such file or folder: {path}")
    try:
        files = list(_files(path, frozenset()))
    except OSError as exc:
        raise SourceError(f"cannot read the folder {exc.filename}: {exc.strerror}") from exc
    for kind in KINDS:
        named = _named([file for file in files if _kind_by_name(file) == kind], path)
        if named:
            return kind, named
    raise SourceError(
        f"{path} holds no labels: neither in it nor in a folder below is there an annotation file "
        f"(NAME.txt), a {PREDICTIONS}, or Parquet of videxpr annotate (NAME.parquet)"
    )


def _kind(file: Path) -> Kind:
    """Return what a single file is, by how it begins."""
    try:
        with file.open("rb") as stream:
            start = stream.read(32).removeprefix(b"\xef\xbb\xbf")
    except OSError as exc:
        raise SourceError(f"cannot read {file}: {exc.strerror or exc}") from exc
    if start.startswith(b"PAR1") or file.suffix.lower() == ".parquet":
        return "parquet"
    return "predictions" if start.startswith(b"image_location") else "text"


def _kind_by_name(file: Path) -> Kind | None:
    """Return what a file in a folder is, None if it holds no labels."""
    if file.name == PREDICTIONS:
        return "predictions"
    kinds: dict[str, Kind] = {".parquet": "parquet", ".txt": "text"}
    return kinds.get(file.suffix.lower())


def _files(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield the files in and below a folder, by name, but hidden ones and links that lead back up."""
    real = folder.resolve()
    if real in above:
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry, above | {real})
        else:
            yield entry


def _named(files: Sequence[Path], top: Path) -> Mapping[str, Path]:
    """Return files by name, with folders in front where two share it."""
    counts = Counter(file.stem for file in files)
    long = {file: file.relative_to(top).with_suffix("").as_posix() for file in files}
    return {file.stem if counts[file.stem] == 1 else long[file]: file for file in files}


def read_subjects(
    files: Mapping[str, Path], wanted: Collection[str], notes: list[str]
) -> Iterator[Subject]:
    """Yield the persons of annotated videos under the names by which they are wanted.

    Args:
        files: Parquet files by the videos' names.
        wanted: names of the labels; empty if every person is wanted.
        notes: takes what there is to say about names.

    Raises:
        FormatError: a file is no annotation of videxpr.
    """
    spelled = spelled_as(wanted, files)
    files = {spelled[name]: file for name, file in files.items()}
    for name, file in files.items():
        annotation = read_annotation(file)
        second = second_side(annotation)
        if not wanted:
            yield Subject(name, file, annotation, 0)
            if second is not None and f"{name}_{second}" not in files:
                yield Subject(f"{name}_{second}", file, annotation, 1)
            continue
        # a file of its own bears its name: it is never another video's second person
        free = {one for one in wanted if one == name or one not in files}
        for match in matches(name, free, second, file, notes):
            yield Subject(match.name, file, annotation, match.rank)


def _subject_set(subject: Subject) -> LabelSet:
    """Return the labels that text files would hold, and where each comes from."""
    annotation, rank, faces = subject.annotation, subject.rank, subject.annotation.faces
    missing: Missing = "none" if annotation.options.get("missing") == "none" else "fill"
    labels = padded_labels(annotation, rank, missing)
    rows = faces.of_rank(rank)
    origin = np.full(len(labels), Origin.FILLED, np.int8)
    origin[faces.frame[rows]] = np.where(faces.bridged[rows], Origin.BRIDGED, Origin.DETECTED)
    origin[labels == NOT_ANNOTATED] = Origin.NONE
    filled = padded_labels(annotation, rank, "fill")
    return LabelSet(subject.name, subject.path, labels, origin, filled, annotation.from_crops)


def _prediction_sets(files: Mapping[str, Path]) -> Iterator[tuple[str, LabelSet]]:
    if len(files) > 1:
        one, two = list(files.values())[:2]
        raise SourceError(f"more than one predictions file, e.g. {one} and {two}; name one of them")
    (path,) = files.values()
    blocks: dict[str, list[Block]] = {}
    for block in read_predictions(path):
        blocks.setdefault(block.name, []).append(block)
    for name, parts in blocks.items():
        yield name, LabelSet(name, path, _joined(path, name, parts))


def _joined(path: Path, name: str, parts: Sequence[Block]) -> Integers:
    """Return labels by frame up to the last one that has a row."""
    frames = np.concatenate([part.frames for part in parts if part.frames is not None])
    given = np.concatenate([part.labels for part in parts if part.labels is not None])
    counts = np.bincount(frames)
    if counts.max() > 1:
        raise FormatError(f"{path} has frame {counts.argmax() + 1} of {name} twice")
    labels = np.full(len(counts), NOT_ANNOTATED)
    labels[frames] = given
    return labels


def _with_sides(
    path: Path, sets: Mapping[str, LabelSet], wanted: Collection[str], notes: list[str]
) -> Mapping[str, LabelSet]:
    """Return two persons under the names that are wanted, where text has them as annotate calls them
    without a template: the main one as the video, the second one with a side."""
    found = dict(sets)
    lacking = {SIDE.sub("", name) for name in wanted if name not in sets}
    for video in sorted(lacking & sets.keys()):
        second = next((side for side in get_args(Side) if f"{video}_{side}" in sets), None)
        if second is None:
            continue
        people = (sets[video], sets[f"{video}_{second}"])
        for match in matches(video, wanted, second, path, notes):
            found[match.name] = replace(people[match.rank], name=match.name)
        for own in {one.name for one in people} - set(wanted):
            found.pop(own, None)
    return found


def matches(
    video: str,
    wanted: Collection[str],
    second: Side | None,
    path: Path,
    notes: list[str],
) -> list[TemplateMatch]:
    """Return which persons of a video the wanted names mean; the main one if none is wanted.

    Args:
        video: its name, without a side.
        wanted: names of the labels.
        second: on which side of the main person the second one is; None if there is no second.
        path: of the file or folder, for notes.
        notes: takes what there is to say.
    """
    asked = [Block(video + side, None, None) for side in SIDES if video + side in wanted]
    found, _ = match_template(video, asked, second)
    sides = [match.name for match in found if match.side]
    if sides and second is None:
        notes.append(
            f"{path} knows one person only of {video}, who stands for {' and '.join(sides)}"
        )
    return found
