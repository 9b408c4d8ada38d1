"""Memory is known of this process, and of what it may take."""

import sys

import psutil
import pytest

from videxpr.core import memory
from videxpr.core.memory import available_bytes, peak_memory_bytes, reset_peak_memory

MEGABYTE = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_a_peak_is_held_until_it_is_reset():
    data = b"x" * (300 * MEGABYTE)
    held = peak_memory_bytes()
    assert held > len(data)
    del data
    assert peak_memory_bytes() > held - 50 * MEGABYTE  # Linux counts in strides
    reset_peak_memory()
    assert peak_memory_bytes() < held - 200 * MEGABYTE


def test_a_control_group_limits_what_is_free(tmp_path, monkeypatch):
    limit, usage = tmp_path / "memory.max", tmp_path / "memory.current"
    monkeypatch.setattr(memory, "CONTROL_GROUPS", ((limit, usage),))
    for text, expected in (("max", None), (str(50 * MEGABYTE), 20 * MEGABYTE)):
        limit.write_text(f"{text}\n")
        usage.write_text(f"{30 * MEGABYTE}\n")
        found = available_bytes()
        assert found == expected if expected else 0 < found <= psutil.virtual_memory().total
