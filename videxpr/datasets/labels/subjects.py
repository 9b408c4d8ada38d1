"""Which person of a video bears which of the names that labels know."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from videxpr.datasets.affwild2.template import TemplateMatch, match_template
from videxpr.formats.frame_labels import second_side
from videxpr.formats.parquet import read_annotation
from videxpr.formats.predictions import Block
from videxpr.formats.record import Annotation

SIDES: Final = ("", "_left", "_right")


@dataclass(frozen=True)
class Subject:
    """One person of an annotated video under the name that labels know.

    Attributes:
        name: as in the labels.
        path: the Parquet file.
        annotation: of the whole video.
        rank: 0 for the main person.
        side: ``_left``, ``_right`` or nothing, as the name ends.
    """

    name: str
    path: Path
    annotation: Annotation
    rank: int
    side: str = ""


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
    for name, file in files.items():
        annotation = read_annotation(file)
        second = second_side(annotation)
        if not wanted:
            yield Subject(name, file, annotation, 0)
            if second is not None and f"{name}_{second}" not in files:
                yield Subject(f"{name}_{second}", file, annotation, 1, f"_{second}")
            continue
        # a file of its own bears its name: it is never another video's second person
        free = {one for one in wanted if one == name or one not in files}
        for match in matches(name, free, second, file, notes):
            yield Subject(match.name, file, annotation, match.rank, match.side)


def matches(
    video: str,
    wanted: Collection[str],
    second: Literal["left", "right"] | None,
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
