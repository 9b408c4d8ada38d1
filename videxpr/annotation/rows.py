"""From tracks and the predictions about them to the rows of a video."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from videxpr.annotation.streaming import PersonPredictions
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions
from videxpr.temporal.interpolation import nearest_known

Predict = Callable[[Floats], Predictions]
"""What the model says of the features (T, 888) of one sequence."""


def person_rows(track: Track, rank: int, predictions: PersonPredictions) -> FaceRows:
    """Return the rows of one person of one shot; what a frame that was bridged lacks is NaN.

    Args:
        track: whom the rows are about.
        rank: 0 for the main person.
        predictions: about that person.
    """
    known, frames = np.array(track.frames), predictions.frames
    last = np.searchsorted(known, frames, side="right") - 1  # the face that was seen last
    bridged = known[last] != frames
    faces = track.faces.values[last]
    faces[bridged] = np.nan
    return FaceRows(
        frame=frames,
        track=np.full(len(frames), track.number),
        rank=np.full(len(frames), rank),
        bbox=faces[:, :4],
        landmarks=faces[:, 4:14],
        score=faces[:, 14],
        bridged=bridged,
        probabilities=predictions.probabilities,
        smoothed=predictions.smoothed,
        features=predictions.features,
        logits=predictions.logits,
    )


def merge_rows(people: Sequence[FaceRows]) -> FaceRows:
    """Return the rows of all persons of all shots, by frame and then by rank."""
    if not people:
        none = np.zeros((0, len(EXPRESSIONS)), np.float32)
        return person_rows(Track(1, 0), 0, PersonPredictions(np.zeros(0, np.int64), none, none))
    merged = people[0]
    if len(people) > 1:
        names = [name for name, values in vars(merged).items() if values is not None]
        columns = {name: np.concatenate([getattr(one, name) for one in people]) for name in names}
        merged = FaceRows(**columns)
    order = np.lexsort((merged.rank, merged.frame))
    # with one person a shot, no column is copied
    return merged.select(order) if (np.diff(order) != 1).any() else merged


def nearest_crop_rows(
    main_subjects: Sequence[tuple[Track, Floats]],
    first_frame: int,
    count: int,
    predict: Predict,
    keep_features: bool = False,
) -> tuple[list[FaceRows], Floats | None]:
    """Return what the authors' code answers: a video is one sequence, a missing crop the nearest one.

    Args:
        main_subjects: of the shots, in order, with the features (N, 888) of all their faces.
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
    crops = np.concatenate([np.array(track.frames) for track, _ in main_subjects]) - first_frame
    known = np.zeros(count, bool)
    known[crops] = True
    crop_of = np.zeros(count, np.int64)
    crop_of[crops] = np.arange(len(crops))
    every = np.concatenate([features for _, features in main_subjects])
    predictions = predict(every[crop_of[nearest_known(known)]])
    rows = []
    for track, features in main_subjects:
        frames = np.array(track.frames)
        own = PersonPredictions(frames, *[predictions.probabilities[frames - first_frame]] * 2)
        if keep_features:
            logits = predictions.kept_logits[frames - first_frame]
            own = replace(own, features=features, logits=logits)
        rows.append(person_rows(track, 0, own))
    return rows, predictions.probabilities
