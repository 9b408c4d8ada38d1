"""Who is who in a shot, who is the main person, and who has which rank in a frame."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.structures import Face
from videxpr.faces.options import Person, TrackingOptions
from videxpr.faces.subjects import (
    Subject,
    find_subjects,
    is_bridged,
    rank_subjects,
    rank_tracks,
)
from videxpr.faces.track import Track

PICTURE = (1000, 600)
PERSONS = get_args(Person)


def face_at(x: float, size: float = 100) -> Face:
    half = size / 2
    bbox = np.array([x - half, 200 - half, x + half, 200 + half], np.float32)
    return Face(bbox, np.zeros((5, 2), np.float32), 0.9)


FPS = 25
SURE = 0.95
"""A score that the faces here never reach."""


def track(number: int, x: float, size: float = 100, frames: int = 50, first: int = 0) -> Track:
    made = Track(number, 0)
    for n in range(first, first + frames):
        made.add(n, n / FPS, face_at(x, size))
    return made


def ranked(tracks: list[Track], person: Person) -> list[Track]:
    """Tracks of as many persons, the main one first."""
    subjects = rank_subjects([Subject((one,)) for one in tracks], person, PICTURE)
    return [one.tracks[0] for one in subjects]


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
    assert [one.number for one in ranked(SHOT, person)] == [one.number for one in order]


def test_the_largest_has_the_largest_area_over_the_shot_and_not_in_one_frame() -> None:
    brief = track(1, 500, size=200, frames=10)
    lasting = track(2, 500, size=100, frames=50)
    assert brief.summed_area == pytest.approx(400_000)
    assert lasting.summed_area == pytest.approx(500_000)
    assert ranked([brief, lasting], "largest") == [lasting, brief]


def test_position_is_the_mean_over_the_track() -> None:
    moving = track(1, 100, frames=1)
    moving.add(1, 1 / 25, face_at(300))
    assert Subject((moving,)).mean_x == pytest.approx(200)


def test_half_the_longest_track_is_enough_to_take_a_place() -> None:
    half, longest = track(1, 100, frames=25), track(2, 800, frames=50)
    assert ranked([longest, half], "left")[0] is half
    less = track(1, 100, frames=24)
    assert ranked([longest, less], "left")[0] is longest


@pytest.mark.parametrize("person", PERSONS)
def test_a_shot_without_anybody_has_no_main_person(person: Person) -> None:
    assert ranked([], person) == []


@pytest.mark.parametrize("person", PERSONS)
def test_equals_stay_in_order_of_appearance(person: Person) -> None:
    twins = [track(number, 500) for number in (1, 2, 3)]
    assert [one.number for one in ranked(twins, person)] == [1, 2, 3]


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(10, 400), st.integers(1, 60)), max_size=8),
    st.sampled_from(PERSONS),
)
def test_nobody_is_lost_and_the_longest_is_always_a_candidate(
    people: list[tuple[int, int, int]], person: Person
) -> None:
    tracks = [track(n, *one) for n, one in enumerate(people, 1)]
    order = ranked(tracks, person)
    assert sorted(one.number for one in order) == [one.number for one in tracks]
    if person == "largest" or not tracks:
        return
    present = [one for one in tracks if 2 * len(one.frames) >= max(len(t.frames) for t in tracks)]
    assert {one.number for one in order[: len(present)]} == {one.number for one in present}


@pytest.mark.parametrize(
    ("gap", "x", "size", "people"),
    [
        (160, 300, 100, 1),
        (350, 360, 120, 1),
        (400, 300, 100, 2),
        (160, 420, 100, 2),
        (160, 300, 200, 2),
    ],
    ids=["6.4 s", "nearly there", "16 s", "elsewhere", "another size"],
)
def test_who_is_back_in_the_same_place_before_long_is_the_same(
    gap: int, x: float, size: float, people: int
) -> None:
    tracks = [track(1, 300), track(2, x, size, first=50 + gap)]
    assert len(find_subjects(tracks, TrackingOptions(), SURE)) == people


@pytest.mark.parametrize(
    ("frames", "score", "kept"),
    [(7, 0.6, False), (7, SURE, True), (1, 0.99, True), (1, 0.89, False), (8, 0.6, True)],
    ids=["flash", "short and sure", "one sure frame", "one frame", "long enough"],
)
def test_only_who_is_short_and_never_sure_is_dropped(frames: int, score: float, kept: bool) -> None:
    flash = track(1, 300, frames=frames)
    flash.best_score = score
    assert len(find_subjects([flash, track(2, 600)], TrackingOptions(), SURE)) == 1 + kept


@pytest.mark.parametrize(("gap", "kept"), [(4.0, True), (6.0, False)])
def test_weak_parts_of_a_face_that_is_searched_for_count_together(gap: float, kept: bool) -> None:
    parts = [track(1, 300, frames=5), track(2, 300, frames=5, first=5 + int(gap * FPS))]
    assert bool(find_subjects(parts, TrackingOptions(), SURE)) is kept


def test_who_is_seen_in_one_frame_with_another_is_somebody_else() -> None:
    tracks = [track(1, 300), track(2, 310, first=49)]
    assert len(find_subjects(tracks, TrackingOptions(), SURE)) == 2


def test_of_two_who_could_be_back_the_nearer_one_is() -> None:
    tracks = [track(1, 300), track(2, 360), track(3, 350, first=200), track(4, 300, first=210)]
    people = find_subjects(tracks, TrackingOptions(), SURE)
    assert [[one.number for one in each.tracks] for each in people] == [[1, 4], [2, 3]]


def times(frames: np.ndarray) -> np.ndarray:
    return frames / FPS


def ranks_of(people: list[Subject]) -> dict[int, list[tuple[int, int]]]:
    """Frames and ranks of each track, by its number."""
    found = rank_tracks(people, times, bridge_seconds=0.5)
    return {
        one.track.number: list(zip(one.frames.tolist(), one.ranks.tolist(), strict=True))
        for one in found
    }


def test_a_face_alone_in_the_picture_has_rank_0_whoever_is_the_main_person() -> None:
    main, other = track(1, 300, frames=10), track(2, 700, frames=12, first=5)
    found = ranks_of([Subject((main,)), Subject((other,))])
    assert found[1] == [(frame, 0) for frame in range(10)]
    assert found[2] == [(frame, int(frame < 10)) for frame in range(5, 17)]


def test_all_tracks_of_a_person_have_the_person_s_rank() -> None:
    again = [track(1, 300, frames=5), track(3, 300, frames=5, first=60)]
    other = track(2, 700, frames=65)
    found = ranks_of([Subject(tuple(again)), Subject((other,))])
    assert {rank for number in (1, 3) for _, rank in found[number]} == {0}
    assert [rank for _, rank in found[2]] == [1] * 5 + [0] * 55 + [1] * 5


def test_the_main_person_keeps_the_rank_over_gaps_that_are_bridged() -> None:
    main = Track(1, 0)
    for frame in (0, 1, 5, 30):
        main.add(frame, frame / FPS, face_at(300))
    other = track(2, 700, frames=31)
    found = ranks_of([Subject((main,)), Subject((other,))])
    assert [frame for frame, _ in found[1]] == [0, 1, 2, 3, 4, 5, 30]
    assert [frame for frame, rank in found[2] if rank == 0] == list(range(6, 30))


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), max_size=6), st.integers(0, 1000)
)
def test_in_every_frame_in_which_anybody_is_seen_the_ranks_count_from_0(
    spans: list[tuple[int, int]], seed: int
) -> None:
    tracks = [
        track(n, 100 * n, first=first, frames=long) for n, (first, long) in enumerate(spans, 1)
    ]
    random = np.random.default_rng(seed)
    people = [Subject((tracks[n],)) for n in random.permutation(len(tracks))]
    seen: dict[int, list[int]] = {}
    for pairs in ranks_of(people).values():
        for frame, rank in pairs:
            seen.setdefault(frame, []).append(rank)
    assert all(sorted(ranks) == list(range(len(ranks))) for ranks in seen.values())


@pytest.mark.parametrize(
    ("last", "frame", "bridged"), [(4, 5, True), (4, 17, True), (4, 18, False)]
)
def test_a_gap_is_as_long_as_the_face_was_missed(last: int, frame: int, bridged: bool) -> None:
    assert is_bridged(last, frame, times, bridge_seconds=0.5) is bridged


def test_the_next_frame_is_never_a_gap() -> None:
    def slow(frames: np.ndarray) -> np.ndarray:
        return frames * 100.0

    assert is_bridged(3, 4, slow, bridge_seconds=0.5)
