"""Tables of recordings: a row a bin a person, or as long or as wide as statistics programs want it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.annotation.export.options import ExportCommand, FilterOptions, TableOptions
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats, Integers
from videxpr.formats.intervals import face_quality, frame_edges, intervals_of
from videxpr.formats.record import Annotation
from videxpr.temporal.bins import TOLERANCE_SECONDS, Bins, bin_figures, cut_bins
from videxpr.temporal.episodes import EPISODE_MEASURES, count_episodes
from videxpr.temporal.segments import Interval
from videxpr.video.jobs import Row
from videxpr.video.segments import Segment

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
MEASURES: Final = ("share", "seconds", "probability")
"""Of each expression in `face_frames`."""

DECIMALS: Final = 4
NOTHING: Final = np.array(None, object)


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


def measures(options: TableOptions) -> tuple[str, ...]:
    """Return what a table says of each expression."""
    return (*MEASURES, *(EPISODE_MEASURES if options.episodes else ()))


def columns(options: TableOptions, levels: Sequence[str], has_segments: bool) -> list[str]:
    """Return the columns of a table that is not wide, in order."""
    segment = ["segment"] if has_segments else []
    place = [] if options.bin_seconds is None else ["bin"]
    ids = [*BEFORE_LEVELS, *levels, "person", *segment, *place, "start", "end", *FIGURES]
    if options.long:
        return [*ids, "expression", *measures(options)]
    return [*ids, *(_column(name, one) for one in measures(options) for name in EXPRESSIONS)]


def recording_rows(
    annotation: Annotation, segments: Sequence[Segment] | None, command: ExportCommand
) -> tuple[list[Row], Removed]:
    """Return the rows of a recording, a bin a person, and what filters took away.

    Args:
        annotation: of the recording.
        segments: that are taken; None for all of it.
        command: what a row is, and what counts.
    """
    options, edges = command.table, frame_edges(annotation)
    own_name = annotation.provenance.get("segment", "")
    whole = [Segment(own_name, _first_edge(float(edges[0]), options.bin_seconds), float(edges[-1]))]
    people, removed = _people(annotation, command.filters)
    intervals = intervals_of(annotation, command.intervals) if options.episodes else []
    rows: list[Row] = []
    for segment in whole if segments is None else segments:
        bins = cut_bins(edges, segment.start_seconds, segment.end_seconds, options.bin_seconds)
        for seen in people:
            own = [one for one in intervals if one.person == seen.person]
            place = {"video": annotation.video, "person": seen.person, "segment": segment.name}
            rows += _rows(seen, bins, own, options, place)
    least = command.filters.min_coverage
    kept = [row for row in rows if not least or float(row["coverage"] or 0) >= least]
    return kept, replace(removed, rows=len(rows), by_coverage=len(rows) - len(kept))


def long_rows(rows: Iterable[Row], options: TableOptions) -> Iterator[Row]:
    """Yield a row for each expression of each row."""
    for row in rows:
        for name in EXPRESSIONS:
            values = {one: row[_column(name, one)] for one in measures(options)}
            yield {**row, "expression": name, **values}


def wide_rows(
    rows: Iterable[Row], ids: Sequence[str], options: TableOptions
) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of a table in which each bin has columns of its own.

    Columns of one measure stand side by side, as programs that turn them into rows want it.

    Args:
        rows: a bin each, those of a person in a recording one after another.
        ids: columns that are equal in all bins of a person.
        options: what a table says of each expression.
    """
    cells = (_column(name, one) for one in measures(options) for name in EXPRESSIONS)
    names, wide, most = ["coverage", *cells], list[Row](), 0
    for _, bins in groupby(rows, key=lambda row: [row.get(name) for name in ids]):
        first, *others = bins
        line = {name: first.get(name) for name in ids}
        for row in (first, *others):
            line |= {f"{name}_{row['bin']}": row[name] for name in names}
            most = max(most, int(row["bin"] or 0))
        wide.append(line)
    numbers = range(1, most + 1)
    return [*ids, *(f"{name}_{number}" for name in names for number in numbers)], wide


def _column(expression: str, measure: str) -> str:
    """Return the column of a measure where each expression has its own; shares have the plain name."""
    return expression if measure == "share" else f"{expression}_{measure}"


def _first_edge(start: float, width: float | None) -> float:
    """Return where bins begin: at whole widths of the file's time, although pictures may be late."""
    return start if width is None else width * int((start + TOLERANCE_SECONDS) / width)


def _people(annotation: Annotation, filters: FilterOptions) -> tuple[list[Seen], Removed]:
    """Return everybody who was detected, one nobody if there is none, and what filters took away."""
    faces, people, removed = annotation.faces, list[Seen](), Removed()
    persons, counts = np.unique(faces.person[~faces.bridged], return_counts=True)
    if filters.main:
        persons = persons[np.argsort(-counts, kind="stable")[:1]]
    for person in persons.tolist():
        rows = np.flatnonzero((faces.person == person) & ~faces.bridged)
        quality = face_quality(annotation, rows)
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


def _rows(
    seen: Seen,
    bins: Bins,
    intervals: Sequence[Interval],
    options: TableOptions,
    place: dict[str, Any],
) -> Iterator[Row]:
    """Yield a row for each bin of a person, whose cells are `place` and figures."""
    figures, frames = bin_figures(bins, seen.frames, seen.probabilities), bins.frames
    face_seconds = figures.seconds.sum(axis=1)
    cells: dict[str, list[Any]] = {
        "bin": list(range(1, len(bins) + 1)),
        "start": _cells(bins.edges[:-1]),
        "end": _cells(bins.edges[1:]),
        "frames": frames.tolist(),
        "face_frames": figures.faces.tolist(),
        "face_seconds": _cells(face_seconds),
        "filtered_frames": (bins.count(seen.detected) - figures.faces).tolist(),
        "coverage": _cells(figures.faces / np.where(frames > 0, frames, np.nan)),
        "quality": _cells(bins.mean(seen.frames, seen.quality[:, None])[:, 0]),
        "confidence": _cells(figures.confidence),
    }
    values: list[NDArray[Any]] = [figures.shares, figures.seconds, figures.probabilities]
    if options.episodes:
        values += count_episodes(intervals, bins.edges, len(EXPRESSIONS)).measures(face_seconds)
    unknown = np.isnan(figures.probabilities)  # nobody is there, or it was never trained on
    for measure, each in zip(measures(options), values, strict=True):
        for label, name in enumerate(EXPRESSIONS):
            cells[_column(name, measure)] = _cells(each[:, label], unknown[:, label])
    for row in zip(*cells.values(), strict=True):
        yield {**place, **dict(zip(cells, row, strict=True))}


def _cells(values: NDArray[Any], unknown: NDArray[np.bool_] | bool = False) -> list[Any]:
    """Return numbers as cells have them; None, an empty cell, where they are NaN or not known."""
    is_whole = np.issubdtype(values.dtype, np.integer)
    rounded = values if is_whole else np.round(values.astype(np.float64), DECIMALS)
    cells: list[Any] = np.where(np.isnan(values) | unknown, NOTHING, rounded).tolist()
    return cells
