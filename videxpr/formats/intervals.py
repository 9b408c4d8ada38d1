"""Intervals of a record, and what every format of intervals is written from."""

import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from videxpr.core.files import atomic_write
from videxpr.core.structures import Floats, Integers, Times
from videxpr.formats.record import Annotation
from videxpr.temporal.options import IntervalOptions
from videxpr.temporal.segments import Interval, Sightings, find_intervals

GOOD_SIDE_PIXELS: Final = 112
"""Shorter side of a face's box from which on size takes nothing off its quality: that of the crops
which models see; smaller ones are blown up to it."""

ORIGIN: Final = "Times count from the start of the file: from its earliest sound or picture."

DECIMALS: Final = 4
"""Of probabilities, shares and quality in text."""


@dataclass(frozen=True)
class IntervalSettings:
    """What formats of intervals need besides the record.

    Attributes:
        intervals: how frames become intervals.
        media: path of the video as seen from the folder of the file, with forward slashes; empty for
            the video's name alone.
    """

    intervals: IntervalOptions = IntervalOptions()
    media: str = ""


DEFAULT: Final = IntervalSettings()


def intervals_of(annotation: Annotation, options: IntervalOptions) -> list[Interval]:
    """Return the intervals of all people, by start and then by person.

    Those that milliseconds cannot hold are left out.
    """
    edges = frame_edges(annotation)
    found = [
        interval
        for person in np.unique(annotation.faces.person).tolist()
        for interval in find_intervals(
            person, _sightings(annotation, person), edges, annotation.shots, options
        )
        if milliseconds(interval.start_seconds) < milliseconds(interval.end_seconds)
    ]
    return sorted(found, key=lambda one: (one.start_seconds, one.person))


def frame_edges(annotation: Annotation) -> Times:
    """Return the seconds (N + 1,) at which each frame begins, and at which the last one ends.

    They count from the start of the file, and rise, also where its own times do not.
    """
    seconds, pts = annotation.seconds, annotation.pts_seconds
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1 / 30
    known = np.flatnonzero(np.isfinite(pts))
    if len(known):
        begins = pts[known[0]] - seconds[known[0]] - annotation.container_start_seconds
    else:
        begins = annotation.first_frame * step
    last = annotation.last_frame_seconds or step
    edges: Times = np.append(seconds, seconds[-1] + last) + max(begins, 0.0)
    return edges


def face_quality(annotation: Annotation, rows: Integers) -> Floats:
    """Return the detector's confidence, less where the face is smaller than a crop."""
    x1, y1, x2, y2 = annotation.faces.bbox[rows].T
    side = np.minimum(x2 - x1, y2 - y1)
    quality: Floats = annotation.faces.score[rows] * np.clip(side / GOOD_SIDE_PIXELS, 0, 1)
    return quality


def milliseconds(seconds: float) -> int:
    """Return a time as formats of whole milliseconds have it."""
    return round(seconds * 1000)


def person_name(interval: Interval) -> str:
    """Return what the person of an interval is called in formats for people."""
    return f"Person {interval.person}"


def by_person(intervals: list[Interval]) -> Iterator[tuple[str, list[Interval]]]:
    """Yield what each person is called, with their intervals in order."""
    of_people = sorted(intervals, key=lambda one: (one.person, one.start_seconds))
    for name, those in groupby(of_people, key=person_name):
        yield name, list(those)


def captions(intervals: list[Interval]) -> Iterator[tuple[int, int, str]]:
    """Yield start and end in milliseconds, and text that names the person where there are several."""
    several = len({one.person for one in intervals}) > 1
    for one in intervals:
        text = f"{person_name(one)}: {one.expression}" if several else one.expression
        yield milliseconds(one.start_seconds), milliseconds(one.end_seconds), text


def clock(time: int, comma: str = ".") -> str:
    """Return milliseconds as subtitles have them, ``00:01:02.500``."""
    seconds, rest = divmod(time, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{comma}{rest:03}"


def rows_of(annotation: Annotation, options: IntervalOptions) -> Iterator[dict[str, Any]]:
    """Yield the intervals of a video as rows of a table; what is not known is None."""
    for one in intervals_of(annotation, options):
        start, end = round(one.start_seconds, 6), round(one.end_seconds, 6)
        yield {
            "video": annotation.video,
            "start": start,
            "end": end,
            "duration": round(end - start, 6),
            "expression": one.expression,
            "mean_probability": round(one.mean_probability, DECIMALS),
            "peak_probability": round(one.peak_probability, DECIMALS),
            "person": one.person,
            "shot": one.shot,
            "coverage": round(one.coverage, DECIMALS),
            "quality": None if np.isnan(one.quality) else round(one.quality, DECIMALS),
        }


def media_of(annotation: Annotation, settings: IntervalSettings) -> str:
    """Return the path of the video; empty where there is none but crops."""
    if annotation.from_crops:
        return ""
    return settings.media or f"./{PurePosixPath(annotation.video).name}"


def path_from(media: Path, folder: Path) -> str:
    """Return the path of a video as seen from a folder, with forward slashes."""
    try:
        relative = Path(os.path.relpath(media.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return ""
    return relative if relative.startswith("../") else f"./{relative}"


def media_type(media: str) -> str:
    """Return the MIME type of a video, by its name."""
    return mimetypes.guess_type(media)[0] or "video/*"


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def _sightings(annotation: Annotation, person: int) -> Sightings:
    """Return the rows of a person; were there two in a frame, the one of the better rank."""
    faces = annotation.faces
    rows = np.flatnonzero(faces.person == person)
    rows = rows[np.diff(faces.frame[rows], prepend=-1) > 0]
    return Sightings(
        frames=faces.frame[rows] - annotation.first_frame,
        detected=~faces.bridged[rows],
        probabilities=faces.smoothed[rows],
        quality=face_quality(annotation, rows),
    )
