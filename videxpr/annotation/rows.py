"""From tracks and what was answered about them to the rows of a video."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from videxpr.annotation.streaming import PersonPredictions
from videxpr.core.structures import Floats
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions
from videxpr.temporal.interpolation import nearest_known

Number = TypeVar("Number", bound=np.generic)

Order = NDArray[np.int64] | slice

Predict = Callable[[Floats], Predictions]
"""What the model says of the features (T, 888) of one sequence."""


@dataclass(frozen=True)
class PersonRows:
    """Rows of one person of one shot.

    Attributes:
        track: whom the rows are about.
        rank: 0 for the main person.
        answered: what was answered, of M frames.
    """

    track: Track
    rank: int
    answered: PersonPredictions

    @property
    def detections(self) -> NDArray[np.int64]:
        """(M,) the position in the track of the face in each frame, -1 where it was bridged."""
        known, frames = np.array(self.track.frames), self.answered.frames
        last = np.searchsorted(known, frames, side="right") - 1
        return np.where(known[last] == frames, last, -1)


@dataclass(frozen=True)
class MainCrops:
    """A shot's main person in the authors' way: the track, and features (N, 888) of all its faces."""

    track: Track
    features: Floats


def nearest_crop_predictions(
    mains: list[MainCrops],
    first_frame: int,
    count: int,
    predict: Predict,
    keep_features: bool = False,
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
    crops = np.concatenate([np.array(main.track.frames) for main in mains]) - first_frame
    known = np.zeros(count, bool)
    known[crops] = True
    crop_of = np.zeros(count, np.int64)
    crop_of[crops] = np.arange(len(crops))
    features = np.concatenate([main.features for main in mains])
    answers = predict(features[crop_of[nearest_known(known)]])
    rows = []
    for main in mains:
        frames = np.array(main.track.frames)
        own = answers.probabilities[frames - first_frame]
        answered = PersonPredictions(frames, own, own)
        if keep_features:
            logits = answers.kept_logits[frames - first_frame]
            answered = replace(answered, features=main.features, logits=logits)
        rows.append(PersonRows(main.track, 0, answered))
    return rows, answers.probabilities


def face_rows(people: list[PersonRows]) -> FaceRows:
    """All rows of a video in the order of `FaceRows`."""
    if not people:
        return _no_rows()
    frame, rank = _joined(people, _frames), _joined(people, _rank)
    places = np.lexsort((rank, frame))
    in_order = (np.diff(places) == 1).all()  # as with one person a shot: no column is copied
    order: Order = slice(None) if in_order else places

    def column(of: Callable[[PersonRows], NDArray[Number]]) -> NDArray[Number]:
        return _joined(people, of)[order]

    faces = column(_faces)
    return FaceRows(
        frame=frame[order],
        track=column(_track),
        rank=rank[order],
        bbox=faces[:, :4],
        landmarks=faces[:, 4:14],
        score=faces[:, 14],
        bridged=column(lambda person: person.detections < 0),
        probabilities=column(lambda person: person.answered.probabilities),
        smoothed=column(lambda person: person.answered.smoothed),
        features=_kept([person.answered.features for person in people], order),
        logits=_kept([person.answered.logits for person in people], order),
    )


def _joined(
    people: list[PersonRows], of: Callable[[PersonRows], NDArray[Number]]
) -> NDArray[Number]:
    parts = [of(person) for person in people]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _kept(parts: list[Floats | None], order: Order) -> Floats | None:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return (np.concatenate(known) if len(known) > 1 else known[0])[order]


def _frames(person: PersonRows) -> NDArray[np.int64]:
    return person.answered.frames


def _track(person: PersonRows) -> NDArray[np.int64]:
    return np.full(len(person.answered.frames), person.track.number)


def _rank(person: PersonRows) -> NDArray[np.int64]:
    return np.full(len(person.answered.frames), person.rank)


def _faces(person: PersonRows) -> Floats:
    """(M, 15) numbers of each row's face; NaN where frames were bridged."""
    places = person.detections
    faces = person.track.faces.values[places]
    faces[places < 0] = np.nan
    return faces


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
