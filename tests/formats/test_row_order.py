"""Ranks by the order of rows: as annotate ranks, wherever rows tell."""

from graphlib import CycleError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.formats.row_order import ranks_by_order


def ranks(rows: list[tuple[int, int, int, bool, float]]) -> list[int]:
    """Of rows of frame, shot, track, whether it is the main person's, and area."""
    frame, shot, track, main, area = (list(column) for column in zip(*rows, strict=True))
    return ranks_by_order(
        np.array(frame), np.array(shot), np.array(track), np.array(main), np.array(area, np.float32)
    ).tolist()


def test_main_is_first_and_a_frame_tells_the_others() -> None:
    assert ranks([(0, 0, 4, True, 9), (0, 0, 7, False, 1), (0, 0, 2, False, 5)]) == [0, 1, 2]


def test_those_who_share_no_frame_are_ranked_by_area() -> None:
    rows = [(0, 0, 1, False, 2.0), (1, 0, 2, False, 3.0), (2, 0, 1, False, 2.0)]
    assert ranks(rows) == [1, 2, 1]
    assert ranks(rows[:2]) == [2, 1]


def test_order_carries_over_from_frame_to_frame() -> None:
    # 3 before 2 and 2 before 1, so 3 before 1, however small it is
    rows = [(0, 0, 3, False, 1.0), (0, 0, 2, False, 1.0)]
    rows += [(1, 0, 2, False, 1.0), (1, 0, 1, False, 99.0)]
    assert ranks(rows) == [1, 2, 2, 3]


def test_every_shot_begins_anew() -> None:
    rows = [(0, 0, 1, False, 1.0), (0, 0, 2, False, 5.0), (1, 1, 3, False, 1.0)]
    assert ranks(rows) == [1, 2, 1]


def test_a_contradiction_is_an_error() -> None:
    rows = [(0, 0, 1, False, 1.0), (0, 0, 2, False, 1.0)]
    rows += [(1, 0, 2, False, 1.0), (1, 0, 1, False, 1.0)]
    with pytest.raises(CycleError):
        ranks(rows)


@given(data=st.data())
def test_ranks_keep_every_frame_in_order_and_leave_no_hole(data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(6)))
    frames = data.draw(st.lists(st.sets(st.sampled_from(order)), min_size=1, max_size=8))
    rows = [
        (n, 0, track, False, 1.0)
        for n, seen in enumerate(frames)
        for track in order
        if track in seen
    ]
    if not rows:
        return
    found = np.array(ranks(rows))
    of_track = {row[2]: rank for row, rank in zip(rows, found.tolist(), strict=True)}
    assert sorted(of_track.values()) == list(range(1, len(of_track) + 1))
    for number in {row[0] for row in rows}:
        inside = found[[row[0] == number for row in rows]]
        assert (np.diff(inside) > 0).all()
