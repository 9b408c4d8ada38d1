"""The persons of one video: who is asked for in each shot, and who is who from shot to shot."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from videxpr.core.structures import Floats, Integers
from videxpr.faces.identity import Appearance, BestCrops, Recognizer, join
from videxpr.faces.options import FaceOptions
from videxpr.faces.pipeline import Shot, TrackedFace
from videxpr.faces.subjects import (
    RankedTrack,
    Subject,
    TimesOf,
    find_subjects,
    goes_on,
    rank_subjects,
    rank_tracks,
)

LEAST_ALIKE: Final = 0.6
"""Share of the recognizer's threshold below which who is back in the same place is somebody else."""

LOOKED_AT: Final = 256
"""Tracks of a shot of which crops are kept for the recognizer, so that a crowd fills no memory."""


@dataclass
class _Look:
    """The best crops of a track, until the recognizer has looked at them; then their vector."""

    crops: BestCrops = field(default_factory=BestCrops)
    vector: Floats | None = None

    def at(self, recognizer: Recognizer) -> Floats | None:
        """Return the vector (D,); None without any crop."""
        if self.vector is None:
            self.vector, self.crops = self.crops.vector(recognizer), BestCrops()
        return self.vector


@dataclass(frozen=True)
class Identity:
    """What a track is called in the record.

    Attributes:
        track: the number of the first of the tracks that go on one after another.
        person: whose it is, from 1 in order of appearance.
    """

    track: int
    person: int


@dataclass(frozen=True)
class _Known:
    """A track that is asked for.

    Attributes:
        number: of the track.
        path: the number of the first of the tracks that go on one after another.
        subject: whose it is by its shot alone, numbered through the video.
        frames: in which it was seen.
        look: what the recognizer knows of it.
    """

    number: int
    path: int
    subject: int
    frames: Integers
    look: _Look


