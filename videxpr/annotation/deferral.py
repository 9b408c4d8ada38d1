"""Faces that wait until it shows whether anybody asks for them.

A network that embeds crops is what costs most. In a crowd of which one person is wanted, nearly all
faces are never asked for; but who is the main person of a shot shows only when it ends. So the crops of
those who lead now are handed on at once, and those of the others wait.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from videxpr.faces.options import FaceOptions
from videxpr.faces.pipeline import TrackedFace
from videxpr.faces.subjects import Subject, rank_subjects
from videxpr.faces.track import Track

WAITING_FACES: Final = 4096
"""Crops that may wait (150 MB of 112 x 112 pixels). If there are more, those that are likeliest to be
asked for are embedded after all, until half of them are left."""


class DeferredFaces:
    """The faces of one shot after another."""

    def __init__(self, people: int | None, options: FaceOptions) -> None:
        """Begin with none.

        Args:
            people: how many persons are wanted; None for all, so that no face waits.
            options: who is the main person, and for how long a face that is missed leads on.
        """
        self._people = people
        self._options = options
        self._recent: dict[int, Track] = {}
        self._waiting: defaultdict[int, list[TrackedFace]] = defaultdict(list)

    def add(self, faces: list[TrackedFace], frame_size: tuple[int, int]) -> list[TrackedFace]:
        """Take the faces of a few frames; return those to embed now, each track's in order.

        Args:
            faces: of all tracks, in order.
            frame_size: width and height of the displayed frame in pixels.
        """
        if self._people is None or not faces:
            return faces
        for face in faces:
            self._recent[face.track.number] = face.track
            self._waiting[face.track.number].append(face)
        now, longest = faces[-1].track.seconds[-1], self._options.tracking.bridge_seconds
        self._recent = {
            number: track
            for number, track in self._recent.items()
            if now - track.seconds[-1] <= longest
        }
        ready = self.take(self._ranked(self._recent.values(), frame_size)[: self._people])
        if self._count() > WAITING_FACES:
            tracks = [waiting[0].track for waiting in self._waiting.values()]
            for number in self._ranked(tracks, frame_size):
                ready += self.take([number])
                if self._count() <= WAITING_FACES // 2:
                    break
        return ready

    def take(self, tracks: Collection[int]) -> list[TrackedFace]:
        """Return the faces of these tracks that waited."""
        return [face for number in tracks for face in self._waiting.pop(number, [])]

    def clear(self) -> None:
        """Forget all faces, before the next shot."""
        self._recent.clear()
        self._waiting.clear()

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _ranked(self, tracks: Iterable[Track], frame_size: tuple[int, int]) -> list[int]:
        """Return the numbers of tracks, ranked as if the shot ended now."""
        alone = [Subject((track,)) for track in tracks]
        ranked = rank_subjects(alone, self._options.person, frame_size)
        return [one.tracks[0].number for one in ranked]
