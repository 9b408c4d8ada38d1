"""Tracks of made-up boxes."""

from collections.abc import Sequence
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.structures import Face
from videxpr.faces.options import TrackingOptions
from videxpr.faces.track import Track, Tracker

STEP = 0.04


def face(x: float, y: float = 200, size: float = 100, score: float = 0.95) -> Face:
    """A square face around a point."""
    half = size / 2
    bbox = np.array([x - half, y - half, x + half, y + half], np.float32)
    return Face(bbox, np.zeros((5, 2), np.float32), score)


def track_all(tracker: Tracker, frames: Sequence[Sequence[Face]], shot: int = 0) -> list[Track]:
    """The kept tracks of one shot whose frames are a step of time apart."""
    for number, faces in enumerate(frames):
        tracker.add(shot, number, number * STEP, faces)
    return tracker.finish()


def middles(track: Track) -> list[float]:
    return [float(x1 + x2) / 2 for x1, x2 in track.faces.values[:, [0, 2]]]


def test_one_face_is_one_track_with_its_frames_times_and_faces() -> None:
    faces = [face(100 + 3 * n) for n in range(20)]
    (track,) = track_all(Tracker(TrackingOptions()), [[one] for one in faces], shot=4)
    assert (track.number, track.shot, len(track.faces)) == (1, 4, 20)
    for position, (row, face_in) in enumerate(zip(track.faces.values, faces, strict=True)):
        np.testing.assert_array_equal(track.box(position), face_in.bbox)
        np.testing.assert_array_equal(row[:4], face_in.bbox)
        np.testing.assert_array_equal(row[4:14], face_in.landmarks.ravel())
        assert row[14] == pytest.approx(face_in.score)
    assert track.frames.tolist() == list(range(20))
    assert track.seconds.tolist() == [n * STEP for n in range(20)]
    assert track.best_score == 0.95
    assert track.summed_area == pytest.approx(sum(one.area for one in faces))


def test_each_face_is_answered_with_its_own_track() -> None:
    tracker = Tracker(TrackingOptions())
    left, right = face(100), face(400)
    first = tracker.add(0, 0, 0.0, [left, right])
    second = tracker.add(0, 1, STEP, [right, left])
    assert [track.number for track in first] == [1, 2]
    assert second[0] is first[1] and second[1] is first[0]
    assert tracker.add(0, 2, 2 * STEP, []) == []


@given(st.integers(1, 40), st.integers(0, 13))
def test_a_face_that_is_missed_for_half_a_second_stays_on_its_track(first: int, count: int) -> None:
    missed = set(range(first, first + count))
    frames = [[] if n in missed else [face(300 + 20 * np.sin(n / 5))] for n in range(60)]
    (track,) = track_all(Tracker(TrackingOptions()), frames)
    assert track.frames.tolist() == sorted(set(range(60)) - missed)


@pytest.mark.parametrize(("pause", "people"), [(0.5, 1), (0.6, 2)])
def test_a_face_missed_for_too_long_begins_another_track(pause: float, people: int) -> None:
    tracker = Tracker(TrackingOptions())
    tracker.add(0, 0, 0.0, [face(100)])
    tracker.add(0, 1, pause, [])
    tracker.add(0, 2, pause + STEP, [face(100)])
    assert [track.number for track in tracker.finish()] == list(range(1, people + 1))


def test_a_clock_that_jumps_between_two_frames_begins_no_track() -> None:
    tracker = Tracker(TrackingOptions())
    for number, seconds in enumerate([0.0, STEP, 3600.0, 3600 + STEP]):
        tracker.add(0, number, seconds, [face(100)])
    (track,) = tracker.finish()
    assert len(track.frames) == 4


@pytest.mark.parametrize(
    ("step", "moves", "tracks"),
    [(0.04, 90, 2), (0.5, 90, 1), (0.5, 600, 1), (2.0, 600, 30)],
    ids=["too fast", "2 frames a second", "across the picture", "others may have come"],
)
def test_a_lone_head_that_moves_at_few_frames_a_second_is_one_track(
    step: float, moves: float, tracks: int
) -> None:
    tracker = Tracker(TrackingOptions())
    for number in range(30):
        tracker.add(0, number, number * step, [face(100 + moves * (number % 2))])
    assert len(tracker.finish()) == tracks


