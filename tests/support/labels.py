"""What tests of labels share."""

import json
from collections.abc import Sequence

import numpy as np
from records import record_of

from videxpr.formats.record import Annotation, FaceRows

nan = float("nan")


HALF = 0.5


def annotated(
    people: Sequence[Sequence[float | None]],
    middles: Sequence[float] = (100, 300),
    first_frame: int = 0,
    **options: object,
) -> Annotation:
    """The label of each person in each frame; a half more means bridged, None not seen."""
    rows = [
        (first_frame + frame, rank, label)
        for frame in range(len(people[0]))
        for rank, labels in enumerate(people)
        if (label := labels[frame]) is not None
    ]
    frame, rank = (np.array([row[n] for row in rows], np.int64) for n in (0, 1))
    label = np.array([row[2] for row in rows], np.float64)
    bridged = label % 1 == HALF
    shares = np.full((len(rows), 8), 0.01, np.float32)
    shares[np.arange(len(rows)), label.astype(np.int64)] = 0.93
    left = np.where(bridged, nan, np.array(middles)[rank] if len(rows) else 0.0)
    boxes = np.column_stack([left - 20, left * 0, left + 20, left * 0 + 40]).astype(np.float32)
    faces = FaceRows(
        frame=frame,
        track=rank + 1,
        person=rank + 1,
        rank=rank,
        bbox=boxes.reshape(len(rows), 4),
        landmarks=np.full((len(rows), 10), nan, np.float32),
        score=np.where(bridged, nan, 0.9).astype(np.float32),
        bridged=bridged,
        probabilities=shares,
        smoothed=shares,
    )
    count = len(people[0])
    stated = {"people": str(len(people)), **options}
    return record_of(
        video="a.mp4",
        first_frame=first_frame,
        pts_seconds=(first_frame + np.arange(count)) / 25,
        seconds=np.arange(count) / 25,
        shots=np.zeros(count, np.int64),
        faces=faces,
        people=len(people),
        provenance={"options": json.dumps(stated)},
    )
