"""Which faces are embedded at once, and which wait."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline import face

from videxpr.annotation import deferral
from videxpr.annotation.deferral import DeferredFaces
from videxpr.faces.options import FaceOptions
from videxpr.faces.pipeline import TrackedFace
from videxpr.faces.track import Track

SIZE = (640, 360)
FPS = 25


def shown(tracks: dict[int, Track], frame: int, sizes: dict[int, float]) -> list[TrackedFace]:
    """The faces of a frame: the size of each, by the number of its track."""
    faces = []
    for number, size in sizes.items():
        own = face(x=100.0 * number, size=size)
        track = tracks.setdefault(number, Track(number, 0))
        track.add(frame, frame / FPS, own)
        faces.append(TrackedFace(frame, own, track, ()))
    return faces


def told(faces: list[TrackedFace]) -> list[tuple[int, int]]:
    return [(one.track.number, one.frame) for one in faces]


def test_a_lone_face_never_waits() -> None:
    deferred, tracks = DeferredFaces(1, FaceOptions()), {}
    for frame in range(20):
        assert told(deferred.add(shown(tracks, frame, {1: 60}), SIZE)) == [(1, frame)]
    assert deferred.take([1]) == []


def test_in_a_crowd_only_the_largest_is_embedded() -> None:
    deferred, tracks, count = DeferredFaces(1, FaceOptions()), {}, 0
    for frame in range(36):
        crowd = {number: 60 + (number == 7) for number in range(50)}
        count += len(deferred.add(shown(tracks, frame, crowd), SIZE))
    assert count == 36


def test_who_comes_to_lead_is_embedded_from_the_beginning_on_in_order() -> None:
    deferred, tracks = DeferredFaces(1, FaceOptions()), {}
    for frame in range(3):
        assert told(deferred.add(shown(tracks, frame, {1: 60, 2: 40}), SIZE)) == [(1, frame)]
    ready = deferred.add(shown(tracks, 3, {1: 60, 2: 200}), SIZE)
    assert told(ready) == [(2, 0), (2, 1), (2, 2), (2, 3)]
    assert told(deferred.take([1])) == [(1, 3)]


def test_who_is_left_alone_leads_when_the_others_have_been_gone_for_a_while() -> None:
    deferred, tracks = DeferredFaces(1, FaceOptions()), {}
    deferred.add(shown(tracks, 0, {1: 60, 2: 40}), SIZE)
    assert deferred.add(shown(tracks, 5, {2: 40}), SIZE) == []
    assert told(deferred.add(shown(tracks, 25, {2: 40}), SIZE)) == [(2, 0), (2, 5), (2, 25)]


@pytest.mark.parametrize(("person", "leads"), [("left", 1), ("right", 3), ("center", 2)])
def test_who_leads_is_the_person_that_is_asked_for(person, leads) -> None:
    deferred, tracks = DeferredFaces(1, FaceOptions(person=person)), {}
    ready = deferred.add(shown(tracks, 0, {1: 60, 2: 61, 3: 62}), (460, 360))
    assert told(ready) == [(leads, 0)]


def test_nobody_waits_if_all_are_asked_for() -> None:
    deferred, tracks = DeferredFaces(None, FaceOptions()), {}
    faces = shown(tracks, 0, {1: 60, 2: 40, 3: 20})
    assert deferred.add(faces, SIZE) == faces


def test_when_too_many_wait_the_best_ranked_are_embedded(monkeypatch) -> None:
    monkeypatch.setattr(deferral, "WAITING_FACES", 10)
    deferred, tracks = DeferredFaces(1, FaceOptions()), {}
    sizes = {1: 90, 2: 80, 3: 70, 4: 60}
    ready = [told(deferred.add(shown(tracks, frame, sizes), SIZE)) for frame in range(4)]
    assert [len(one) for one in ready] == [1, 1, 1, 1 + 4 + 4]
    assert {number for number, _ in ready[3]} == {1, 2, 3}
    assert told(deferred.take([4])) == [(4, frame) for frame in range(4)]


@given(st.lists(st.dictionaries(st.integers(1, 5), st.integers(20, 200), max_size=5), max_size=30))
def test_no_face_is_lost_and_each_track_s_come_in_order(video) -> None:
    deferred, tracks = DeferredFaces(1, FaceOptions()), {}
    found = []
    for frame, sizes in enumerate(video):
        found += told(deferred.add(shown(tracks, frame, sizes), SIZE))
    found += told(deferred.take(list(tracks)))
    assert sorted(found) == [(n, frame) for n in sorted(tracks) for frame in tracks[n].frames]
    for number in tracks:
        frames = [frame for own, frame in found if own == number]
        assert frames == sorted(frames)
    np.testing.assert_equal(deferred.take(list(tracks)), [])
