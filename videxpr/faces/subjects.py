"""Who is who in a shot, and which rank each face has in each frame.

A person is one or several tracks that follow each other. Persons are ranked by the shot as a whole; the
rank of a face in a frame counts the better ranked persons who are seen there, so that a face alone in
the picture has rank 0, whoever it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from videxpr.core.structures import Integers, Times
from videxpr.faces.options import Person, TrackingOptions
from videxpr.faces.track import Track, similarities

PRESENCE: Final = 0.5
"""For left, right and center, somebody counts as a person of the shot who has at least this share of
the frames of the one seen longest, so that somebody who passes by takes nobody's place."""

TimesOf = Callable[[Integers], Times]
"""Seconds of frames whose indices rise."""


@dataclass(frozen=True)
class Subject:
    """One person of a shot.

    Attributes:
        tracks: in order; each ends before the next begins.
    """

    tracks: tuple[Track, ...]

    @property
    def faces(self) -> int:
        """Return in how many frames the person was detected."""
        return sum(len(track.frames) for track in self.tracks)

    @property
    def summed_area(self) -> float:
        """Return the area of all boxes, in square pixels."""
        return sum(track.summed_area for track in self.tracks)

    @property
    def mean_x(self) -> float:
        """Return the mean horizontal center of the boxes, in pixels from the left."""
        return sum(track.summed_x for track in self.tracks) / self.faces


def find_subjects(
    tracks: Iterable[Track], options: TrackingOptions, sure_score: float
) -> list[Subject]:
    """Return the persons of a shot: who comes back to the same place before long is the same.

    Args:
        tracks: of the shot, in order of appearance.
        options: what is the same place, what is long, and what is a flash.
        sure_score: of the detector; somebody short who reaches it is no flash.

    Returns:
        Persons in order of appearance, flashes left out.
    """
    found = _joined([[track] for track in tracks], options, options.search_seconds)
    people = [
        own
        for own in found
        if sum(len(track.frames) for track in own) >= options.min_frames
        or max(track.best_score for track in own) >= sure_score
    ]
    return [Subject(tuple(own)) for own in _joined(people, options, options.same_place_seconds)]


def _joined(
    groups: Iterable[list[Track]], options: TrackingOptions, longest: float
) -> list[list[Track]]:
    """Return groups of tracks, in order of appearance, of which some go on where others ended.

    Args:
        groups: of tracks, in order.
        options: what is the same place.
        longest: seconds for which somebody may have been missed.
    """
    joined: list[list[Track]] = []
    open_groups: list[list[Track]] = []
    for group in groups:
        first = group[0]
        open_groups = [own for own in open_groups if _missed(own[-1], first) <= longest]
        nearness = [_nearness(own[-1], first, options) for own in open_groups]
        if max(nearness, default=0.0) > 0:
            open_groups[int(np.argmax(nearness))].extend(group)
        else:
            joined.append(list(group))
            open_groups.append(joined[-1])
    return joined


def _missed(before: Track, track: Track) -> float:
    return track.seconds[0] - before.seconds[-1]


def goes_on(before: Track, track: Track, options: TrackingOptions) -> bool:
    """Return whether a track is the rest of one that ended, for which its face was searched."""
    is_soon = _missed(before, track) <= options.search_seconds
    return is_soon and _nearness(before, track, options) > 0


def _nearness(before: Track, track: Track, options: TrackingOptions) -> float:
    """Return how well a track goes on where another one ended; 0 if it cannot be the same face."""
    if before.frames[-1] >= track.frames[0]:
        return 0.0
    last, first = before.box(-1)[None], track.box(0)[None]
    reach = np.array([options.max_distance])
    return float(similarities(last, first, reach, options)[0, 0])


def rank_subjects(
    subjects: Sequence[Subject], person: Person, frame_size: tuple[int, int]
) -> list[Subject]:
    """Return the persons of one shot, the main one first.

    Args:
        subjects: all persons of the shot.
        person: ``largest`` goes by the area of the box summed over the shot; ``left``, ``right`` and
            ``center`` by its mean horizontal position, as the viewer sees it.
        frame_size: width and height of the displayed frame in pixels.

    Returns:
        The same persons; equals stay in order of appearance.
    """
    by_area = sorted(subjects, key=lambda one: -one.summed_area)
    if person == "largest" or not subjects:
        return by_area
    longest = max(one.faces for one in subjects)
    present = [one for one in by_area if one.faces >= PRESENCE * longest]
    rest = [one for one in by_area if one.faces < PRESENCE * longest]
    middle = frame_size[0] / 2
    keys: dict[str, Callable[[Subject], float]] = {
        "left": lambda one: one.mean_x,
        "right": lambda one: -one.mean_x,
        "center": lambda one: abs(one.mean_x - middle),
    }
    return sorted(present, key=keys[person]) + rest


@dataclass(frozen=True)
class RankedTrack:
    """A track, and the rank of its face in each frame.

    Attributes:
        track: the track.
        subject: whose it is, by the person's rank in the shot.
        frames: (M,) indices of the frames in which it was seen: detected, or bridged.
        ranks: (M,) 0 for the main person of the frame.
    """

    track: Track
    subject: int
    frames: Integers
    ranks: Integers

    @property
    def detected_ranks(self) -> Integers:
        """(N,) the ranks in the frames in which the face was detected."""
        return self.ranks[np.isin(self.frames, self.track.frames)]


def rank_tracks(
    subjects: Sequence[Subject], times: TimesOf, bridge_seconds: float
) -> list[RankedTrack]:
    """Return the tracks of a shot with their ranks in every frame.

    Args:
        subjects: all persons of the shot, the main one first.
        times: of frames.
        bridge_seconds: longest gap in a track that is bridged.
    """
    if not subjects:
        return []
    tracks = [(number, track) for number, one in enumerate(subjects) for track in one.tracks]
    first = min(track.frames[0] for _, track in tracks)
    better = np.zeros(max(track.frames[-1] for _, track in tracks) + 1 - first, np.int64)
    ranked = []
    for number, track in tracks:
        frames = _seen_frames(track, times, bridge_seconds)
        ranked.append(RankedTrack(track, number, frames, better[frames - first]))
        better[frames - first] += 1
    return ranked


def is_bridged(last: int, frame: int, times: TimesOf, bridge_seconds: float) -> bool:
    """Return whether a face seen in frame `last` and then in `frame` counts as seen in between."""
    if frame <= last + 1:
        return True
    missed = np.diff(times(np.array([last, frame - 1])))
    return bool(missed[0] <= bridge_seconds)


def _seen_frames(track: Track, times: TimesOf, bridge_seconds: float) -> Integers:
    """Return the frames in which a face was detected, and those of the gaps that are bridged."""
    frames = np.array(track.frames, np.int64)
    parts = [frames]
    for gap in np.flatnonzero(np.diff(frames) > 1).tolist():
        last, frame = int(frames[gap]), int(frames[gap + 1])
        if is_bridged(last, frame, times, bridge_seconds):
            parts.append(np.arange(last + 1, frame))
    return np.sort(np.concatenate(parts))
