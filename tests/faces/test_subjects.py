"""Who is the main person of a shot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.structures import Face
from videxpr.faces.options import PERSONS, Person
from videxpr.faces.subjects import mean_x, rank_subjects
from videxpr.faces.track import Track

PICTURE = (1000, 600)


def face_at(x: float, size: float = 100) -> Face:
    half = size / 2
    bbox = np.array([x - half, 200 - half, x + half, 200 + half], np.float32)
    return Face(bbox, np.zeros((5, 2), np.float32), 0.9)


def track(number: int, x: float, size: float = 100, frames: int = 50) -> Track:
    made = Track(number, 0)
    for n in range(frames):
        made.add(n, n / 25, face_at(x, size))
    return made


LEFT = track(1, 150, size=80)
MIDDLE = track(2, 520, size=60)
RIGHT = track(3, 900, size=120)
PASSER_BY = track(4, 20, size=90, frames=20)
"""Farther left than anybody, but in the shot for less than half of it."""
SHOT = [LEFT, MIDDLE, RIGHT, PASSER_BY]


@pytest.mark.parametrize(
    ("person", "order"),
    [
        ("largest", [RIGHT, LEFT, MIDDLE, PASSER_BY]),
        ("left", [LEFT, MIDDLE, RIGHT, PASSER_BY]),
        ("right", [RIGHT, MIDDLE, LEFT, PASSER_BY]),
        ("center", [MIDDLE, LEFT, RIGHT, PASSER_BY]),
    ],
)
def test_each_way_puts_its_person_first(person: Person, order: list[Track]) -> None:
    assert [one.number for one in rank_subjects(SHOT, person, PICTURE)] == [
        one.number for one in order
    ]


def test_the_largest_has_the_largest_area_over_the_shot_and_not_in_one_frame() -> None:
    brief = track(1, 500, size=200, frames=10)
    lasting = track(2, 500, size=100, frames=50)
    assert brief.summed_area == pytest.approx(400_000)
    assert lasting.summed_area == pytest.approx(500_000)
    assert rank_subjects([brief, lasting], "largest", PICTURE) == [lasting, brief]


def test_position_is_the_mean_over_the_track() -> None:
    moving = track(1, 100, frames=1)
    moving.add(1, 1 / 25, face_at(300))
    assert mean_x(moving) == pytest.approx(200)


def test_half_the_longest_track_is_enough_to_take_a_place() -> None:
    half, longest = track(1, 100, frames=25), track(2, 800, frames=50)
    assert rank_subjects([longest, half], "left", PICTURE)[0] is half
    less = track(1, 100, frames=24)
    assert rank_subjects([longest, less], "left", PICTURE)[0] is longest


@pytest.mark.parametrize("person", PERSONS)
def test_a_shot_without_anybody_has_no_main_person(person: Person) -> None:
    assert rank_subjects([], person, PICTURE) == []


@pytest.mark.parametrize("person", PERSONS)
def test_equals_stay_in_order_of_appearance(person: Person) -> None:
    twins = [track(number, 500) for number in (1, 2, 3)]
    assert [one.number for one in rank_subjects(twins, person, PICTURE)] == [1, 2, 3]


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(10, 400), st.integers(1, 60)), max_size=8),
    st.sampled_from(PERSONS),
)
def test_nobody_is_lost_and_the_longest_is_always_a_candidate(
    people: list[tuple[int, int, int]], person: Person
) -> None:
    tracks = [track(n, *one) for n, one in enumerate(people, 1)]
    order = rank_subjects(tracks, person, PICTURE)
    assert sorted(one.number for one in order) == [one.number for one in tracks]
    if person == "largest" or not tracks:
        return
    present = [one for one in tracks if 2 * len(one.frames) >= max(len(t.frames) for t in tracks)]
    assert {one.number for one in order[: len(present)]} == {one.number for one in present}
