import base64

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from interval_records import recording
from numpy.testing import assert_allclose, assert_array_equal

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.page.timelines import FULL, NOTHING, cut_columns, strip, timeline

steps = st.lists(st.floats(0.01, 3.0), min_size=1, max_size=60)


def held(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8)


@given(steps, st.integers(1, 40), st.randoms(use_true_random=False))
def test_a_column_holds_what_is_shown_while_it_lasts(durations, count, random) -> None:
    edges = np.concatenate([[1.5], 1.5 + np.cumsum(durations)])
    values = np.array([random.choice([np.nan, random.random()]) for _ in durations])
    columns = cut_columns(edges, count)
    least, most, mean = columns.least(values), columns.most(values), columns.mean(values)
    for place in range(count):
        begin, end = columns.edges[place], columns.edges[place + 1]
        shown = [
            value
            for value, first, last in zip(values, edges[:-1], edges[1:], strict=True)
            if min(last, end) - max(first, begin) > 1e-9
        ]
        known = [value for value in shown if not np.isnan(value)]
        own = values[columns.first[place] : columns.end[place]]
        own_known = own[~np.isnan(own)]
        assert set(known) <= set(own_known)
        if len(own_known) == 0:
            assert np.isnan([least[place], most[place], mean[place]]).all()
        else:
            expected = own_known.min(), own_known.max(), own_known.mean()
            assert_allclose((least[place], most[place], mean[place]), expected)


def test_an_hour_keeps_the_peak_of_one_frame() -> None:
    frames = 3600 * 25
    values = np.zeros(frames)
    values[45_678] = 1.0
    columns = cut_columns(np.arange(frames + 1) / 25, 600)
    (peak,) = np.flatnonzero(columns.most(values))
    assert peak == int(45_678 / frames * 600)
    assert not columns.least(values).any()


def test_variable_rates_are_drawn_by_time_and_not_by_frame() -> None:
    pts = np.concatenate([np.arange(50) / 50, 1 + np.arange(10)])  # a second of 50 frames, ten of 1
    one = recording({1: [(0, 50, "Anger"), (50, 60, "Happiness")]}, 60, pts, last_frame_seconds=1.0)
    labels = strip(one, 110)
    assert labels == [1] * 10 + [4] * 100


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
    assert strip(one, 8) == [NOTHING] * 8
