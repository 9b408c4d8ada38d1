"""Praat's TextGrid: tiers that are filled from end to end."""

from itertools import pairwise

from interval_records import recording, two_people
from praatio import textgrid


def test_gaps_are_empty_labels(tmp_path):
    two_people().save(tmp_path / "talk.TextGrid")
    grid = textgrid.openTextgrid(str(tmp_path / "talk.TextGrid"), includeEmptyIntervals=True)
    second = grid.getTier("Person 2")
    assert [tuple(one) for one in second.entries] == [
        *[(0.0, 0.4, ""), (0.4, 1.6, "Sadness"), (1.6, 2.8, ""), (2.8, 4.0, "Surprise")]
    ]
    for tier in grid.tiers:
        assert (tier.minTimestamp, tier.maxTimestamp) == (0.0, 4.0)
        assert all(one.end == other.start for one, other in pairwise(tier.entries))


def test_nobody_is_one_empty_tier(tmp_path):
    recording({}).save(tmp_path / "talk.TextGrid")
    grid = textgrid.openTextgrid(str(tmp_path / "talk.TextGrid"), includeEmptyIntervals=True)
    assert [tuple(one) for one in grid.getTier("Person 1").entries] == [(0.0, 4.0, "")]
