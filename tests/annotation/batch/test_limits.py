"""When a batch gives up a worker."""

import pytest

from videxpr.annotation.batch.limits import LOADING_SECONDS, Limits, find_limits
from videxpr.annotation.batch.options import BatchOptions
from videxpr.annotation.options import AnnotateCommand


def test_a_worker_is_given_up_beyond_its_limits_and_not_at_them():
    limits = Limits(stall_seconds=30, memory_bytes=2_000_000_000)
    assert limits.stall(30, is_loading=False) is limits.excess(2_000_000_000) is None
    assert str(limits.stall(31, is_loading=False)).startswith(
        "no frame came for 31 s (--timeout 30)"
    )
    assert str(limits.excess(2_500_000_000)).startswith(
        "it took 2.5 GB of memory, and a worker may take 2.0 (--memory-limit)"
    )


def test_what_loads_a_model_has_longer_and_without_limits_nothing_is_given_up():
    assert Limits(stall_seconds=30).stall(LOADING_SECONDS, is_loading=True) is None
    assert Limits(stall_seconds=30).stall(LOADING_SECONDS + 1, is_loading=True) is not None
    assert Limits().stall(1e9, is_loading=False) is Limits().excess(10**15) is None


@pytest.mark.parametrize(
    ("options", "is_limited"),
    [
        ({}, True),
        ({"executor": "ray"}, True),
        ({"executor": "ray", "ray_address": "there:6379"}, False),
        ({"executor": "ray", "ray_address": "there:6379", "memory_bytes": 10**9}, True),
    ],
)
def test_what_is_free_here_limits_nobody_on_other_machines(options, is_limited):
    limits = find_limits(AnnotateCommand(("a.mp4",), batch=BatchOptions(**options)))
    assert (limits.memory_bytes is not None) == is_limited
