"""Made-up annotations whose intervals are known, and what other programs read of them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import webvtt
from praatio import textgrid
from pympi.Elan import Eaf
from records import record_of

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.record import Annotation, FaceRows

Spans = list[tuple[int, int, str, str]]
"""Start and end in milliseconds, person, expression."""

FPS = 25


def recording(
    runs: dict[int, list[tuple[int, int, str]]],
    frames: int = 100,
    pts_seconds: np.ndarray | None = None,
    **fields: Any,
) -> Annotation:
    """People who show expressions in frames [first, end): by person."""
    rows = [
        (frame, person, EXPRESSIONS.index(name))
        for person, its in runs.items()
        for first, end, name in its
        for frame in range(first, end)
    ]
    rows.sort()
    frame, person, label = np.array(rows, np.int64).reshape(-1, 3).T
    seen, first = sorted(runs), fields.get("first_frame", 0)
    rank = np.array(
        [sum(f == frame[n] and p < person[n] for f, p, _ in rows) for n in range(len(rows))],
        np.int64,
    )
    shares = np.full((len(rows), 8), 0.02, np.float32)
    shares[np.arange(len(rows)), label] = 0.86
    shares[:, 7] = np.nan
    times = np.arange(first, first + frames) / FPS if pts_seconds is None else pts_seconds
    box = np.array([[100, 50, 156, 130]], np.float32) + np.float32(200) * (person[:, None] - 1)
    faces = FaceRows(
        frame=frame + first,
        track=person,
        person=person,
        rank=rank,
        bbox=box.astype(np.float32),
        landmarks=np.ones((len(rows), 10), np.float32),
        score=np.full(len(rows), 0.8, np.float32),
        bridged=np.zeros(len(rows), bool),
        probabilities=shares,
        smoothed=shares,
    )
    provenance = {"model": "made up", "detector": "made up", "frame_size": "640x360"}
    known = {
        "video": "folder/talk é.mp4",
        "first_frame": 0,
        "pts_seconds": times,
        "seconds": times - times[0],
        "shots": np.zeros(frames, np.int64),
        "faces": faces,
        "people": 1 if len(seen) < 2 else None,
        "last_frame_seconds": 1 / FPS,
        "provenance": provenance,
    }
    return record_of(**known | fields)


def two_people(**fields: Any) -> Annotation:
    """One who is there all the time with a cut at frame 50, one who comes and goes."""
    shots = np.arange(100) // 50
    runs = {
        1: [(0, 30, "Neutral"), (30, 100, "Happiness")],
        2: [(10, 40, "Sadness"), (70, 100, "Surprise")],
    }
    return recording(runs, shots=shots, **fields)


TWO_PEOPLE: Spans = [
    (0, 1200, "Person 1", "Neutral"),
    (400, 1600, "Person 2", "Sadness"),
    (1200, 2000, "Person 1", "Happiness"),
    (2000, 4000, "Person 1", "Happiness"),
    (2800, 4000, "Person 2", "Surprise"),
]


def read_csv(path: Path) -> Spans:
    import pandas

    return _spans(pandas.read_csv(path).to_dict("records"))


def read_json_lines(path: Path) -> Spans:
    import pandas

    return _spans(pandas.read_json(path, lines=True).to_dict("records"))


def _spans(rows: list[dict[Any, Any]]) -> Spans:
    return sorted(
        (
            round(row["start"] * 1000),
            round(row["end"] * 1000),
            f"Person {row['person']}",
            row["expression"],
        )
        for row in rows
    )


def read_webvtt(path: Path) -> Spans:
    return _captions(webvtt.read(path))


def read_srt(path: Path) -> Spans:
    if not path.read_text(encoding="utf-8"):
        return []  # the format has nothing to say so, and webvtt-py wants something
    return _captions(webvtt.from_srt(path))


def _captions(found: webvtt.WebVTT) -> Spans:
    spans = []
    for one in found:
        person, _, name = one.text.rpartition(": ")
        begin, end = (
            1000 * (time.hours * 3600 + time.minutes * 60 + time.seconds) + time.milliseconds
            for time in (one.start_time, one.end_time)
        )
        spans.append((begin, end, person or "Person 1", name))
    return sorted(spans)


def read_eaf(path: Path) -> Spans:
    eaf = Eaf(path)
    return sorted(
        (start, end, tier, value)
        for tier in eaf.get_tier_names()
        for start, end, value, *_ in eaf.get_annotation_data_for_tier(tier)
    )


def read_textgrid(path: Path) -> Spans:
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    return sorted(
        (round(one.start * 1000), round(one.end * 1000), tier.name, one.label)
        for tier in grid.tiers
        for one in tier.entries
    )


def read_boris(path: Path) -> Spans:
    (observation,) = json.loads(path.read_text(encoding="ascii"))["observations"].values()
    return states(observation["events"])


def read_boris_rows(path: Path) -> Spans:
    text = path.read_text(encoding="utf-8")
    return states([line.split("\t") for line in text.split("\n")] if text else [])


def states(events: list[list[Any]]) -> Spans:
    """Pair events as BORIS does: of equal subject and code every second one is a stop."""
    begun: dict[tuple[str, str], int] = {}
    spans = []
    for time, subject, code, *_ in events:
        now = round(float(time) * 1000)
        if (start := begun.pop((subject, code), None)) is None:
            begun[subject, code] = now
        else:
            spans.append((start, now, subject, code))
    assert not begun
    return sorted(spans)


def read_label_studio(path: Path) -> Spans:
    (task,) = json.loads(path.read_text(encoding="utf-8"))
    spans = []
    for region in task["predictions"][0]["result"]:
        sequence = region["value"]["sequence"]
        assert [one["enabled"] for one in sequence] == [True] * (len(sequence) - 1) + [False]
        (text,) = region["meta"]["text"]
        person, start, end = re.fullmatch(r"(.*), (\d+\.\d{3}) to (\d+\.\d{3}) s", text).groups()
        times = (round(float(time) * 1000) for time in (start, end))
        spans.append((*times, person, *region["value"]["labels"]))
    return sorted(spans)


READERS: dict[str, Callable[[Path], Spans]] = {
    ".intervals.csv": read_csv,
    ".intervals.jsonl": read_json_lines,
    ".vtt": read_webvtt,
    ".srt": read_srt,
    ".eaf": read_eaf,
    ".TextGrid": read_textgrid,
    ".boris": read_boris,
    ".boris.tsv": read_boris_rows,
    ".label-studio.json": read_label_studio,
}
"""By the endings of files: what reads them, other programs' own readers where there are such."""
