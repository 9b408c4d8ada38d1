"""SubRip (SRT): numbered captions, which nearly every player reads."""

from pathlib import Path

from videxpr.formats.intervals import (
    DEFAULT,
    IntervalSettings,
    captions,
    clock,
    intervals_of,
    write_text,
)
from videxpr.formats.record import Annotation


def write_srt(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write a caption an interval."""
    cues = captions(intervals_of(annotation, settings.intervals))
    blocks = [
        f"{number}\n{clock(start, ',')} --> {clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    ]
    write_text(path, "\n".join(blocks))
