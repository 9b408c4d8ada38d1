"""How many threads there are for what, known without torch."""

import os


def cpu_threads() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stage_threads(workers: int = 1) -> int:
    """Return the threads of each network where detection and embedding overlap, beside the decoder.

    Two pools that want all cores are slower than one. Workers share the cores out among themselves.

    Args:
        workers: videos that are worked on at once.
    """
    return max(1, cpu_threads() // (2 * workers))
