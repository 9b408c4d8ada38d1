"""The figures of a video: what ``summary.csv`` and the terminal say of it.

All of them are of frames in which a face was detected. Bridged frames and filled labels count in none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.formats.intervals import frame_edges, intervals_of
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing
from videxpr.temporal.bins import bin_figures, cut_bins
from videxpr.temporal.columns import cut_columns
from videxpr.temporal.episodes import EPISODE_MEASURES, count_episodes
from videxpr.temporal.options import IntervalOptions
from videxpr.video.jobs import Row

MEASURES: Final = ("seconds", "confidence", *EPISODE_MEASURES)
"""Of each expression of a person, besides its share."""

DECIMALS: Final = 4
STRIP_PARTS: Final = 60
"""Of a strip, which fits beside a name on a terminal of 100 columns."""

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
    "seconds",
    *(f"{name}_{measure}" for name in EXPRESSIONS for measure in MEASURES),
)
"""Of ``summary.csv``, in order."""

SEGMENT: Final = "segment"
"""A column after ``video``, where stretches of videos were annotated."""

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


def label_strip(annotation: Annotation, parts: int = STRIP_PARTS) -> tuple[int | None, ...]:
    """Return what whoever has rank 0 shows most in each part of a video; None where nobody is seen.

    Args:
        annotation: of the video.
        parts: equal parts of its time; no more than there are frames.
    """
    faces = annotation.faces
    rows = np.flatnonzero((faces.rank == 0) & ~faces.bridged)
    labels = np.full(len(annotation), NOT_ANNOTATED)
    labels[faces.frame[rows] - annotation.first_frame] = faces.label[rows]
    columns = cut_columns(frame_edges(annotation), min(parts, len(annotation)))
    most: list[int] = columns.most_frequent(labels).tolist()
    return tuple(None if label == NOT_ANNOTATED else label for label in most)


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
        "seconds": _length(annotation),
        "filled_frames": filled_frames(annotation, missing),
        "decode_errors": annotation.decode_errors,
        "warnings": "; ".join(warnings),
    }
    made = annotation.provenance
    every: Row = {key: made[key] for key in ("detector", "model")} | {"video": annotation.video}
    people = main_people(annotation)
    own: list[Row] = [
        _person_cells(one, annotation) | _measure_cells(annotation, one.number) for one in people
    ]
    own = own or [NOBODY]
    names = COLUMNS
    if SEGMENT in made:
        every = {**every, SEGMENT: made[SEGMENT]}
        names = with_segment(COLUMNS)
    return [
        {name: cells.get(name) for name in names}
        for cells in ({**every, **one, **(whole if one is own[0] else {})} for one in own)
    ]


def with_segment(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a summary in which there are stretches of videos."""
    return (*columns[:1], SEGMENT, *columns[1:])


def _length(annotation: Annotation) -> float:
    """Return the seconds of the frames that were annotated."""
    if len(annotation) == 0:
        return 0.0
    edges = frame_edges(annotation)
    return round(float(edges[-1] - edges[0]), DECIMALS)


def _person_cells(one: MainPerson, annotation: Annotation) -> dict[str, Any]:
    """Return the frames of a person, and shares of them; none of what was never trained."""
    shares = zip(EXPRESSIONS, one.shares, annotation.faces.are_trained, strict=True)
    return {
        "person": one.number,
        "face_frames": one.frames,
        "coverage": round(one.frames / len(annotation), DECIMALS),
        **{name: round(share, DECIMALS) for name, share, is_trained in shares if is_trained},
    }


def _measure_cells(annotation: Annotation, person: int) -> dict[str, Any]:
    """Return `MEASURES` of a person where they have rank 0; none of what was never trained.

    Episodes are by the default options of intervals, so that a summary does not hang on formats.
    """
    faces = annotation.faces.select(
        np.flatnonzero((annotation.faces.rank == 0) & (annotation.faces.person == person))
    )
    edges, seen = frame_edges(annotation), np.flatnonzero(~faces.bridged)
    bins = cut_bins(edges, float(edges[0]), float(edges[-1]), None)
    smoothed = faces.smoothed[seen]
    figures = bin_figures(bins, faces.frame[seen] - annotation.first_frame, smoothed)
    intervals = intervals_of(replace(annotation, faces=faces), IntervalOptions())
    episodes = count_episodes(intervals, bins.edges, len(EXPRESSIONS))
    counts = figures.counts[0]
    confidence = np.bincount(faces.label[seen], np.nanmax(smoothed, axis=1), len(EXPRESSIONS))
    values: dict[str, NDArray[Any]] = {
        "seconds": figures.seconds[0],
        "confidence": confidence / np.where(counts > 0, counts, np.nan),
    }
    measures, are_trained = episodes.measures(figures.seconds.sum(axis=1)), faces.are_trained
    values |= {name: each[0] for name, each in zip(EPISODE_MEASURES, measures, strict=True)}
    return {
        f"{name}_{measure}": round(each[label].item(), DECIMALS)
        for measure, each in values.items()
        for label, name in enumerate(EXPRESSIONS)
        if are_trained[label] and not np.isnan(each[label])
    }
