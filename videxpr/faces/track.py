"""Tracks: one person within one shot.

Faces are associated from frame to frame by the best total similarity to where each track is expected
(Hungarian assignment). `trackers`' ByteTrack and OC-SORT were measured first; docs/tracking.md has
the figures.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.row_buffer import RowBuffer
from videxpr.core.structures import Face, Floats
from videxpr.faces.options import TrackingOptions

BOX: Final = 4
LANDMARKS: Final = 10
"""Numbers of a face: corners of the box, and x and y of the landmarks; its score comes last."""


class Faces:
    """The faces of a track in order, 60 bytes each, and what is known of them together.

    Attributes:
        best_score: the highest score of any of them; 0 without any.
        summed_area: of their boxes, in square pixels.
    """

    def __init__(self) -> None:
        self.best_score = 0.0
        self.summed_area = 0.0
        self._numbers = RowBuffer(BOX + LANDMARKS + 1)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, position: int) -> Face:
        """Return a face, made anew from its numbers; from -1 downwards counted from the end."""
        numbers = self._numbers.row(position)
        landmarks = numbers[BOX:-1].reshape(-1, 2)
        return Face(numbers[:BOX], landmarks, float(numbers[-1]))

    def __iter__(self) -> Iterator[Face]:
        return map(self.__getitem__, range(len(self)))

    def append(self, face: Face) -> None:
        """Add a face at the end."""
        self._numbers.add(np.concatenate([face.bbox, face.landmarks.ravel(), [face.score]]))
        self.best_score = max(self.best_score, face.score)
        self.summed_area += face.area

    @property
    def values(self) -> Floats:
        """Return (N, 15): corners of the box, x and y of the landmarks, score."""
        return self._numbers.values


@dataclass
class Track:
    """What is known of one person in one shot, while it grows; about 80 bytes a face.

    Attributes:
        number: unique in the video, from 1 in order of appearance.
        shot: number of its shot.
        frames: indices of the frames in which the face was detected, rising.
        seconds: their times on the video's timeline, rising.
        faces: the faces themselves.
    """

    number: int
    shot: int
    frames: "array[int]" = field(default_factory=lambda: array("q"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    faces: Faces = field(default_factory=Faces)

    @property
    def best_score(self) -> float:
        """Return the highest score of any of its faces."""
        return self.faces.best_score

    def add(self, frame: int, seconds: float, face: Face) -> None:
        """Add the face of a later frame."""
        self.frames.append(frame)
        self.seconds.append(seconds)
        self.faces.append(face)


class Tracker:
    """Associates faces with tracks, shot by shot."""

    def __init__(self, options: TrackingOptions, sure_score: float) -> None:
        """Make ready.

        Args:
            options: when faces are one person.
            sure_score: of the detector; a short track that reaches it is no flash.
        """
        self._options = options
        self._sure_score = sure_score
        self._count = 0
        self._tracks: list[Track] = []

    def add(self, shot: int, frame: int, seconds: float, faces: Sequence[Face]) -> list[Track]:
        """Associate each face of a frame with a track, a new one if need be.

        Args:
            shot: number of the frame's shot; `finish` must have been called in between two shots.
            frame: index of the frame.
            seconds: time of the frame on the timeline, always rising.
            faces: what the detector found there.

        Returns:
            The track of each face, in the order of `faces`.
        """
        alive = [track for track in self._tracks if self._is_alive(track, seconds)]
        matches = self._match(alive, faces, seconds)
        owners = []
        for position, face in enumerate(faces):
            track = matches.get(position) or self._new_track(shot)
            track.add(frame, seconds, face)
            owners.append(track)
        return owners

    def finish(self) -> list[Track]:
        """End the shot; return its tracks in order of appearance, flashes left out."""
        tracks, self._tracks = self._tracks, []
        return [track for track in tracks if not self._is_flash(track)]

    def _new_track(self, shot: int) -> Track:
        self._count += 1
        self._tracks.append(Track(self._count, shot))
        return self._tracks[-1]

    def _is_alive(self, track: Track, seconds: float) -> bool:
        return seconds - track.seconds[-1] <= self._options.max_missed_seconds

    def _is_flash(self, track: Track) -> bool:
        short = len(track.faces) < self._options.min_frames
        return short and track.best_score < self._sure_score

    def _match(
        self, tracks: list[Track], faces: Sequence[Face], seconds: float
    ) -> dict[int, Track]:
        """Return tracks by the position of the face that continues them."""
        if not tracks or not faces:
            return {}
        from scipy.optimize import (
            linear_sum_assignment,  # slow to import, and crops need no tracker
        )

        expected = np.stack([_expected_box(track, seconds) for track in tracks])
        boxes = np.stack([face.bbox for face in faces])
        similarity = self._similarity(expected, boxes)
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        return {
            int(column): tracks[row]
            for row, column in zip(rows, columns, strict=True)
            if similarity[row, column] > 0
        }

    def _similarity(self, expected: Floats, boxes: Floats) -> NDArray[np.float64]:
        """Return (tracks, faces): 1 for the expected box itself, 0 for what cannot be one person."""
        centers, sizes = _centers(expected), _sizes(expected)
        new_centers, new_sizes = _centers(boxes), _sizes(boxes)
        mean_size = (sizes[:, None] + new_sizes[None]) / 2
        distance = np.linalg.norm(centers[:, None] - new_centers[None], axis=2) / mean_size
        growth = np.abs(np.log(new_sizes[None] / sizes[:, None])) / np.log(self._options.max_growth)
        similarity = 1 - distance / self._options.max_distance - 0.3 * growth
        return np.where(
            (distance < self._options.max_distance) & (growth < 1), similarity + 0.3, 0.0
        )


def _expected_box(track: Track, seconds: float) -> Floats:
    """Return the last box, moved on at half the speed of the last two for up to 0.2 seconds."""
    last = track.faces[-1].bbox
    if len(track.faces) < 2:
        return last
    step = track.seconds[-1] - track.seconds[-2]
    if not 0 < step <= 0.2:
        return last
    ahead = min(seconds - track.seconds[-1], 0.2)
    center = _centers(np.stack([track.faces[-2].bbox, last]))
    shift = (center[1] - center[0]) * (0.5 * ahead / step)
    return np.asarray(last + np.concatenate([shift, shift]), dtype=np.float32)


def _centers(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, dtype=np.float32)


def _sizes(boxes: Floats) -> Floats:
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 1, None)
    return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]), dtype=np.float32)
