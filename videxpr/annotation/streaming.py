"""From tracks and their features to the rows of a video.

People are classified while they are tracked, so that nobody's features are buffered for long.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from videxpr.annotation.options import LONGEST_BRIDGE_FRAMES
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.row_buffer import RowBuffer
from videxpr.core.structures import Floats, Integers, Times
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions, PredictionStream
from videxpr.temporal.interpolation import nearest_known
from videxpr.temporal.smoothing import MovingMean

BUFFERED_ROWS: Final = 4096
"""Features of people who have gone (15 MB of one model) may wait for the end of the shot, which may
show that nobody asks for their predictions; if there are more, those people are classified."""

NO_ROW: Final[Floats] = np.zeros((1, 0), np.float32)


@dataclass
class PersonStream:
    """One person of one shot, classified and smoothed as far as no later frame can change it.

    Short gaps are bridged by holding features, longer ones part sequences; the moving mean goes on.
    72 bytes a row are kept.

    Attributes:
        begin: makes a new sequence.
        times: seconds, rising, of frame indices.
        smooth_seconds: span of the moving mean.
        keep_features: whether features and logits are kept: 3.6 kB a row more.
    """

    begin: Callable[[], PredictionStream]
    times: Callable[[Integers], Times]
    smooth_seconds: float
    keep_features: bool = False

    def __post_init__(self) -> None:
        self._sequence: PredictionStream | None = None
        self._last_frame = 0
        self._last_row: Floats = NO_ROW
        self._next_finalized = 0  # its frame
        self._mean = MovingMean(self.smooth_seconds)
        self._frames = array("q")
        self._probabilities = RowBuffer(len(EXPRESSIONS))
        self._smoothed = RowBuffer(len(EXPRESSIONS))
        self._logits = RowBuffer(len(EXPRESSIONS))
        self._features: RowBuffer | None = None

    @property
    def buffered(self) -> int:
        """Number of frames whose features are buffered because their predictions may change."""
        return self._sequence.buffered if self._sequence is not None else 0

    def is_over(self, frame: int) -> bool:
        """Return whether the sequence has ended if the person was not seen before this frame."""
        return frame - self._last_frame - 1 > LONGEST_BRIDGE_FRAMES

    def add(self, frame: int, features: Floats) -> None:
        """Take the features (888,) of the person's face in a later frame."""
        if self._sequence is not None and self.is_over(frame):
            self.end_sequence()
        rows = row = features[None].copy()  # a view would hold the features of a whole batch
        if self._sequence is None:
            self._sequence, self._next_finalized = self.begin(), frame
        elif gap := frame - self._last_frame - 1:
            rows = np.concatenate([np.repeat(self._last_row, gap, axis=0), row])
        self._last_frame, self._last_row = frame, row
        if self.keep_features:
            if self._features is None:
                self._features = RowBuffer(len(features))
            self._features.add(rows)
        self._keep(self._sequence.add(rows))

    def end_sequence(self) -> None:
        """Predict all frames so far, as nothing follows them; no features are buffered after that."""
        if self._sequence is not None:
            self._keep(self._sequence.finish())
        self._sequence, self._last_row = None, NO_ROW

    def finish(self, track: Track, rank: int) -> FaceRows:
        """Return the rows of all frames, of which there is at least one.

        Args:
            track: whom they are about.
            rank: 0 for the main person.
        """
        self.end_sequence()
        self._smoothed.add(self._mean.finish())
        frames, kept = np.array(self._frames, np.int64), self._features
        rows = person_rows(track, rank, frames, self._probabilities.values, self._smoothed.values)
        if kept is None:
            return rows
        return replace(rows, features=kept.values, logits=self._logits.values)

    def _keep(self, finalized: list[Predictions]) -> None:
        for predictions in finalized:
            count = len(predictions.probabilities)
            frames = self._next_finalized + np.arange(count)
            self._next_finalized += count
            self._frames.extend(frames.tolist())
            self._probabilities.add(predictions.probabilities)
            self._smoothed.add(self._mean.add(predictions.probabilities, self.times(frames)))
            if self.keep_features:
                self._logits.add(predictions.kept_logits)


class ShotStreams:
    """Everybody in a shot, as long as nobody knows who its main person is."""

    def __init__(self, begin: Callable[[], PersonStream]) -> None:
        """Begin with nobody.

        Args:
            begin: makes the stream of a person who has come.
        """
        self._begin = begin
        self._people: dict[int, PersonStream] = {}

    @property
    def buffered(self) -> int:
        """Number of frames whose features are buffered, of all people together."""
        return sum(person.buffered for person in self._people.values())

    def add(self, track: int, frame: int, features: Floats) -> None:
        """Take the features (888,) of a track's face in a frame, none earlier than those before."""
        person = self._people.get(track)
        if person is None:
            self._make_room(frame)
            person = self._people[track] = self._begin()
        person.add(frame, features)

    def finish(self, track: Track, rank: int) -> FaceRows:
        """Return the rows of the person of a track, when the shot has ended."""
        return self._people.pop(track.number).finish(track, rank)

    def clear(self) -> None:
        """Forget everybody, before the next shot."""
        self._people.clear()

    def _make_room(self, frame: int) -> None:
        """End the sequences of those who have gone, if too many of their features are buffered."""
        gone = [person for person in self._people.values() if person.is_over(frame)]
        if sum(person.buffered for person in gone) > BUFFERED_ROWS:
            for person in gone:
                person.end_sequence()


def person_rows(
    track: Track, rank: int, frames: Integers, probabilities: Floats, smoothed: Floats
) -> FaceRows:
    """Return the rows of one person of one shot; what a frame that was bridged lacks is NaN.

    Args:
        track: whom the rows are about.
        rank: 0 for the main person.
        frames: (M,) indices of those that were detected or bridged, rising.
        probabilities: (M, 8) before smoothing.
        smoothed: (M, 8).
    """
    known = np.array(track.frames)
    last = np.searchsorted(known, frames, side="right") - 1  # the face that was seen last
    bridged = known[last] != frames
    faces = track.faces.values[last]
    faces[bridged] = np.nan
    return FaceRows(
        frame=frames,
        track=np.full(len(frames), track.number),
        person=np.full(len(frames), track.number),
        rank=np.full(len(frames), rank),
        bbox=faces[:, :4],
        landmarks=faces[:, 4:14],
        score=faces[:, 14],
        bridged=bridged,
        probabilities=probabilities,
        smoothed=smoothed,
    )


def merge_rows(people: Sequence[FaceRows]) -> FaceRows:
    """Return the rows of all persons of all shots, by frame and then by rank."""
    if not people:
        none = np.zeros((0, len(EXPRESSIONS)), np.float32)
        return person_rows(Track(1, 0), 0, np.zeros(0, np.int64), none, none)
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
    predict: Callable[[Floats], Predictions],
    keep_features: bool = False,
) -> tuple[list[FaceRows], Floats | None]:
    """Return what the authors' code answers: a video is one sequence, a missing crop the nearest one.

    Args:
        main_subjects: of the shots, in order, with the features (N, 888) of all their faces.
        first_frame: index of the first annotated frame.
        count: number of annotated frames.
        predict: the model, from features (T, 888) of one sequence to predictions.
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
        probabilities = predictions.probabilities[frames - first_frame]
        own = person_rows(track, 0, frames, probabilities, probabilities)
        if keep_features:
            logits = predictions.kept_logits[frames - first_frame]
            own = replace(own, features=features, logits=logits)
        rows.append(own)
    return rows, predictions.probabilities
