"""From tracks and their features to the rows of a video.

Tracks are classified while they grow, so that no features are buffered for long.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.row_buffer import RowBuffer
from videxpr.core.structures import Floats, Integers
from videxpr.faces.people import Identity
from videxpr.faces.subjects import RankedTrack, TimesOf, is_bridged
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions, PredictionStream
from videxpr.temporal.interpolation import nearest_known
from videxpr.temporal.smoothing import MovingMean

BUFFERED_ROWS: Final = 4096
"""Features of faces that have gone (15 MB of one model) may wait for the end of the shot, which may
show that nobody asks for their predictions; if there are more, those tracks are classified."""

NO_ROW: Final[Floats] = np.zeros((1, 0), np.float32)


@dataclass
class TrackStream:
    """One track, classified and smoothed as far as no later frame can change it.

    Short gaps are bridged by holding features, longer ones part sequences; the moving mean goes on.
    72 bytes a row are kept.

    Attributes:
        begin: makes a new sequence.
        times: seconds, rising, of frame indices.
        bridge_seconds: longest gap that is bridged.
        smooth_seconds: span of the moving mean.
        keep_features: whether features and logits are kept: 3.6 kB a row more.
    """

    begin: Callable[[], PredictionStream]
    times: TimesOf
    bridge_seconds: float
    smooth_seconds: float
    keep_features: bool = False

    def __post_init__(self) -> None:
        self._sequence: PredictionStream | None = None
        self._last_frame = 0
        self._last_row: Floats = NO_ROW
        self._next_finalized = 0  # its frame
        self._mean = MovingMean(self.smooth_seconds)
        self._probabilities = RowBuffer(len(EXPRESSIONS))
        self._smoothed = RowBuffer(len(EXPRESSIONS))
        self._logits = RowBuffer(len(EXPRESSIONS))
        self._features: RowBuffer | None = None

    @property
    def buffered(self) -> int:
        """Number of frames whose features are buffered because their predictions may change."""
        return self._sequence.buffered if self._sequence is not None else 0

    def is_over(self, frame: int) -> bool:
        """Return whether the sequence has ended if the face was not seen before this frame."""
        return not is_bridged(self._last_frame, frame, self.times, self.bridge_seconds)

    def add(self, frame: int, features: Floats) -> None:
        """Take the features (888,) of the face in a later frame."""
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

    def finish(self, ranked: RankedTrack) -> FaceRows:
        """Return the rows of all frames of the track, of which there is at least one."""
        self.end_sequence()
        self._smoothed.add(self._mean.finish())
        probabilities, kept = self._probabilities.values, self._features
        rows = track_rows(ranked, probabilities, self._smoothed.values)
        if kept is None:
            return rows
        return replace(rows, features=kept.values, logits=self._logits.values)

    def _keep(self, finalized: list[Predictions]) -> None:
        for predictions in finalized:
            count = len(predictions.probabilities)
            frames = self._next_finalized + np.arange(count)
            self._next_finalized += count
            self._probabilities.add(predictions.probabilities)
            self._smoothed.add(self._mean.add(predictions.probabilities, self.times(frames)))
            if self.keep_features:
                self._logits.add(predictions.kept_logits)


class ShotStreams:
    """The tracks of a shot that may be asked for."""

    def __init__(self, begin: Callable[[], TrackStream]) -> None:
        """Begin without any.

        Args:
            begin: makes the stream of a new track.
        """
        self._begin = begin
        self._streams: dict[int, TrackStream] = {}
        self._tracks: dict[int, Track] = {}
        self._taken: Counter[int] = Counter()

    @property
    def buffered(self) -> int:
        """Number of frames whose features are buffered, of all tracks together."""
        return sum(stream.buffered for stream in self._streams.values())

    def add(self, track: Track, frame: int, features: Floats) -> None:
        """Take the features (888,) of a track's face in a frame, none earlier than its others."""
        number = track.number
        if number not in self._streams:
            self._make_room(frame)
            self._streams[number], self._tracks[number] = self._begin(), track
        self._taken[number] += 1
        self._streams[number].add(frame, features)

    def finish(self, ranked: RankedTrack) -> FaceRows:
        """Return the rows of a track, whose features have all come, when the shot has ended."""
        return self._streams.pop(ranked.track.number).finish(ranked)

    def clear(self) -> None:
        """Forget all tracks, before the next shot."""
        self._streams.clear()
        self._tracks.clear()
        self._taken.clear()

    def _make_room(self, frame: int) -> None:
        """End the sequences of faces that have gone, if too many features are buffered."""
        gone = [
            stream
            for number, stream in self._streams.items()
            # some of a track's faces may still be on their way, however late this frame is
            if self._taken[number] == len(self._tracks[number].frames) and stream.is_over(frame)
        ]
        if sum(stream.buffered for stream in gone) > BUFFERED_ROWS:
            for stream in gone:
                stream.end_sequence()


