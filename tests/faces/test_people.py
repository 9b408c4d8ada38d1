"""Who is asked for in a shot, and who is who in a video."""

from collections.abc import Sequence

import numpy as np
import pytest
from pipeline import face

from videxpr.core.crop_template import ARCFACE
from videxpr.core.structures import Floats, Image
from videxpr.faces import people as people_module
from videxpr.faces.options import FaceOptions
from videxpr.faces.people import Identity, People
from videxpr.faces.pipeline import Shot, TrackedFace
from videxpr.faces.track import Track

FPS = 25
SIZE = (640, 360)


def times(frames: np.ndarray) -> np.ndarray:
    return frames / FPS


class ByShade:
    """Knows two crops as one person if they are equally bright."""

    name, sha256, template, threshold = "by shade", "0" * 64, ARCFACE, 0.5

    def __init__(self) -> None:
        self.crops = 0

    def embed(self, crops: Sequence[Image]) -> Floats:
        self.crops += len(crops)
        return np.eye(256, dtype=np.float32)[[int(crop[0, 0, 0]) for crop in crops]]


def track(number: int, frames: range, x: float = 100.0, size: float = 60, shade: int = 0):
    """A track, and its faces with crops of that shade."""
    own, faces = Track(number, 0), []
    for frame in frames:
        one = face(x=x, size=size)
        own.add(frame, frame / FPS, one)
        faces.append(TrackedFace(frame, one, own, (np.full((4, 4, 3), shade, np.uint8),)))
    return own, faces


def end_shot(people: People, *pairs) -> list[int]:
    """The numbers of the tracks that are asked for, the main person's first."""
    for _, faces in pairs:
        people.add(faces)
    asked = people.end_shot(Shot([own for own, _ in pairs], SIZE))
    return [one.track.number for one in asked]


def persons(people: People) -> dict[int, int]:
    return {track: identity.person for track, identity in people.identities().items()}


def test_without_a_recognizer_a_new_shot_has_new_persons() -> None:
    people = People(FaceOptions(), 1, times)
    assert end_shot(people, track(1, range(20))) == [1]
    assert end_shot(people, track(2, range(20, 40))) == [2]
    assert persons(people) == {1: 1, 2: 2}


def test_without_a_recognizer_who_is_back_in_the_same_place_is_the_same() -> None:
    people = People(FaceOptions(), 1, times)
    back, elsewhere = track(2, range(190, 200)), track(3, range(210, 220), x=400)
    assert end_shot(people, track(1, range(20)), back, elsewhere) == [1, 2, 3]
    assert persons(people) == {1: 1, 2: 1, 3: 2}


def test_only_who_is_asked_for_in_some_frame_is_a_person() -> None:
    people = People(FaceOptions(), 1, times)
    small = track(2, range(20), x=300, size=40)
    assert end_shot(people, track(1, range(20)), small) == [1]
    assert persons(people) == {1: 1}
    both = People(FaceOptions(), 2, times)
    assert end_shot(both, track(1, range(20)), small) == [1, 2]


def test_persons_are_numbered_by_their_first_frames() -> None:
    people = People(FaceOptions(), None, times)
    end_shot(people, track(1, range(3, 20), size=40), track(2, range(20), x=300, size=90))
    assert persons(people) == {2: 1, 1: 2}


def test_a_recognizer_joins_over_shots_and_places() -> None:
    people = People(FaceOptions(), 1, times, ByShade())
    end_shot(people, track(1, range(20), shade=7), track(2, range(60, 80), x=400, shade=7))
    end_shot(people, track(3, range(80, 90), shade=9))
    end_shot(people, track(4, range(90, 99), shade=7))
    assert persons(people) == {1: 1, 2: 1, 3: 2, 4: 1}


@pytest.mark.parametrize(("gap", "x", "path"), [(100, 100.0, 1), (130, 100.0, 2), (100, 400.0, 2)])
def test_a_face_that_was_searched_for_is_on_one_track(gap: int, x: float, path: int) -> None:
    people = People(FaceOptions(), 1, times, ByShade())
    end_shot(people, track(1, range(20), shade=7), track(2, range(20 + gap, 170), x, shade=7))
    assert people.identities() == {1: Identity(1, 1), 2: Identity(path, 1)}


def test_who_took_another_one_s_place_soon_is_on_another_track() -> None:
    people = People(FaceOptions(), 1, times, ByShade())
    end_shot(people, track(1, range(20), shade=7), track(2, range(60, 90), shade=9))
    assert people.identities() == {1: Identity(1, 1), 2: Identity(2, 2)}


def test_a_recognizer_parts_who_has_taken_another_one_s_place() -> None:
    people = People(FaceOptions(), 1, times, ByShade())
    end_shot(people, track(1, range(20), shade=7), track(2, range(190, 200), shade=9))
    assert persons(people) == {1: 1, 2: 2}


def test_the_main_person_is_who_has_the_most_with_all_tracks_together() -> None:
    parts = [
        track(1, range(12), x=100, shade=7),
        track(3, range(40, 52), x=400, shade=7),
    ]
    other = track(2, range(12, 30), x=250, shade=9)
    both = track(4, range(40, 52), x=250, size=62, shade=9)
    with_faces = People(FaceOptions(), 1, times, ByShade())
    assert end_shot(with_faces, *parts, other, both)[0] == 2
    numbers = persons(with_faces)
    assert numbers[1] != numbers[2] and numbers[2] == numbers[4]


def test_a_lone_track_costs_the_recognizer_nothing() -> None:
    recognizer = ByShade()
    people = People(FaceOptions(), 1, times, recognizer)
    end_shot(people, track(1, range(200)), track(2, range(200), x=400, size=40))
    assert persons(people) == {1: 1} and recognizer.crops == 0


def test_a_track_is_looked_at_once_and_in_five_crops_at_most() -> None:
    recognizer = ByShade()
    people = People(FaceOptions(), None, times, recognizer)
    for shot in range(3):
        first = 200 * shot
        own = [track(2 * shot + n, range(first, first + 150), x=200.0 * n, shade=n) for n in (1, 2)]
        end_shot(people, *own)
    assert persons(people) == {1: 1, 2: 2, 3: 1, 4: 2, 5: 1, 6: 2}
    assert recognizer.crops <= 5 * 6


def test_who_was_not_looked_at_is_known_by_the_place(monkeypatch) -> None:
    monkeypatch.setattr(people_module, "LOOKED_AT", 1)
    people = People(FaceOptions(), None, times, ByShade())
    first, other = track(1, range(20), shade=7), track(2, range(20), x=400, shade=7)
    end_shot(people, first, other, track(3, range(60, 80), shade=7), track(4, range(60, 80), x=400))
    assert persons(people) == {1: 1, 2: 2, 3: 1, 4: 2}


def test_crops_are_let_go_when_a_second_track_shows_that_they_are_needed() -> None:
    recognizer = ByShade()
    people = People(FaceOptions(), 1, times, recognizer)
    end_shot(people, track(1, range(20)))
    assert recognizer.crops == 0
    end_shot(people, track(2, range(20, 40)))
    looked_at = recognizer.crops
    assert looked_at > 0 and persons(people) == {1: 1, 2: 1} and recognizer.crops == looked_at


def test_nobody_is_nobody() -> None:
    people = People(FaceOptions(), 1, times, ByShade())
    assert end_shot(people) == [] and persons(people) == {}
