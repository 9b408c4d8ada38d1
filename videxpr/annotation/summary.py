"""The figures of a video: what ``summary.csv`` and the terminal say of it.

All of them are of frames in which a face was detected. Bridged frames and filled labels count in none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing
from videxpr.video.jobs import Row

COLUMNS: Final = (
    "video",
    "person",
    "frames",
    "face_frames",
    "coverage",
    *EXPRESSIONS,
    "filled_frames",
    "detector",
    "model",
    "decode_errors",
    "warnings",
    "error",
)
"""Of ``summary.csv``, in order."""

NOBODY: Final[Row] = {"face_frames": 0, "coverage": 0.0}
"""Of a video without any face: no person, and no shares."""


@dataclass(frozen=True)
class MainPerson:
    """What one person shows in the frames in which they have rank 0.

    Attributes:
        number: of the person in the video, from 1.
        counts: frames in which they were detected, by the label, in the order of `EXPRESSIONS`.
    """

    number: int
    counts: tuple[int, ...]

    @property
    def frames(self) -> int:
        """In how many frames they were detected."""
        return sum(self.counts)

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each expression in those frames."""
        return tuple(count / max(self.frames, 1) for count in self.counts)

    @property
    def shares_text(self) -> str:
        """Expressions by falling share, those under half a percent left out."""
        shares = sorted(zip(EXPRESSIONS, self.shares, strict=True), key=lambda pair: -pair[1])
        return ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= 0.005)


def main_people(annotation: Annotation) -> tuple[MainPerson, ...]:
    """Return who has rank 0 in a video, in most frames first; empty without any face."""
    faces = annotation.faces
    rows = np.flatnonzero((faces.rank == 0) & ~faces.bridged)
    persons, labels = faces.person[rows], faces.label[rows]
    people = [
        MainPerson(int(number), tuple(_counts(labels[persons == number])))
        for number in np.unique(persons)
    ]
    return tuple(sorted(people, key=lambda one: -one.frames))


def _counts(labels: np.ndarray) -> list[int]:
    counts: list[int] = np.bincount(labels, minlength=len(EXPRESSIONS)).tolist()
    return counts


def add_people(people: Iterable[MainPerson]) -> MainPerson:
    """Return several people as one, in whose counts every frame counts the same."""
    counts = [one.counts for one in people]
    return MainPerson(0, tuple(map(sum, zip(*counts, strict=True))) or (0,) * len(EXPRESSIONS))


def filled_frames(annotation: Annotation, missing: Missing) -> int:
    """Return in how many frames the text of the main person says what was not seen."""
    seen = len(annotation.faces.of_rank(0))
    return len(annotation) - seen if missing == "fill" else 0


def summary_rows(annotation: Annotation, warnings: Sequence[str], missing: Missing) -> list[Row]:
    """Return a video's lines of ``summary.csv``: one a person of rank 0, one if there is nobody.

    What concerns the whole video stands in the first line alone, so that sums over a column are right.
    No speeds stand in them, so that the same run gives the same lines.

    Args:
        annotation: of the video.
        warnings: what its reader must know.
        missing: what text says of frames without a face.
    """
    whole: Row = {
        "frames": len(annotation),
        "filled_frames": filled_frames(annotation, missing),
        "decode_errors": annotation.decode_errors,
        "warnings": "; ".join(warnings),
    }
    made = annotation.provenance
    every: Row = {key: made[key] for key in ("detector", "model")} | {"video": annotation.video}
    people = main_people(annotation)
    own = [_person_cells(one, len(annotation)) for one in people] or [NOBODY]
    return [
        {name: cells.get(name) for name in COLUMNS}
        for cells in ({**every, **one, **(whole if one is own[0] else {})} for one in own)
    ]


def _person_cells(one: MainPerson, frames: int) -> Row:
    shares = zip(EXPRESSIONS, one.shares, strict=True)
    return {
        "person": one.number,
        "face_frames": one.frames,
        "coverage": round(one.frames / frames, 4),
        **{name: round(share, 4) for name, share in shares},
    }
