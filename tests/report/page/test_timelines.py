import base64

import numpy as np
from interval_records import recording
from numpy.testing import assert_array_equal

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.page.timelines import FULL, NOTHING, strip_text, timeline


def held(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8)


def test_gaps_and_what_was_never_trained_are_nothing() -> None:
    one = recording({1: [(0, 10, "Anger"), (30, 40, "Sadness")]}, 40)
    (person,) = timeline(one, 40)["people"]
    expected = [1] * 10 + [NOTHING] * 20 + [5] * 10
    assert_array_equal(held(person["labels"]), expected)
    assert_array_equal(held(person["seen"]) == 0, np.array(expected) == NOTHING)
    high = held(person["high"]).reshape(len(EXPRESSIONS), 40)
    assert (high[7] == NOTHING).all()
    assert_array_equal(
        high[1], [round(0.86 * FULL)] * 10 + [NOTHING] * 20 + [round(0.02 * FULL)] * 10
    )


def test_shots_and_times_are_those_of_the_file() -> None:
    shots = np.repeat([0, 1, 2], [10, 5, 25])
    one = recording({1: [(0, 40, "Anger")]}, 40, shots=shots)
    drawn = timeline(one, 600)
    assert drawn["shots"] == [[0.0, 0], [0.4, 1], [0.6, 2]]
    assert (drawn["begin"], drawn["end"]) == (0.0, 1.6)


def test_of_cuts_closer_than_a_column_one_is_drawn() -> None:
    one = recording({1: [(0, 1200, "Anger")]}, 1200, shots=np.arange(1200))
    shots = timeline(one, 600)["shots"]
    assert 599 <= len(shots) <= 601
    assert shots[-1][1] in (1198, 1199)


def test_of_many_people_those_seen_longest_are_drawn() -> None:
    people = {number: [(0, number + 1, "Anger")] for number in range(1, 31)}
    drawn = timeline(recording(people, 40), 600)
    assert [one["number"] for one in drawn["people"]] == list(range(30, 18, -1))
    assert ["high" in one for one in drawn["people"]] == [True] * 4 + [False] * 8
    assert drawn["undrawn"] == 18


def test_a_video_without_a_face_has_a_timeline_without_people() -> None:
    one = recording({}, 20)
    assert timeline(one, 600)["people"] == []
    assert set(held(strip_text([None, 3]))) == {NOTHING, 3}
