"""Tracks: paths of boxes within a shot, each of one face.

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

SPEED: Final = 1.5
"""Face sizes that a head may have moved on in a second, from one frame to the next, ..."""

FARTHEST: Final = 2.5
"""... and at most so many, ..."""

STILL_SECONDS: Final = 0.1
"""... if the frames lie farther apart than this. Where they do, the only face of one frame ..."""

ALONE_SECONDS: Final = 1.0
"""... and that of the next are one, wherever they are, unless so much time passed that somebody else
may have come."""


@dataclass
class Track:
    """One path of boxes within one shot, while it grows; about 80 bytes a face.

    Attributes:
        number: unique in the video, from 1 in order of appearance.
        shot: number of its shot.
        frames: indices of the frames in which the face was detected, rising.
        seconds: their times on the video's timeline, rising.
        faces: rows (N, 15): corners of the box, x and y of the landmarks, score.
        best_score: the highest score of any of them; 0 without any.
        summed_area: of their boxes, in square pixels.
        summed_x: of the horizontal centers of their boxes, in pixels from the left.
    """

    number: int
    shot: int
    frames: "array[int]" = field(default_factory=lambda: array("q"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    faces: RowBuffer = field(default_factory=lambda: RowBuffer(BOX + LANDMARKS + 1))
    best_score: float = 0.0
    summed_area: float = 0.0
    summed_x: float = 0.0

    def add(self, frame: int, seconds: float, face: Face) -> None:
        """Add the face of a later frame."""
        self.frames.append(frame)
        self.seconds.append(seconds)
        self.faces.add(np.concatenate([face.bbox, face.landmarks.ravel(), [face.score]]))
        self.best_score = max(self.best_score, face.score)
        self.summed_area += face.area
        self.summed_x += float(face.bbox[0] + face.bbox[2]) / 2

    def box(self, position: int) -> Floats:
        """Return the box (4,) of a face; from -1 downwards counted from the end."""
        return self.faces.row(position)[:BOX]


class Tracker:
    """Associates faces with tracks, shot by shot."""

    def __init__(self, options: TrackingOptions) -> None:
        """Make ready.

        Args:
            options: when faces are one track.
        """
        self._options = options
        self._count = 0
        self._tracks: list[Track] = []
        self._seconds = 0.0  # of the frame before

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
        longest, before = self._options.bridge_seconds, self._seconds
        alive = [track for track in self._tracks if before - track.seconds[-1] <= longest]
        matches = self._match(alive, faces, seconds)
        self._seconds = seconds
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
        """End the shot; return its tracks in order of appearance."""
        tracks, self._tracks = self._tracks, []
        return tracks

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
        reach = self._reach(tracks, len(faces), seconds)
        similarity = similarities(expected, boxes, reach, self._options)
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        return {
            int(column): tracks[row]
            for row, column in zip(rows, columns, strict=True)
            if similarity[row, column] > 0
        }

    def _reach(self, tracks: list[Track], faces: int, seconds: float) -> NDArray[np.float64]:
        """Return how far from its expected place each track's face may lie, in face sizes.

        Who was seen in the frame before may have moved on since, where frames lie far apart.
        """
        least, apart = self._options.max_distance, seconds - self._seconds
        farther = min(least + SPEED * max(apart - STILL_SECONDS, 0), FARTHEST)
        just_seen = np.array([track.seconds[-1] == self._seconds for track in tracks])
        if just_seen.sum() == faces == 1 and STILL_SECONDS < apart <= ALONE_SECONDS:
            farther = np.inf
        return np.where(just_seen, farther, least)


def similarities(
    expected: Floats, boxes: Floats, reach: NDArray[np.float64], options: TrackingOptions
) -> NDArray[np.float64]:
    """Return (tracks, faces): 1.3 for the expected box itself, 0 for what cannot be one face.

    Args:
        expected: (tracks, 4) boxes.
        boxes: (faces, 4).
        reach: (tracks,) how far from the expected box's center a face may lie, in face sizes.
        options: how much a face may grow.
    """
    sizes, new_sizes = _sizes(expected), _sizes(boxes)
    mean_size = (sizes[:, None] + new_sizes[None]) / 2
    apart = np.linalg.norm(_centers(expected)[:, None] - _centers(boxes)[None], axis=2)
    distance = apart / mean_size / reach[:, None]
    growth = np.abs(np.log(new_sizes[None] / sizes[:, None])) / np.log(options.max_growth)
    similarity = 1 - distance - 0.3 * growth
    return np.where((distance < 1) & (growth < 1), similarity + 0.3, 0.0)


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
