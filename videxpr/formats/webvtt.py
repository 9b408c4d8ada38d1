"""WebVTT: captions for players and browsers."""

from pathlib import Path

from videxpr.formats.intervals import (
    DEFAULT,
    ORIGIN,
    IntervalSettings,
    captions,
    clock,
    intervals_of,
    write_text,
)
from videxpr.formats.record import Annotation


def write_webvtt(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write a caption an interval."""
    cues = captions(intervals_of(annotation, settings.intervals))
    blocks = [f"{clock(start)} --> {clock(end)}\n{text}\n" for start, end, text in cues]
    write_text(path, "\n".join(["WEBVTT\n", f"NOTE\n{ORIGIN}\n", *blocks]))
