"""``videxpr status``: how far runs are, in two lines, and what has failed."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from videxpr.annotation.batch.options import StatusCommand
from videxpr.annotation.batch.status import Status, read_status
from videxpr.cli.console import output_console
from videxpr.cli.message import show

MOST_SHOWN: Final = 20
MINUTE, HOUR, DAY = 60, 3600, 86400


def run(command: StatusCommand, given: frozenset[str]) -> int:
    """Print how far runs are; 0 if all is done, 1 if not."""
    status = read_status(command.folders)
    console = output_console()
    lines = (one.source.path for one in status.failed) if command.failed else _lines(status)
    for line in lines:
        show(console, line)
    return int(bool(status.failed or status.waiting))


def _lines(status: Status) -> Iterator[str]:
    work = f" ({status.in_work} of them in work)" if status.in_work else ""
    yield (
        f"{status.done} done, {len(status.failed)} failed, "
        f"{status.waiting} waiting{work if status.waiting else ''}"
    )
    if status.frames:
        left = status.seconds_left
        rest = f"; about {_duration(left)} left" if status.waiting and left is not None else ""
        yield (
            f"{status.frames_per_second:.1f} frames/s since {status.since:%Y-%m-%d %H:%M} UTC{rest}"
        )
    classes = Counter(one.error_class or "unknown" for one in status.failed)
    if len(status.failed) > MOST_SHOWN:
        yield ", ".join(f"{count} {name}" for name, count in classes.most_common())
    for one in status.failed[:MOST_SHOWN]:
        yield f"failed: {one.error.partition(chr(10))[0]}"
    if len(status.failed) > MOST_SHOWN:
        yield f"and {len(status.failed) - MOST_SHOWN} failures more (--failed lists their paths)"
    for text in status.refused[:MOST_SHOWN]:
        yield f"not written: {text}"


def _duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR / MINUTE:.0f} min"
    return f"{seconds // DAY:.0f} days {seconds % DAY / HOUR:.0f} h"
