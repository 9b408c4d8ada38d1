"""People classified while they are followed, so that nobody's features are buffered for long."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from videxpr.annotation.options import LONGEST_BRIDGE_FRAMES
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.row_buffer import RowBuffer
from videxpr.core.structures import Floats, Integers, Times
from videxpr.model.ensemble import Predictions, PredictionStream
from videxpr.temporal.smoothing import MovingMean

BUFFERED_ROWS: Final = 4096
"""Features of people who have gone (15 MB of one model) may wait for the end of the shot, which may
show that nobody asks for their predictions; if there are more, those people are classified."""

NO_ROW: Final[Floats] = np.zeros((1, 0), np.float32)


@dataclass(frozen=True)
class PersonPredictions:
    """Predictions about one person, for every frame that was detected or bridged, in order.

    Attributes:
        frames: (M,) indices, rising.
        probabilities: (M, 8) before smoothing.
        smoothed: (M, 8).
        features: (M, 888), those of the last detection where a frame was bridged; None unless kept.
        logits: (M, 8), mean over the windows; None where `features` are.
    """

    frames: Integers
    probabilities: Floats
    smoothed: Floats
    features: Floats | None = None
    logits: Floats | None = None


class PersonStream:
    """One person of one shot, classified and smoothed as far as no later frame can change it.

    Short gaps are bridged by holding features, longer ones part sequences; the moving mean goes on.
    72 bytes a row are kept.
    """

    def __init__(
        self,
        begin: Callable[[], PredictionStream],
        times: Callable[[Integers], Times],
        smooth_seconds: float,
        keep_features: bool = False,
    ) -> None:
        """Wait for the first face.

        Args:
            begin: makes a new sequence.
            times: seconds, rising, of frame indices.
            smooth_seconds: span of the moving mean.
            keep_features: whether features and logits are kept: 3.6 kB a row more.
        """
        self._begin = begin
        self._times = times
        self._keep_features = keep_features
        self._sequence: PredictionStream | None = None
        self._last_frame = 0
        self._last_row: Floats = NO_ROW
        self._next_finalized = 0  # its frame
        self._mean = MovingMean(smooth_seconds)
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
            self._sequence, self._next_finalized = self._begin(), frame
        elif gap := frame - self._last_frame - 1:
            rows = np.concatenate([np.repeat(self._last_row, gap, axis=0), row])
        self._last_frame, self._last_row = frame, row
        if self._keep_features:
            if self._features is None:
                self._features = RowBuffer(len(features))
            self._features.add(rows)
        self._keep(self._sequence.add(rows))

    def end_sequence(self) -> None:
        """Predict all frames so far, as nothing follows them; no features are buffered after that."""
        if self._sequence is not None:
            self._keep(self._sequence.finish())
        self._sequence, self._last_row = None, NO_ROW

    def finish(self) -> PersonPredictions:
        """Return the predictions of all frames, of which there is at least one."""
        self.end_sequence()
        self._smoothed.add(self._mean.finish())
        kept = self._features
        return PersonPredictions(
            frames=np.array(self._frames, np.int64),
            probabilities=self._probabilities.values,
            smoothed=self._smoothed.values,
            features=None if kept is None else kept.values,
            logits=None if kept is None else self._logits.values,
        )

    def _keep(self, finalized: list[Predictions]) -> None:
        for predictions in finalized:
            count = len(predictions.probabilities)
            frames = self._next_finalized + np.arange(count)
            self._next_finalized += count
            self._frames.extend(frames.tolist())
            self._probabilities.add(predictions.probabilities)
            self._smoothed.add(self._mean.add(predictions.probabilities, self._times(frames)))
            if self._keep_features:
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

    def finish(self, track: int) -> PersonPredictions:
        """Return the predictions about the person of a track, when the shot has ended."""
        return self._people.pop(track).finish()

    def clear(self) -> None:
        """Forget everybody, before the next shot."""
        self._people.clear()

    def _make_room(self, frame: int) -> None:
        """End the sequences of those who have gone, if too many of their features are buffered."""
        gone = [person for person in self._people.values() if person.is_over(frame)]
        if sum(person.buffered for person in gone) > BUFFERED_ROWS:
            for person in gone:
                person.end_sequence()
