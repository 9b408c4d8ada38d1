"""How much memory a process holds."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

STATUS: Final = Path("/proc/self/status")
CLEAR: Final = Path("/proc/self/clear_refs")
RESET_PEAK: Final = "5"
GROUP: Final = Path("/sys/fs/cgroup")
CONTROL_GROUPS: Final = (
    (GROUP / "memory.max", GROUP / "memory.current"),
    (GROUP / "memory/memory.limit_in_bytes", GROUP / "memory/memory.usage_in_bytes"),
)
"""Where version 2 and 1 of Linux's control groups say what a container may take, and takes."""


def peak_memory_bytes() -> int | None:
    """Return the most memory that this process has held since `reset_peak_memory`; None if unknown.

    Where nothing can be reset, it is the most since the process began.
    """
    if STATUS.is_file():
        # not getrusage: there a process begins with the peak of the one that started it
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def available_bytes() -> int:
    """Return the memory that is free on this machine, or in its control group."""
    free: int = psutil.virtual_memory().available
    for limit, usage in CONTROL_GROUPS:
        with suppress(OSError, ValueError):  # "max" is no number, and no limit
            free = min(free, int(limit.read_text()) - int(usage.read_text()))
    return free


def reset_peak_memory() -> None:
    """Let the peak begin anew, where the system can."""
    with suppress(OSError):
        CLEAR.write_text(RESET_PEAK)
