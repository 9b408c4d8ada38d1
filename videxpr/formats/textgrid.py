"""Praat's TextGrid: a tier of intervals a person, which fill it from end to end; gaps are empty."""

from collections.abc import Iterator
from pathlib import Path

from videxpr.core.structures import Times
from videxpr.formats.intervals import (
    DEFAULT,
    IntervalSettings,
    by_person,
    frame_edges,
    intervals_of,
    milliseconds,
    write_text,
)
from videxpr.formats.record import Annotation
from videxpr.temporal.segments import Interval

Label = tuple[int, int, str]
"""Start and end in milliseconds, and text."""


def write_textgrid(
    path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT
) -> None:
    """Write a tier a person; one that is empty where there is nobody, since Praat wants one."""
    end = _end(frame_edges(annotation))
    intervals = intervals_of(annotation, settings.intervals)
    tiers = [(name, list(_filled(those, end))) for name, those in by_person(intervals)]
    tiers = tiers or [("Person 1", [(0, end, "")])]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += [*_span(0, end), "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, labels) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *_indented(_tier(name, labels, end), 8)]
    write_text(path, "\n".join(lines) + "\n")


def _end(edges: Times) -> int:
    return max(milliseconds(float(edges[-1])), 1)


def _filled(intervals: list[Interval], end: int) -> Iterator[Label]:
    """Yield labels from 0 to the end, empty ones between the intervals."""
    time = 0
    for one in intervals:
        start, until = milliseconds(one.start_seconds), milliseconds(one.end_seconds)
        if start > time:
            yield time, start, ""
        yield start, until, one.expression
        time = until
    if time < end:
        yield time, end, ""


def _tier(name: str, labels: list[Label], end: int) -> Iterator[str]:
    yield 'class = "IntervalTier"'
    yield f'name = "{name}"'
    yield from _span(0, end)
    yield f"intervals: size = {len(labels)}"
    for number, (start, until, text) in enumerate(labels, 1):
        yield f"intervals [{number}]:"
        yield from _indented([*_span(start, until), f'text = "{text}"'], 4)


def _span(start: int, end: int) -> tuple[str, str]:
    return f"xmin = {start / 1000:.3f}", f"xmax = {end / 1000:.3f}"


def _indented(lines: Iterator[str] | list[str], columns: int) -> Iterator[str]:
    return (" " * columns + line for line in lines)
