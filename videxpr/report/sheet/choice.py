"""Which faces stand on a contact sheet: of each person one from each part of the video."""

from dataclasses import dataclass

import numpy as np

from videxpr.formats.record import Annotation


@dataclass(frozen=True)
class PersonRow:
    """A row of the sheet.

    Attributes:
        person: number of the person, from 1.
        share: of the frames in which they were detected.
        rows: positions in `FaceRows`, one for each part of the video; None where they were not seen.
    """

    person: int
    share: float
    rows: tuple[int | None, ...]


def choose_faces(annotation: Annotation, columns: int, people: int) -> list[PersonRow]:
    """Return the rows of a video's people, who is seen most first.

    Args:
        annotation: of the video.
        columns: equal parts of its time; no more than there are frames.
        people: most rows.
    """
    columns = min(columns, len(annotation))
    faces, seen = annotation.faces, np.flatnonzero(~annotation.faces.bridged)
    numbers, counts = np.unique(faces.person[seen], return_counts=True)
    order = np.lexsort((numbers, -counts))[:people]
    return [
        PersonRow(
            int(numbers[at]),
            float(counts[at] / len(annotation)),
            _nearest(annotation, seen[faces.person[seen] == numbers[at]], columns),
        )
        for at in order
    ]


def count_people(annotation: Annotation) -> int:
    """Return how many people were detected in a video."""
    return len(np.unique(annotation.faces.person[~annotation.faces.bridged]))


def _nearest(
    annotation: Annotation, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", columns: int
) -> tuple[int | None, ...]:
    """Return of each part of the video the row that is nearest to its middle; None if there is none."""
    first, last = annotation.seconds[0], annotation.seconds[-1]
    times = annotation.seconds[annotation.faces.frame[rows] - annotation.first_frame]
    width = max(last - first, 1e-9) / columns
    parts = np.minimum(((times - first) / width).astype(int), columns - 1)
    away = np.abs(times - first - (parts + 0.5) * width)
    chosen: list[int | None] = [None] * columns
    for at in np.argsort(-away, kind="stable"):  # the nearest come last, and stay
        chosen[parts[at]] = int(rows[at])
    return tuple(chosen)