def track_rows(ranked: RankedTrack, probabilities: Floats, smoothed: Floats) -> FaceRows:
    """Return the rows of one track, as if it were the only one of its person.

    What a frame that was bridged lacks is NaN.

    Args:
        ranked: the track, and its ranks in the M frames in which it was seen.
        probabilities: (M, 8) before smoothing.
        smoothed: (M, 8).
    """
    track, frames = ranked.track, ranked.frames
    known = np.array(track.frames)
    last = np.searchsorted(known, frames, side="right") - 1  # the face that was seen last
    bridged = known[last] != frames
    faces = track.faces.values[last]
    faces[bridged] = np.nan
    return FaceRows(
        frame=frames,
        track=np.full(len(frames), track.number),
        person=np.full(len(frames), track.number),
        rank=ranked.ranks,
        bbox=faces[:, :4],
        landmarks=faces[:, 4:14],
        score=faces[:, 14],
        bridged=bridged,
        probabilities=probabilities,
        smoothed=smoothed,
    )


def merge_rows(tracks: Sequence[FaceRows], identities: Mapping[int, Identity]) -> FaceRows:
    """Return the rows of all tracks of all shots, by frame and then by rank.

    Args:
        tracks: rows of each.
        identities: what each track is called.
    """
    if not tracks:
        return _no_rows()
    tracks = [_called(one, identities[int(one.track[0])]) for one in tracks]
    merged = tracks[0]
    if len(tracks) > 1:
        names = [name for name, values in vars(merged).items() if values is not None]
        columns = {name: np.concatenate([getattr(one, name) for one in tracks]) for name in names}
        merged = FaceRows(**columns)
    order = np.lexsort((merged.rank, merged.frame))
    # with one track a shot, no column is copied
    return merged.select(order) if (np.diff(order) != 1).any() else merged


def _called(rows: FaceRows, identity: Identity) -> FaceRows:
    count = len(rows)
    return replace(
        rows, track=np.full(count, identity.track), person=np.full(count, identity.person)
    )


def _no_rows() -> FaceRows:
    none, floats = np.zeros(0, np.int64), np.zeros((0, len(EXPRESSIONS)), np.float32)
    return track_rows(RankedTrack(Track(1, 0), 0, none, none), floats, floats)


@dataclass(frozen=True)
class MainFaces:
    """In the authors' way: the faces of a track that are the main person's in their frames.

    Attributes:
        ranked: the track.
        features: (N, 888) of all faces of the track.
    """

    ranked: RankedTrack
    features: Floats

    @property
    def places(self) -> Integers:
        """Return which faces of the track they are."""
        return np.flatnonzero(self.ranked.detected_ranks == 0)

    @property
    def frames(self) -> Integers:
        """Return the indices of their frames."""
        return np.array(self.ranked.track.frames, np.int64)[self.places]


def nearest_crop_rows(
    main_faces: Sequence[MainFaces],
    first_frame: int,
    count: int,
    predict: Callable[[Floats], Predictions],
    keep_features: bool = False,
) -> tuple[list[FaceRows], Floats | None]:
    """Return what the authors' code answers: a video is one sequence, a missing crop the nearest one.

    Args:
        main_faces: of the tracks of all shots.
        first_frame: index of the first annotated frame.
        count: number of annotated frames.
        predict: the model, from features (T, 888) of one sequence to predictions.
        keep_features: whether the rows hold features and logits.

    Returns:
        Rows of the frames in which the main person was detected, and the probabilities (count, 8) of
        every frame; None if there is no crop at all.
    """
    if not main_faces:
        return [], None
    crops = np.concatenate([own.frames for own in main_faces]) - first_frame
    known = np.zeros(count, bool)
    known[crops] = True
    crop_of = np.zeros(count, np.int64)
    crop_of[crops] = np.arange(len(crops))
    every = np.concatenate([own.features[own.places] for own in main_faces])
    predictions = predict(every[crop_of[nearest_known(known)]])
    rows = []
    for own in main_faces:
        ranked = replace(own.ranked, frames=own.frames, ranks=np.zeros(len(own.frames), np.int64))
        probabilities = predictions.probabilities[own.frames - first_frame]
        made = track_rows(ranked, probabilities, probabilities)
        if keep_features:
            logits = predictions.kept_logits[own.frames - first_frame]
            made = replace(made, features=own.features[own.places], logits=logits)
        rows.append(made)
    return rows, predictions.probabilities
