"""Tables of recordings: a row a bin a person, or as long or as wide as statistics programs want it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np

from videxpr.annotation.export.options import FilterOptions, TableOptions
from videxpr.annotation.export.segments_file import Segment
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats, Integers, Times
from videxpr.formats.record import Annotation
from videxpr.temporal.bins import BinFigures, Bins, bin_figures, cut_bins
from videxpr.video.jobs import Row

BEFORE_LEVELS: Final = ("video",)
FIGURES: Final = (
    "frames",
    "face_frames",
    "face_seconds",
    "filtered_frames",
    "coverage",
    "quality",
    "confidence",
)
MEASURES: Final = ("", "_seconds", "_probability")
"""Of each expression: share of `face_frames`, seconds in them, mean probability in them."""

LONG: Final = ("expression", "share", "seconds", "probability")
DECIMALS: Final = 4
GOOD_SIDE_PIXELS: Final = 112


@dataclass(frozen=True)
class Removed:
    """What filters took away.

    Attributes:
        faces: frames of people before.
        by_quality: of those.
        by_confidence: of those that were left.
        rows: of the table before.
        by_coverage: of those.
    """

    faces: int = 0
    by_quality: int = 0
    by_confidence: int = 0
    rows: int = 0
    by_coverage: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Seen:
    """Frames in which one person was detected, and counts.

    Attributes:
        person: their number; None of a video without any face.
        detected: (D,) positions of all of them among the frames of the video.
        frames: (R,) of those that filters leave.
        probabilities: (R, C) smoothed.
        quality: (R,) of the face.
    """

    person: int | None
    detected: Integers
    frames: Integers
    probabilities: Floats
    quality: Floats


def columns(options: TableOptions, levels: Sequence[str]) -> list[str]:
    """Return the columns of a table that is not wide, in order."""
    segment = ["segment"] if options.segments else []
    place = [] if options.bin_seconds is None else ["bin"]
    ends = [*BEFORE_LEVELS, *levels, "person", *segment, *place, "start", "end", *FIGURES]
    own = LONG if options.long else [name + end for end in MEASURES for name in EXPRESSIONS]
    return [*ends, *own]


def recording_rows(
    annotation: Annotation,
    segments: Sequence[Segment] | None,
    options: TableOptions,
    filters: FilterOptions,
) -> tuple[list[Row], Removed]:
    """Return the rows of a recording, a bin a person, and what filters took away.

    Args:
        annotation: of the recording.
        segments: that are taken; None for all of it.
        options: what a row is.
        filters: what counts.
    """
    edges = _frame_edges(annotation)
    whole = [Segment("", float(edges[0]), float(edges[-1]))]
    people, removed = _people(annotation, filters)
    rows: list[Row] = []
    for segment in whole if segments is None else segments:
        bins = cut_bins(edges, segment.start_seconds, segment.end_seconds, options.bin_seconds)
        for seen in people:
            rows += _rows(seen, bins, segment.name)
    kept = [one for one in rows if (one["coverage"] or 0.0) >= filters.min_coverage]  # type: ignore[operator]
    counted = replace(removed, rows=len(rows), by_coverage=len(rows) - len(kept))
    return [{"video": annotation.video, **row} for row in kept], counted


def long_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield a row for each expression of each row."""
    for row in rows:
        for name in EXPRESSIONS:
            values = (row[name + ending] for ending in MEASURES)
            yield {**row, **dict(zip(LONG, (name, *values), strict=True))}