class People:
    """The persons of one video, told apart shot by shot.

    Attributes:
        left_out_frames: in which somebody was detected who was not asked for.
    """

    def __init__(
        self,
        options: FaceOptions,
        wanted: int | None,
        times: TimesOf,
        recognizer: Recognizer | None = None,
        template: int = 0,
    ) -> None:
        """Begin with nobody.

        Args:
            options: who is one person by time and place, and who is the main one.
            wanted: how many persons of a frame are asked for; None for all.
            times: of frames.
            recognizer: that tells people apart by their faces; None if there is none.
            template: which of a face's crops is for the recognizer.
        """
        self._options = options
        self._wanted = wanted
        self._times = times
        self._recognizer = recognizer
        self._template = template
        self._looks: dict[int, _Look] = {}  # of the open shot, by track
        self._known: list[_Known] = []
        self._looked_at = 0  # of these
        self._subjects = 0
        self.left_out_frames = 0

    def add(self, faces: Iterable[TrackedFace]) -> None:
        """Look at faces of the open shot, in order."""
        if self._recognizer is None:
            return
        for face in faces:
            number, quality = face.track.number, face.face.area * face.face.score
            if number in self._looks or len(self._looks) < LOOKED_AT:
                seconds = float(self._times(np.array([face.frame]))[0])
                look = self._looks.setdefault(number, _Look())
                look.crops.add(seconds, quality, face.crops[self._template])

    def end_shot(self, shot: Shot) -> list[RankedTrack]:
        """Return the tracks of a shot that are asked for in one of its frames at least."""
        subjects = find_subjects(shot.tracks, self._options.tracking, shot.sure_score)
        ranked = self._ranked(subjects, shot)
        asked = {one.subject for one in ranked if self._is_asked(one)}
        looked_at = self._known_of(one for one in ranked if one.subject in asked)
        if self._recognizer is not None and len(looked_at) > 1:
            people = self._by_face(looked_at, self._recognizer)
            person = dict(zip((one.number for one in looked_at), people, strict=True))
            own = [person.get(one.track.number, -1 - one.subject) for one in ranked]
            ranked = self._ranked(_grouped(ranked, own), shot)
        self.left_out_frames += self._left_out(ranked)
        ranked = [one for one in ranked if self._is_asked(one)]
        self._known += self._known_of(ranked)
        if self._recognizer is not None and len(self._known) > 1:
            for one in self._known[self._looked_at :]:  # now, so that no crops are kept
                one.look.at(self._recognizer)
            self._looked_at = len(self._known)
        self._subjects += len(shot.tracks)
        self._looks.clear()
        return ranked

    def identities(self) -> dict[int, Identity]:
        """Return what each track that was asked for is called, by its number."""
        own = [one.subject for one in self._known]
        if self._recognizer is not None and len(own) > 1:
            own = self._by_face(self._known, self._recognizer)
        order: dict[int, int] = {}
        for position in np.argsort([one.frames[0] for one in self._known], kind="stable"):
            order.setdefault(own[position], len(order) + 1)
        return {
            one.number: Identity(one.path, order[person])
            for one, person in zip(self._known, own, strict=True)
        }

    def _ranked(self, subjects: Sequence[Subject], shot: Shot) -> list[RankedTrack]:
        main_first = rank_subjects(subjects, self._options.person, shot.frame_size)
        return rank_tracks(main_first, self._times, self._options.tracking.bridge_seconds)

    def _is_asked(self, ranked: RankedTrack) -> bool:
        return self._wanted is None or bool(ranked.ranks.min() < self._wanted)

    def _left_out(self, ranked: Sequence[RankedTrack]) -> int:
        """Return in how many frames of a shot somebody was detected who is not asked for."""
        if self._wanted is None:
            return 0
        frames = [np.array(one.track.frames)[one.detected_ranks >= self._wanted] for one in ranked]
        return len(np.unique(np.concatenate(frames))) if frames else 0

    def _known_of(self, ranked: Iterable[RankedTrack]) -> list[_Known]:
        """Return what is kept of tracks, those of a person in order."""
        known: list[_Known] = []
        before: dict[int, tuple[RankedTrack, int]] = {}  # of each person, and its path
        for one in ranked:
            path = one.track.number
            if one.subject in before:
                last, on = before[one.subject]
                path = on if goes_on(last.track, one.track, self._options.tracking) else path
            before[one.subject] = one, path
            look = self._looks.setdefault(one.track.number, _Look())
            subject = self._subjects + one.subject
            known.append(_Known(one.track.number, path, subject, one.frames, look))
        return known

    def _by_face(self, known: Sequence[_Known], recognizer: Recognizer) -> list[int]:
        """Return the person of each track by its face, and by its place where nothing is against it.

        A track of which no crop was kept is the person's who had its place before.
        """
        looks = [(one, one.look.at(recognizer)) for one in known]
        vectors = [vector for _, vector in looks if vector is not None]
        seen = [one for one, vector in looks if vector is not None]
        tracks = [Appearance(one.frames, own) for one, own in zip(seen, vectors, strict=True)]
        least = LEAST_ALIKE * recognizer.threshold
        links = [
            (one, other)
            for one, other in _same_place(seen)
            if float(vectors[one] @ vectors[other]) >= least
        ]
        numbers = join(tracks, links, recognizer.threshold).tolist() if tracks else []
        person = {one.number: number for one, number in zip(seen, numbers, strict=True)}
        last: dict[int, int] = {}  # the person who was last in each place
        for one in known:
            person.setdefault(one.number, last.get(one.subject, -1 - one.subject))
            last[one.subject] = person[one.number]
        return [person[one.number] for one in known]


def _grouped(ranked: Sequence[RankedTrack], own: Sequence[int]) -> list[Subject]:
    """Return tracks as persons, in order of appearance; `own` says whose each is."""
    people: dict[int, list[RankedTrack]] = {}
    for person, one in sorted(zip(own, ranked, strict=True), key=lambda pair: pair[1].track.number):
        people.setdefault(person, []).append(one)
    return [Subject(tuple(one.track for one in tracks)) for tracks in people.values()]


def _same_place(known: Sequence[_Known]) -> Iterator[tuple[int, int]]:
    """Yield positions of tracks that are one person by their shot alone, each with the one before."""
    last: dict[int, int] = {}
    for position, one in enumerate(known):
        if one.subject in last:
            yield last[one.subject], position
        last[one.subject] = position
