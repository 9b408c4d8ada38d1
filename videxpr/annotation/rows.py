"""From tracks and the predictions about them to the rows of a video."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videxpr.annotation.streaming import PersonPredictions
from videxpr.core.structures import Floats
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions
from videxpr.temporal.interpolation import nearest_known

Predict = Callable[[Floats], Predictions]
"""What the model says of the features (T, 888) of one sequence."""


@dataclass(frozen=True)
class PersonRows:
    """Rows of one person of one shot.

    Attributes:
        track: whom the rows are about.
        rank: 0 for the main person.
        predictions: about that person, of M frames.
    """

    track: Track
    rank: int
    predictions: PersonPredictions

    @property
    def detections(self) -> NDArray[np.int64]:
        """(M,) the position in the track of the face in each frame, -1 where it was bridged."""
        known, frames = np.array(self.track.frames), self.predictions.frames
        last = np.searchsorted(known, frames, side="right") - 1
        return np.where(known[last] == frames, last, -1)


@dataclass(frozen=True)
class MainCrops:
    """A shot's main person in the authors' way: the track, and features (N, 888) of all its faces."""

    track: Track
    features: Floats


def nearest_crop_predictions(
    main_subjects: list[MainCrops],
    first_frame: int,
    count: int,
    predict: Predict,
    keep_features: bool = False,
) -> tuple[list[PersonRows], Floats | None]:
    """Return what the authors' code answers: a video is one sequence, a missing crop the nearest one.

    Args:
        main_subjects: of the shots, in order.
        first_frame: index of the first annotated frame.
        count: number of annotated frames.
        predict: the model, from features to probabilities.
        keep_features: whether the rows hold features and logits.

    Returns:
        Rows of the frames in which the main person was detected, and the probabilities (count, 8) of
        every frame; None if there is no crop at all.
    """
    if not main_subjects:
        return [], None
    crops = np.concatenate([np.array(main.track.frames) for main in main_subjects]) - first_frame
    known = np.zeros(count, bool)
    known[crops] = True
    crop_of = np.zeros(count, np.int64)
    crop_of[crops] = np.arange(len(crops))
    features = np.concatenate([main.features for main in main_subjects])
    predictions = predict(features[crop_of[nearest_known(known)]])
    rows = []
    for main in main_subjects:
        frames = np.array(main.track.frames)
        own = PersonPredictions(frames, *[predictions.probabilities[frames - first_frame]] * 2)
        if keep_features:
            logits = predictions.kept_logits[frames - first_frame]
            own = replace(own, features=main.features, logits=logits)
        rows.append(PersonRows(main.track, 0, own))
    return rows, predictions.probabilities


def face_rows(people: list[PersonRows]) -> FaceRows:
    """Return all rows of a video in the order of `FaceRows`."""
    if not people:
        return _no_rows()
    parts = [_columns(person) for person in people]
    columns = parts[0]
    if len(parts) > 1:
        columns = {name: np.concatenate([part[name] for part in parts]) for name in columns}
    order = np.lexsort((columns["rank"], columns["frame"]))
    if (np.diff(order) != 1).any():  # with one person a shot, no column is copied
        columns = {name: values[order] for name, values in columns.items()}
    return FaceRows(**columns)


def _columns(person: PersonRows) -> dict[str, NDArray[Any]]:
    """Return the columns of one person's rows; what a frame that was bridged lacks is NaN."""
    places, own = person.detections, person.predictions
    faces = person.track.faces.values[places]
    faces[places < 0] = np.nan
    columns = {
        "frame": own.frames,
        "track": np.full(len(places), person.track.number),
        "rank": np.full(len(places), person.rank),
        "bbox": faces[:, :4],
        "landmarks": faces[:, 4:14],
        "score": faces[:, 14],
        "bridged": places < 0,
        "probabilities": own.probabilities,
        "smoothed": own.smoothed,
    }
    if own.features is None or own.logits is None:
        return columns
    return columns | {"features": own.features, "logits": own.logits}


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
