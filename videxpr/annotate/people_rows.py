"""From tracks with features to rows with probabilities: sequences, bridges, smoothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from videxpr.annotate.options import LONGEST_BRIDGE_FRAMES
from videxpr.annotation import FaceRows
from videxpr.averaging import Answers
from videxpr.smoothing import moving_mean, nearest_known
from videxpr.structures import Floats, Times
from videxpr.tracking import Track

Predict = Callable[[Floats], Answers]
"""What the model says of the features (T, 888) of one sequence."""


@dataclass(frozen=True)
class PersonRows:
    """Rows of one person: frames rising, the detection behind each, what was answered.

    Attributes:
        track: whom the rows are about.
        rank: 0 for the main person.
        frames: (M,) indices.
        detections: (M,) position in the track, -1 for frames that were bridged.
        probabilities: (M, 8) before smoothing.
        smoothed: (M, 8).
        features: (M, 888), those of the last detection where a frame was bridged; None unless kept.
        logits: (M, 8), mean over the windows; None where `features` are.
    """

    track: Track
    rank: int
    frames: NDArray[np.int64]
    detections: NDArray[np.int64]
    probabilities: Floats
    smoothed: Floats
    features: Floats | None = None
    logits: Floats | None = None


def classify_track(
    track: Track,
    rank: int,
    predict: Predict,
    times: Callable[[NDArray[np.int64]], Times],
    smooth: float,
    keep_features: bool = False,
) -> PersonRows:
    """Rows of one person of one shot; short gaps are bridged, longer ones part sequences.

    Args:
        track: with its features.
        rank: 0 for the main person of the shot.
        predict: the model, from features to probabilities.
        times: seconds, rising, of frame indices.
        smooth: span of the moving mean in seconds.
        keep_features: whether the rows hold features and logits.
    """
    features = np.stack(track.features)
    pieces: list[NDArray[np.int64]] = []
    places: list[NDArray[np.int64]] = []
    replies: list[Answers] = []
    for first, end in sequences(track.frames):
        every, last = bridged(track.frames[first:end])
        pieces.append(every)
        places.append(first + last)
        replies.append(predict(features[first + last]))
    frames, held = np.concatenate(pieces), np.concatenate(places)
    answers = np.concatenate([reply.probabilities for reply in replies])
    real = np.isin(frames, track.frames)
    return PersonRows(
        track=track,
        rank=rank,
        frames=frames,
        detections=np.where(real, held, -1),
        probabilities=answers,
        smoothed=moving_mean(answers, times(frames), smooth),
        features=features[held] if keep_features else None,
        logits=np.concatenate([reply.kept_logits for reply in replies]) if keep_features else None,
    )


def sequences(frames: list[int]) -> list[tuple[int, int]]:
    """Half-open ranges of positions between which no gap is too long to be bridged."""
    gaps = np.diff(frames) - 1
    breaks = (np.flatnonzero(gaps > LONGEST_BRIDGE_FRAMES) + 1).tolist()
    edges = [0, *breaks, len(frames)]
    return list(pairwise(edges))


def bridged(frames: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All frames from the first to the last, and for each the position of the last one detected."""
    known = np.array(frames)
    every = np.arange(known[0], known[-1] + 1)
    return every, np.searchsorted(known, every, side="right") - 1


def nearest_crop_answers(
    mains: list[Track], first_frame: int, count: int, predict: Predict, keep_features: bool = False
) -> tuple[list[PersonRows], Floats | None]:
    """The authors' way: the whole video is one sequence, a missing crop is the nearest one.

    Args:
        mains: the main persons of the shots, in order.
        first_frame: index of the first annotated frame.
        count: number of annotated frames.
        predict: the model, from features to probabilities.
        keep_features: whether the rows hold features and logits.

    Returns:
        Rows of the frames in which the main person was detected, and the probabilities (count, 8) of
        every frame; None if there is no crop at all.
    """
    if not mains:
        return [], None
    crops = np.concatenate([np.array(track.frames) for track in mains]) - first_frame
    known = np.zeros(count, bool)
    known[crops] = True
    crop_of = np.zeros(count, np.int64)
    crop_of[crops] = np.arange(len(crops))
    features = np.concatenate([np.stack(track.features) for track in mains])
    answers = predict(features[crop_of[nearest_known(known)]])
    rows = []
    for track in mains:
        frames = np.array(track.frames)
        place = frames - first_frame
        own = answers.probabilities[place]
        row = PersonRows(track, 0, frames, np.arange(len(frames)), own, own)
        if keep_features:
            kept = features[crop_of[place]]
            row = replace(row, features=kept, logits=answers.kept_logits[place])
        rows.append(row)
    return rows, answers.probabilities


def face_rows(people: list[PersonRows]) -> FaceRows:
    """All rows of a video in the order of `FaceRows`."""
    if not people:
        return _no_rows()
    columns = [_columns(person) for person in people]
    joined = {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}
    order = np.lexsort((joined["rank"], joined["frame"]))
    return FaceRows(**{name: values[order] for name, values in joined.items()})


def _columns(person: PersonRows) -> dict[str, NDArray[np.generic]]:
    rows = len(person.frames)
    real = person.detections >= 0
    faces = [person.track.faces[position] for position in person.detections[real]]
    boxes, points, scores = (
        np.full(shape, np.nan, np.float32) for shape in ((rows, 4), (rows, 10), (rows,))
    )
    if len(faces):
        boxes[real] = np.stack([face.bbox for face in faces])
        points[real] = np.stack([face.landmarks.ravel() for face in faces])
        scores[real] = [face.score for face in faces]
    columns: dict[str, NDArray[np.generic]] = {
        "frame": person.frames,
        "track": np.full(rows, person.track.number),
        "rank": np.full(rows, person.rank),
        "bbox": boxes,
        "landmarks": points,
        "score": scores,
        "bridged": ~real,
        "probabilities": person.probabilities,
        "smoothed": person.smoothed,
    }
    if person.features is not None and person.logits is not None:
        columns |= {"features": person.features, "logits": person.logits}
    return columns


def _no_rows() -> FaceRows:
    floats = {"bbox": 4, "landmarks": 10, "probabilities": 8, "smoothed": 8}
    return FaceRows(
        frame=np.zeros(0, np.int64),
        track=np.zeros(0, np.int64),
        rank=np.zeros(0, np.int64),
        score=np.zeros(0, np.float32),
        bridged=np.zeros(0, bool),
        **{name: np.zeros((0, width), np.float32) for name, width in floats.items()},
    )