def wide_rows(rows: Iterable[Row], ids: Sequence[str]) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of a table in which each bin has columns of its own.

    Columns of one measure stand side by side, as programs that turn them into rows want it.

    Args:
        rows: a bin each, those of a person in a recording one after another.
        ids: columns that are equal in all bins of a person.
    """
    measures = ["coverage", *(name + end for end in MEASURES for name in EXPRESSIONS)]
    wide: list[Row] = []
    most = 0
    for _, bins in groupby(rows, key=lambda row: [row.get(name) for name in ids]):
        first, *others = bins
        cells = {name: first.get(name) for name in ids}
        for row in (first, *others):
            cells |= {f"{name}_{row['bin']}": row[name] for name in measures}
            most = max(most, int(row["bin"] or 0))
        wide.append(cells)
    numbers = range(1, most + 1)
    return [*ids, *(f"{name}_{number}" for name in measures for number in numbers)], wide


def _people(annotation: Annotation, filters: FilterOptions) -> tuple[list[Seen], Removed]:
    """Return everybody who was detected, one nobody if there is none, and what filters took away."""
    faces, people, removed = annotation.faces, list[Seen](), Removed()
    persons, counts = np.unique(faces.person[~faces.bridged], return_counts=True)
    if filters.main:
        persons = persons[np.argsort(-counts, kind="stable")[:1]]
    for person in persons.tolist():
        rows = np.flatnonzero((faces.person == person) & ~faces.bridged)
        quality = _quality(annotation, rows)
        is_good = ~(quality < filters.min_quality)  # where none is known it is good
        is_sure = np.nanmax(faces.smoothed[rows], axis=1) >= filters.min_confidence
        kept = is_good & is_sure
        frames = faces.frame[rows] - annotation.first_frame
        smoothed = faces.smoothed[rows[kept]]
        people.append(Seen(person, frames, frames[kept], smoothed, quality[kept]))
        removed += Removed(len(rows), int((~is_good).sum()), int((is_good & ~is_sure).sum()))
    none, nowhere = np.zeros(0, np.float32), np.zeros(0, np.int64)
    nobody = Seen(None, nowhere, nowhere, np.zeros((0, len(EXPRESSIONS)), np.float32), none)
    return people or [nobody], removed


def _rows(seen: Seen, bins: Bins, segment: str) -> Iterator[Row]:
    """Yield a row for each bin of a person."""
    figures, frames = bin_figures(bins, seen.frames, seen.probabilities), bins.frames
    detected, quality = (
        bins.count(seen.detected),
        bins.mean(seen.frames, seen.quality[:, None])[:, 0],
    )
    for place in range(len(bins)):
        row: dict[str, str | int | float | None] = {
            "person": seen.person,
            "segment": segment,
            "bin": place + 1,
            "start": round(float(bins.edges[place]), DECIMALS),
            "end": round(float(bins.edges[place + 1]), DECIMALS),
            "frames": int(frames[place]),
            "face_frames": int(figures.faces[place]),
            "face_seconds": round(float(figures.seconds[place].sum()), DECIMALS),
            "filtered_frames": int(detected[place] - figures.faces[place]),
            "coverage": _number(figures.faces[place] / frames[place] if frames[place] else np.nan),
            "quality": _number(quality[place]),
            "confidence": _number(figures.confidence[place]),
        }
        yield row | _expression_cells(figures, place)


def _expression_cells(figures: BinFigures, place: int) -> dict[str, float | None]:
    """Return share, seconds and probability of every expression.

    They are None where nobody was seen, and for classes that the model was never trained on.
    """
    probabilities = figures.probabilities[place]
    values = (figures.shares[place], figures.seconds[place], probabilities)
    return {
        name + ending: None if np.isnan(probability) else _number(value)
        for ending, each in zip(MEASURES, values, strict=True)
        for name, value, probability in zip(EXPRESSIONS, each, probabilities, strict=True)
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DECIMALS)


def _frame_edges(annotation: Annotation) -> Times:
    """Return the seconds (N + 1,) at which each frame begins, and at which the last one ends."""
    seconds, pts = annotation.seconds, annotation.pts_seconds
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1 / 30
    known = np.flatnonzero(np.isfinite(pts))
    begins = pts[known[0]] - seconds[known[0]] if len(known) else annotation.first_frame * step
    edges: Times = np.append(seconds, seconds[-1] + step) + max(begins, 0.0)
    return edges


def _quality(annotation: Annotation, rows: Integers) -> Floats:
    """Return the detector's confidence, less where the face is smaller than a crop."""
    x1, y1, x2, y2 = annotation.faces.bbox[rows].T
    side = np.minimum(x2 - x1, y2 - y1)
    quality: Floats = annotation.faces.score[rows] * np.clip(side / GOOD_SIDE_PIXELS, 0, 1)
    return quality
