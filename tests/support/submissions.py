"""Small templates, and annotations of two persons, for the tests of submissions."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from records import record_of

from videxpr.formats.predictions import HEADER, Block
from videxpr.formats.record import Annotation, FaceRows

LEFT, RIGHT = 50.0, 200.0


def rows_of(**counts: int) -> list[str]:
    """Rows without labels, e.g. ``a/00001.jpg,``, of so many frames of every video."""
    return [f"{name}/{n + 1:05d}.jpg," for name, count in counts.items() for n in range(count)]


def write_template(path: Path, **counts: int) -> Path:
    path.write_text("\n".join([HEADER, *rows_of(**counts)]) + "\n")
    return path


def template(**counts: int | None) -> list[Block]:
    """What is read from such a file; None for a name without rows."""
    return [
        Block(name, None, None)
        if count is None
        else Block(name, np.arange(count), np.full(count, -1))
        for name, count in counts.items()
    ]


def annotation(
    main: Sequence[int | None],
    second: Sequence[int | None] | None = None,
    side: float = RIGHT,
    first_frame: int = 0,
    **options: object,
) -> Annotation:
    """The labels of the main person, who is in the middle, and of the second one; None is not seen."""
    people = [labels for labels in (main, second) if labels is not None]
    rows = [
        (first_frame + frame, rank, label)
        for frame in range(len(main))
        for rank, labels in enumerate(people)
        if (label := labels[frame]) is not None
    ]
    frame, rank, label = np.array(rows, np.int64).reshape(-1, 3).T
    probabilities = np.full((len(rows), 8), 0.05, np.float32)
    probabilities[np.arange(len(rows)), label] = 0.65
    left = np.where(rank == 0, 125.0, side)
    faces = FaceRows(
        frame=frame,
        track=rank + 1,
        person=rank + 1,
        rank=rank,
        bbox=np.column_stack([left - 20, left * 0, left + 20, left * 0 + 40]).astype(np.float32),
        landmarks=np.ones((len(rows), 10), np.float32),
        score=np.full(len(rows), 0.9, np.float32),
        bridged=np.zeros(len(rows), bool),
        probabilities=probabilities,
        smoothed=probabilities,
    )
    stated = {"people": str(len(people)), **options}
    return record_of(
        video="a.mp4",
        first_frame=first_frame,
        pts_seconds=(first_frame + np.arange(len(main))) / 25,
        seconds=np.arange(len(main)) / 25,
        shots=np.zeros(len(main), np.int64),
        faces=faces,
        people=len(people),
        provenance={"options": json.dumps(stated), "detector": "none", "model": "none"},
    )