def test_at_few_frames_a_second_two_heads_are_told_apart_by_their_places() -> None:
    tracker = Tracker(TrackingOptions())
    for number in range(20):
        shift = 60 * (number % 2)
        faces = [face(100 + shift), face(600 - shift)]
        tracker.add(0, number, number * 0.5, faces[:: 1 if number % 3 else -1])
    assert [len(track.frames) for track in tracker.finish()] == [20, 20]


@pytest.mark.parametrize("speed", [4, 10, 17])
@pytest.mark.parametrize("height", [0, 30])
def test_two_faces_that_cross_keep_their_tracks(speed: float, height: float) -> None:
    """They go past each other on one line, or one a little above the other."""
    frames = [
        [face(100 + speed * n, 200 - height), face(100 + speed * (40 - n), 200 + height)]
        for n in range(41)
    ]
    mixed = [faces[:: 1 if n % 2 else -1] for n, faces in enumerate(frames)]
    tracks = track_all(Tracker(TrackingOptions()), mixed)
    assert len(tracks) == 2
    paths = sorted(middles(track) for track in tracks)
    assert paths == [
        pytest.approx([100 + speed * n for n in range(41)]),
        pytest.approx([100 + speed * (40 - n) for n in range(41)]),
    ]


def test_two_faces_keep_their_tracks_while_one_hides_behind_the_other() -> None:
    def seen(n: int) -> list[Face]:
        front, behind = face(100 + 10 * n, 200), face(500 - 10 * n, 200, size=70)
        return [front] if abs(n - 20) < 3 else [front, behind]

    tracks = track_all(Tracker(TrackingOptions()), [seen(n) for n in range(41)])
    assert [len(track.frames) for track in tracks] == [41, 36]
    assert middles(tracks[0]) == pytest.approx([100 + 10 * n for n in range(41)])


def test_who_is_elsewhere_or_of_another_size_is_somebody_else() -> None:
    frames = [[face(100)], [face(300)], [face(100, size=300)]]
    tracks = track_all(Tracker(TrackingOptions()), frames)
    assert [track.frames.tolist() for track in tracks] == [[0], [1], [2]]


def test_a_face_that_grows_gradually_stays_one_person() -> None:
    frames = [[face(300, size=50 * 1.1**n)] for n in range(25)]
    (track,) = track_all(Tracker(TrackingOptions()), frames)
    assert len(track.frames) == 25


def test_a_new_shot_begins_new_tracks_and_goes_on_counting() -> None:
    tracker = Tracker(TrackingOptions())
    (first,) = track_all(tracker, [[face(100)]] * 9, shot=0)
    (second,) = track_all(tracker, [[face(100)]] * 9, shot=1)
    assert (first.number, first.shot) == (1, 0)
    assert (second.number, second.shot) == (2, 1)
    assert len(first.frames) == len(second.frames) == 9
    assert tracker.finish() == []


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 900), st.integers(20, 300)), max_size=4),
        min_size=1,
        max_size=25,
    )
)
def test_every_face_belongs_to_one_track_and_no_track_has_two_in_a_frame(
    video: list[list[tuple[int, int]]],
) -> None:
    marks = count()  # each face has a score of its own
    frames = [[face(x, size=size, score=next(marks) / 128) for x, size in faces] for faces in video]
    tracks = track_all(Tracker(TrackingOptions()), frames)
    owned = [row[14] for track in tracks for row in track.faces.values]
    assert sorted(owned) == [one.score for faces in frames for one in faces]
    for track in tracks:
        assert (np.diff(track.frames) > 0).all()
        assert len(track.frames) == len(track.seconds) == len(track.faces)
    starts = [track.frames[0] for track in tracks]
    assert starts == sorted(starts)
