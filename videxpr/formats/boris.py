"""BORIS: a project with its ethogram and one observation, and rows to paste into one's own project.

BORIS imports no events from files. It opens projects, and pastes rows into an observation of a video
whose project has these subjects and these codes: time, subject, code, modifier, comment, and the frame,
NA where it is not known (BORIS 8.27 wants that sixth column, which old versions do not know).

A state is two events, of which BORIS takes the first for its start and the second for its stop; so
where one state ends as another one begins, the stop stands first. It passes over a row that it has
already: where a cut parts two states of one code, only the comment tells stop and start apart.
"""

import json
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.intervals import (
    DEFAULT,
    ORIGIN,
    IntervalSettings,
    by_person,
    frame_edges,
    intervals_of,
    media_of,
    milliseconds,
    person_name,
    write_text,
)
from videxpr.formats.record import Annotation
from videxpr.temporal.segments import Interval

KEYS: Final = dict(zip(EXPRESSIONS, "nadfhsuo", strict=True))
"""With which a coder types each expression."""

PLAYERS: Final = tuple("12345678")
NO_FRAME: Final = "NA"
"""The frame of an event, which BORIS has where its player told it."""


def write_project(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write a project of version 7.0, with the video as its one observation."""
    intervals = intervals_of(annotation, settings.intervals)
    name = PurePosixPath(annotation.video).stem.strip()
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    subjects = [name for name, _ in by_person(intervals)]
    project = {
        "time_format": "s",
        "project_date": now,
        "project_name": name,
        "project_description": f"Made by videxpr. {ORIGIN}",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(place): {"key": str(place + 1) if place < 9 else "", "name": one, "description": ""}
            for place, one in enumerate(subjects)
        },
        "behaviors_conf": dict(_ethogram()),
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
        "observations": {name: _observation(annotation, settings, _events(intervals), now)},
    }
    write_text(
        path, json.dumps(project, indent=1) + "\n"
    )  # ASCII: BORIS asks Windows how to read it


def write_rows(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write rows to paste; without a line end after the last one, for which BORIS refuses them all."""
    events = _events(intervals_of(annotation, settings.intervals))
    lines = [f"{time:.3f}\t" + "\t".join(rest) for time, *rest in events]
    write_text(path, "\n".join(lines))


def _events(intervals: list[Interval]) -> list[list[Any]]:
    """Return two events an interval: time, subject, code, modifier, comment, frame."""
    events = []
    for one in intervals:
        comment = f"mean probability {one.mean_probability:.2f}"
        row = [person_name(one), one.expression, ""]
        times = milliseconds(one.start_seconds), milliseconds(one.end_seconds)
        events.append((times[0], 1, [*row, comment, NO_FRAME]))
        events.append((times[1], 0, [*row, "", NO_FRAME]))
    events.sort(key=lambda event: event[:2])
    return [[time / 1000, *row] for time, _, row in events]


def _ethogram() -> Any:
    for place, name in enumerate(EXPRESSIONS):
        others = ",".join(one for one in EXPRESSIONS if one != name)
        yield (
            str(place),
            {
                "type": "State event",
                "key": KEYS[name],
                "code": name,
                "description": "",
                "color": "",
                "category": "",
                "modifiers": "",
                "excluded": others,
                "coding map": "",
            },
        )


def _observation(
    annotation: Annotation, settings: IntervalSettings, events: list[list[Any]], now: str
) -> dict[str, Any]:
    media = media_of(annotation, settings).removeprefix("./")
    length = float(frame_edges(annotation)[-1])
    return {
        "file": {player: [media] if media and player == "1" else [] for player in PLAYERS},
        "type": "MEDIA" if media else "LIVE",
        "date": now,
        "description": ORIGIN,
        "time offset": 0.0,
        "events": events if media else [event[:-1] for event in events],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "media_info": {
            "length": {media: round(length, 3)},
            "fps": {media: round(len(annotation) / (length - _begin(annotation)), 3)},
            "hasVideo": {media: True},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        }
        if media
        else {},
    }


def _begin(annotation: Annotation) -> float:
    return float(frame_edges(annotation)[0])
