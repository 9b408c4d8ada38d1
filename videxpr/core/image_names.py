"""Aff-Wild2 names images from 00001.jpg on; frames are counted from 0. Only this module knows."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IMAGE: Final = re.compile(r"[^.].*\.(jpg|jpeg|png|webp|bmp|tif|tiff|heic)", re.IGNORECASE)
"""Hidden files are none: macOS leaves ``._00001.jpg`` beside 00001.jpg."""

IMAGE_NAME: Final = re.compile(r"(\d{5,7})\.(jpg|jpeg|png)", re.IGNORECASE | re.ASCII)
"""Seven digits last for 46 hours at 60 frames a second; eight are a date."""

LATEST_START: Final = 100_000
GAP: Final = 50_000
"""Frames of half an hour: fewer images than `FEW` behind such a gap are photos, not crops."""

FEW: Final = 30
"""Images of a second of video."""


@dataclass(frozen=True)
class FrameImages:
    """The images of a folder.

    Attributes:
        frames: 0-based frame and name of each frame's image, by name.
        others: names of images that are none of the frames'.
    """

    frames: tuple[tuple[int, str], ...]
    others: tuple[str, ...]


def image_name(frame: int) -> str:
    """Return the name of a 0-based frame's image, e.g. ``00001.jpg`` for frame 0."""
    return f"{frame + 1:05d}.jpg"


def frame_of(name: str) -> int | None:
    """Return the 0-based frame of an image of that name; None if Aff-Wild2 has no such name."""
    match = IMAGE_NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    return number - 1 if number else None


def images_in(folder: Path) -> FrameImages:
    """Return the images in a folder; other files are left out.

    Raises:
        OSError: the folder cannot be read.
    """
    return frame_images(os.listdir(folder))  # noqa: PTH208 (names alone: there are thousands)


def frame_images(names: Iterable[str]) -> FrameImages:
    """Tell the images of a video's frames by their names from others, such as photos named by date."""
    images = [(frame_of(name), name) for name in sorted(names)]
    believed = set(_believed({frame for frame, _ in images if frame is not None}))
    return FrameImages(
        tuple((frame, name) for frame, name in images if frame is not None and frame in believed),
        tuple(name for frame, name in images if frame not in believed and IMAGE.fullmatch(name)),
    )


def _believed(frames: Collection[int]) -> Iterator[int]:
    """Yield the frames that may be of one video; people may be away, but few are seen much later."""
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if not runs or frame - runs[-1][-1] > GAP:
            runs.append([])
        runs[-1].append(frame)
    for number, run in enumerate(runs):
        if len(run) >= FEW or (number == 0 and run[0] < LATEST_START):
            yield from run
