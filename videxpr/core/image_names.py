"""Aff-Wild2 names images from 00001.jpg on; frames are counted from 0. Only this module knows."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

IMAGE_NAME: Final = re.compile(r"(\d{5,})\.(jpg|jpeg|png)", re.IGNORECASE)


def image_name(frame: int) -> str:
    """Return the name of a 0-based frame's image, e.g. ``00001.jpg`` for frame 0."""
    return f"{frame + 1:05d}.jpg"


def frame_of(name: str) -> int | None:
    """Return the 0-based frame of an image of that name; None if Aff-Wild2 has no such name."""
    match = IMAGE_NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    return number - 1 if number else None


def images_in(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield the 0-based frame and the name of every frame's image in a folder, by name.

    Other files are left out.

    Raises:
        OSError: the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        frame = frame_of(name)
        if frame is not None:
            yield frame, name
