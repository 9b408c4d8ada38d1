"""Intervals of sequences that are small enough to see what is right."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from videxpr.core.expressions import EXPRESSIONS
from videxpr.temporal.options import IntervalOptions
from videxpr.temporal.segments import Sightings, find_intervals, settled_labels

N, A, H = (EXPRESSIONS.index(name) for name in ("Neutral", "Anger", "Happiness"))
FPS = 10
PLAIN = IntervalOptions(max_gap_seconds=0.5, hysteresis=0.0, min_seconds=0.0)


def shares_of(labels, share=0.9):
    """Probabilities of which those labels have that share; of Other nothing is known."""
    rows = np.full((len(labels), 8), (1 - share) / 6, np.float32)
    rows[np.arange(len(labels)), labels] = share
    rows[:, -1] = np.nan
    return rows


def rows_of(frames, labels, bridged=(), quality=0.5):
    frames = np.array(frames, np.int64)
    return Sightings(
        frames=frames,
        detected=~np.isin(frames, bridged),
        probabilities=shares_of(np.array(labels, np.int64)),
        quality=np.full(len(frames), quality, np.float32),
    )


def found(rows, options=PLAIN, shots=None, edges=None):
    count = int(rows.frames[-1]) + 1 if edges is None else len(edges) - 1
    edges = np.arange(count + 1) / FPS if edges is None else edges
    shots = np.zeros(count, np.int64) if shots is None else np.array(shots)
    return find_intervals(3, rows, edges, shots, options)


def spans(intervals):
    return [(one.first_frame, one.end_frame, one.label) for one in intervals]


def test_runs_end_where_the_next_frame_begins_and_the_last_one_lasts():
    edges = np.array([0.0, 0.04, 0.1, 0.11, 0.3, 0.55])
    first, second = found(rows_of(range(5), [N, N, H, H, H]), edges=edges)
    assert (first.start_seconds, first.end_seconds) == (0.0, 0.1)
    assert (second.start_seconds, second.end_seconds) == (0.1, 0.55)
    assert (first.expression, second.expression) == ("Neutral", "Happiness")
    assert (first.person, first.shot, second.seconds) == (3, 0, pytest.approx(0.45))


def test_a_cut_parts_what_stays_the_same():
    intervals = found(rows_of(range(6), [H] * 6), shots=[0, 0, 0, 1, 1, 1])
    assert spans(intervals) == [(0, 3, H), (3, 6, H)]
    assert [one.shot for one in intervals] == [0, 1]


def test_gaps_up_to_the_limit_are_joined_and_counted_in_coverage():
    short = found(rows_of([0, 1, 7, 8], [H] * 4))
    assert spans(short) == [(0, 9, H)] and short[0].coverage == pytest.approx(4 / 9)
    assert spans(found(rows_of([0, 1, 8, 9], [H] * 4))) == [(0, 2, H), (8, 10, H)]


def test_a_joined_gap_belongs_to_what_was_before_it():
    assert spans(found(rows_of([0, 1, 5, 6], [N, N, H, H]))) == [(0, 5, N), (5, 7, H)]


def test_bridged_frames_have_labels_but_are_not_seen():
    joined = found(rows_of(range(6), [N, N, N, H, H, H], bridged=[2, 3]))
    assert spans(joined) == [(0, 3, N), (3, 6, H)]
    assert [one.coverage for one in joined] == pytest.approx([2 / 3, 2 / 3])
    longer = found(rows_of(range(10), [N] * 10, bridged=range(2, 8)))
    assert spans(longer) == [(0, 2, N), (8, 10, N)]
    assert spans(found(rows_of(range(4), [N] * 4, bridged=[0, 3]))) == [(1, 3, N)]


def test_nobody_detected_gives_nothing():
    assert found(rows_of(range(4), [N] * 4, bridged=range(4))) == []


def test_figures_are_of_the_frames_with_a_face():
    rows = rows_of(range(4), [H] * 4, bridged=[1])
    rows.probabilities[:, H] = [0.6, 0.99, 0.8, 0.7]
    rows.quality[:] = [0.2, np.nan, 0.4, 0.6]
    (one,) = found(rows)
    assert one.mean_probability == pytest.approx(0.7)
    assert one.peak_probability == pytest.approx(0.8)
    assert one.quality == pytest.approx(0.4)


def test_a_run_of_bridged_frames_alone_has_figures_and_no_coverage():
    middle = found(rows_of(range(6), [N, N, H, H, N, N], bridged=[2, 3]))[1]
    assert (middle.mean_probability, middle.coverage) == (pytest.approx(0.9), 0.0)
    assert np.isnan(middle.quality)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ([N] * 5 + [H] * 2 + [N] * 5, [(0, 12, N)]),
        ([N] * 5 + [H] * 3 + [N] * 5, [(0, 5, N), (5, 8, H), (8, 13, N)]),
        ([H] + [N] * 5, [(0, 6, N)]),
        ([N] * 5 + [H], [(0, 6, N)]),
        ([N, H], []),
    ],
)
def test_what_is_too_short_goes_to_its_neighbors(labels, wanted):
    options = IntervalOptions(hysteresis=0.0, min_seconds=0.3)
    assert spans(found(rows_of(range(len(labels)), labels), options)) == wanted


def test_the_more_probable_neighbor_takes_what_is_too_short():
    rows = rows_of(range(10), [N] * 4 + [H] * 2 + [A] * 4)
    rows.probabilities[4:6, A] = 0.2
    options = IntervalOptions(hysteresis=0.0, min_seconds=0.3)
    assert spans(found(rows, options)) == [(0, 4, N), (4, 10, A)]


def test_hysteresis_waits_for_the_margin_and_dates_back():
    lead = np.array([-0.5, -0.5, 0.05, 0.08, 0.3, 0.02, -0.05, 0.1, -0.3])
    rows = np.column_stack([0.5 - lead / 2, 0.5 + lead / 2])
    assert settled_labels(rows, 0.0).tolist() == [0, 0, 1, 1, 1, 1, 0, 1, 0]
    assert settled_labels(rows, 0.2).tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0]
    assert settled_labels(rows, 0.9).tolist() == [0] * 9


@settings(max_examples=40)
@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 40), st.just(8)), elements=st.floats(0, 1, width=16)
    ),
    st.sets(st.integers(0, 60), min_size=1, max_size=40),
    st.sets(st.integers(0, 60)),
    st.integers(1, 30),
    st.builds(
        IntervalOptions,
        max_gap_seconds=st.floats(0, 2),
        hysteresis=st.floats(0, 0.9),
        min_seconds=st.floats(0, 2),
    ),
)
def test_intervals_never_overlap_nor_hold_cuts_and_none_is_short(
    shares, frames, bridged, shot, options
):
    count = min(len(shares), len(frames))
    places = np.array(sorted(frames)[:count], np.int64)
    rows = Sightings(
        places, ~np.isin(places, list(bridged)), shares[:count], np.ones(count, np.float32)
    )
    shots, edges = np.arange(61) // shot, np.arange(62) / FPS
    intervals = find_intervals(1, rows, edges, shots, options)
    seen = places[rows.detected]
    for one, following in pairwise(intervals):
        assert one.end_frame <= following.first_frame
    for one in intervals:
        assert one.start_seconds < one.end_seconds
        assert one.seconds >= options.min_seconds - 1e-5
        assert len(set(shots[one.first_frame : one.end_frame])) == 1
        inside = seen[(seen >= one.first_frame) & (seen < one.end_frame)]
        assert one.coverage == pytest.approx(len(inside) / (one.end_frame - one.first_frame))
        assert 0 <= one.mean_probability <= one.peak_probability <= 1
