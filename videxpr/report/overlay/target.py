"""The file that an overlay becomes: what may stand there already."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from videxpr.core.errors import OutputError
from videxpr.video.encoder import comment_of

COMMENT: Final = "videxpr overlay"
"""What an overlay says of itself, by which it is known as one."""


def is_written(path: Path, sources: Collection[Path]) -> bool:
    """Return whether an overlay is there; refuse to replace anything else.

    Args:
        path: of the overlay.
        sources: videos that were annotated, which stay, even those that are overlays.

    Raises:
        OutputError: another file is there, a source, or nothing can be there.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc
    if path.resolve() in {one.resolve() for one in sources}:
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
