"""Tracks: one person within one shot.

Faces are associated from frame to frame by the best total similarity to where each track is expected
(Hungarian assignment). `trackers`' ByteTrack and OC-SORT were measured first; docs/tracking.md has
the figures.
"""

from array import array
from collections.abc import Sequence
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


@dataclass
class Track:
    """What is known of one person in one shot, while it grows; about 80 bytes a face.

    Attributes:
        number: unique in the video, from 1 in order of appearance.
        shot: number of its shot.
        frames: indices of the frames in which the face was detected, rising.
        seconds: their times on the video's timeline, rising.
        faces: rows (N, 15): corners of the box, x and y of the landmarks, score.
        best_score: the highest score of any of them; 0 without any.
        summed_area: of their boxes, in square pixels.
    """

    number: int
    shot: int
    frames: "array[int]" = field(default_factory=lambda: array("q"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    faces: RowBuffer = field(default_factory=lambda: RowBuffer(BOX + LANDMARKS + 1))
    best_score: float = 0.0
    summed_area: float = 0.0

    def add(self, frame: int, seconds: float, face: Face) -> None:
        """Add the face of a later frame."""
        self.frames.append(frame)
        self.seconds.append(seconds)
        self.faces.add(np.concatenate([face.bbox, face.landmarks.ravel(), [face.score]]))
        self.best_score = max(self.best_score, face.score)
        self.summed_area += face.area

    def box(self, position: int) -> Floats:
        """Return the box (4,) of a face; from -1 downwards counted from the end."""
        return self.faces.row(position)[:BOX]


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
        longest = self._options.max_missed_seconds
        alive = [track for track in self._tracks if seconds - track.seconds[-1] <= longest]
        matches = self._match(alive, faces, seconds)
        owners = []
        for position, face in enumerate(faces):
            if position not in matches:
                self._count += 1
                matches[position] = Track(self._count, shot)
                self._tracks.append(matches[position])
            matches[position].add(frame, seconds, face)
            owners.append(matches[position])
        return owners

    def finish(self) -> list[Track]:
        """End the shot; return its tracks in order of appearance, flashes left out."""
        tracks, self._tracks = self._tracks, []
        least = self._options.min_frames
        return [
            track
            for track in tracks
            if len(track.frames) >= least or track.best_score >= self._sure_score
        ]

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
    last = track.box(-1)
    if len(track.faces) < 2:
        return last
    step = track.seconds[-1] - track.seconds[-2]
    if not 0 < step <= 0.2:
        return last
    ahead = min(seconds - track.seconds[-1], 0.2)
    center = _centers(np.stack([track.box(-2), last]))
    shift = (center[1] - center[0]) * (0.5 * ahead / step)
    return np.asarray(last + np.concatenate([shift, shift]), dtype=np.float32)


def _centers(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, dtype=np.float32)


def _sizes(boxes: Floats) -> Floats:
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 1, None)
    return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]), dtype=np.float32)
