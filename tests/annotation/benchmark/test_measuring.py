"""A clock that is set by hand, and memory that is really taken."""

import subprocess
import sys

import pytest

from videxpr.annotation.benchmark.measuring import measured, peak_host_bytes, timed

MEGABYTE = 1 << 20


class Clock:
    """Shows the time that work took, and nothing else passes on it."""

    def __init__(self, *lengths):
        self.now = 100.0
        self.lengths = iter(lengths)

    def __call__(self):
        return self.now

    def work(self):
        self.now += next(self.lengths)
        return "made"


def test_the_warm_up_does_not_count_but_what_it_made_is_kept():
    clock = Clock(9.0, 2.0, 3.0, 1.0)
    found = measured(clock.work, 3, clock)
    assert found.made == "made"
    assert found.seconds == (2.0, 3.0, 1.0)


def test_short_work_is_repeated_and_a_run_is_the_mean():
    clock = Clock(0.15, 0.1, 0.5)  # 0.15 alone is too short, 0.25 is not
    assert timed(clock.work, 2, clock) == pytest.approx((0.125, 0.5))


def test_real_work_takes_real_time():
    (seconds,) = timed(lambda: sum(range(100_000)), 1)
    assert 0 < seconds < 0.2


def peak_of(code):
    """The peak of a process that runs this code, by what it says itself."""
    module = "videxpr.annotation.benchmark.measuring"
    tail = f"from {module} import peak_host_bytes; print(peak_host_bytes())"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {tail}"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_the_peak_stays_when_memory_is_given_back():
    least = peak_of("pass")
    assert peak_of(f"data = b'x' * {300 * MEGABYTE}; del data") >= least + 290 * MEGABYTE


def test_a_process_does_not_begin_with_the_peak_of_the_one_that_started_it():
    buffered = b"x" * (300 * MEGABYTE)
    assert peak_host_bytes() > len(buffered)
    assert peak_of("pass") < len(buffered)
