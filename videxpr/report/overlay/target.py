"""The file that an overlay becomes: what may stand there, and what killed runs left beside it."""

import errno
import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from videxpr.core.errors import OutputError
from videxpr.core.files import leftovers
from videxpr.video.encoder import comment_of

COMMENT: Final = "videxpr overlay"
"""What an overlay says of itself, by which it is known as one."""

RESTING_SECONDS: Final = 10
"""What nobody has written to for so long is no other machine's, whose processes are not known here."""


def is_written(path: Path, sources: Collection[Path]) -> bool:
    """Return whether an overlay is there; refuse to replace anything else.

    Args:
        path: of the overlay.
        sources: resolved paths of videos that were annotated, which stay, even those that are overlays.

    Raises:
        OutputError: another file is there, a source, or nothing can be there.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as exc:
        advice = "; rename the video" if exc.errno == errno.ENAMETOOLONG else ""
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}{advice}") from exc
    if path.resolve() in sources:
        raise OutputError(
            f"{path}: this video was annotated, so no overlay is written over it; choose another "
            "folder with videxpr overlay -o"
        )
    if comment_of(path) != COMMENT:
        raise OutputError(
            f"{path}: it is no overlay that videxpr wrote, so nothing is written over it; move it, or "
            "choose another folder with videxpr overlay -o"
        )
    return True


def remove_leftovers(path: Path) -> tuple[str, ...]:
    """Remove what killed runs have left of an overlay; return what is said of the rest.

    What is written to, or has its process, stays.
    """
    kept = list[str]()
    for left in leftovers(path):
        with suppress(OSError, ValueError, OverflowError):  # it is gone by now, or not ours
            resting = time.time() - left.stat().st_mtime
            if resting < RESTING_SECONDS or _may_run(int(left.name.split("-")[2])):
                kept.append(left.name)
            else:
                left.unlink()
    return tuple(
        f"{name} is beside it: another run writes it now, or was killed; remove it if none runs"
        for name in kept
    )


def _may_run(process: int) -> bool:
    """Return whether a process of this machine runs, as far as that can be asked."""
    if os.name == "nt":  # there the question would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True
