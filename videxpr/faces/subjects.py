"""Who is the main subject of a shot."""

from typing import Final

import numpy as np

from videxpr.faces.options import Person
from videxpr.faces.track import Track

PRESENCE: Final = 0.5
"""For left, right and center, a track counts as a person of the shot if it has at least this share
of the frames of the longest one, so that somebody who passes by takes nobody's place."""


def rank_subjects(tracks: list[Track], person: Person, frame_size: tuple[int, int]) -> list[Track]:
    """Return the tracks of one shot, the main subject first.

    Args:
        tracks: all tracks of the shot.
        person: ``largest`` goes by the area of the box summed over the shot; ``left``, ``right`` and
            ``center`` by its mean horizontal position, as the viewer sees it.
        frame_size: width and height of the displayed frame in pixels.

    Returns:
        The same tracks; equals stay in order of appearance.
    """
    by_area = sorted(tracks, key=lambda track: -track.summed_area)
    if person == "largest" or not tracks:
        return by_area
    longest = max(len(track.frames) for track in tracks)
    present = [track for track in by_area if len(track.frames) >= PRESENCE * longest]
    middle = frame_size[0] / 2
    keys = {
        "left": mean_x,
        "right": lambda track: -mean_x(track),
        "center": lambda track: abs(mean_x(track) - middle),
    }
    rest = [track for track in by_area if track not in present]
    return sorted(present, key=keys[person]) + rest


def mean_x(track: Track) -> float:
    """Return the mean horizontal center of the track's boxes, in pixels from the left."""
    boxes = track.faces.values[:, :4]
    return float(np.mean((boxes[:, 0] + boxes[:, 2]) / 2))
