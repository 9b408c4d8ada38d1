"""Annotations of videos that tests have written, without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from records import record_of, rows_of_probabilities

from videxpr.formats.record import Annotation, FaceRows
from videxpr.video.reader import Video

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Seen:
    """A face in a frame: its box, None where it was bridged; person and track have one number."""

    frame: int
    box: Box | None = (8, 8, 40, 40)
    person: int = 1


def record_video(
    path: Path, seen: Sequence[Seen], shots: Sequence[int] | None = None, **fields: Any
) -> Annotation:
    """The annotation of a video, every frame of which is read, with these faces in it."""
    with Video(path) as video:
        frames = [(one.pts_seconds, one.duration_seconds, one.image.shape) for one in video]
    height, width, _ = frames[0][2]
    made = {"detector": "scrfd", "model": "starter", "video_stream": str(video.stream)}
    pts = np.array([one[0] for one in frames])
    stated = {
        "video": path.name,
        "first_frame": 0,
        "pts_seconds": pts,
        "seconds": pts - pts[0],
        "shots": np.array(shots if shots is not None else [0] * len(frames)),
        "faces": rows_of(seen),
        "people": None,
        "container_start_seconds": video.container_start_seconds,
        "last_frame_seconds": frames[-1][1],
        "provenance": made | {"frame_size": f"{width}x{height}"},
    }
    return record_of(**stated | fields)


def rows_of(seen: Sequence[Seen]) -> FaceRows:
    """The rows of faces, with random probabilities."""
    nobody = (np.nan,) * 4
    boxes = np.array([one.box or nobody for one in seen], np.float32).reshape(len(seen), 4)
    gap = np.array([one.box is None for one in seen], bool)
    frames = np.array([one.frame for one in seen], np.int64)
    person = np.array([one.person for one in seen], np.int64)
    ranks = [sum(frames[:row] == frame) for row, frame in enumerate(frames)]
    return FaceRows(
        frame=frames,
        track=person,
        person=person,
        rank=np.array(ranks, np.int64),
        bbox=boxes,
        landmarks=np.where(gap[:, None], np.nan, np.ones((len(seen), 10))).astype(np.float32),
        score=np.where(gap, np.nan, 0.9).astype(np.float32),
        bridged=gap,
        probabilities=rows_of_probabilities(len(seen), 0),
        smoothed=rows_of_probabilities(len(seen), 1),
    )
