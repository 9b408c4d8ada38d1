"""A clock that is set by hand."""

import pytest

from videxpr.core import stage_timer
from videxpr.core.stage_timer import STAGES, StageTimer, measured


@pytest.fixture
def clock(monkeypatch):
    """Passes the time that a call of it says, and no other."""
    now = [100.0]
    monkeypatch.setattr(stage_timer, "perf_counter", lambda: now[0])

    def work(seconds):
        now[0] += seconds
        return seconds

    return work


def test_time_and_work_of_a_stage_add_up(clock):
    timer = StageTimer()
    for seconds, items in ((2, 3), (0.5, 4)):
        with measured(timer, "embed", items):
            clock(seconds)
        clock(9)  # nobody's
    assert (timer.seconds["embed"], timer.items["embed"]) == (2.5, 7)
    assert {timer.seconds[name] for name in STAGES if name != "embed"} == {0.0}


def test_items_are_measured_as_they_are_made_not_as_they_are_used(clock):
    timer = StageTimer()
    for item in timer.measure_each("decode", map(clock, (1, 2, 4))):
        clock(10 * item)
    assert (timer.seconds["decode"], timer.items["decode"]) == (7, 3)


def test_an_error_passes_and_its_time_counts(clock):
    timer = StageTimer()
    with pytest.raises(ValueError, match="no"), measured(timer, "detect", 1):
        raise ValueError(f"no {clock(3)}")
    assert timer.seconds["detect"] == 3


def test_without_a_timer_nothing_happens():
    with measured(None, "detect", 1):
        pass
