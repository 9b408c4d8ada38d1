"""What the tests of the pipeline share: a scripted detector and small clips."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath

import av
import numpy as np
from skimage import data

from videxpr.core.structures import Face, Image
from videxpr.video.sources import Source

FPS = 25


class ScriptedDetector:
    """Finds what a function of the frame's number says; frames are counted as they come."""

    name = "scripted"
    weights_sha256 = "0" * 64
    device = "cpu"
    min_score = 0.5
    min_face = 0.0
    sure_score = 0.9
    roi = None
    orientation_roi = None

    def __init__(self, script: Callable[[int], list[Face]]) -> None:
        self.script = script
        self.seen = 0

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        first, self.seen = self.seen, self.seen + len(images)
        return [self.script(number) for number in range(first, self.seen)]


def face(x: float = 60.0, y: float = 40.0, size: float = 60.0, score: float = 0.95) -> Face:
    """A face whose box begins at (x, y)."""
    corners = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    return Face(
        bbox=np.array([x, y, x + size, y + size], np.float32),
        landmarks=(corners * size + [x, y]).astype(np.float32),
        score=score,
    )


def write_clip(path: Path, pictures: Sequence[Image], pts: Sequence[int] | None = None) -> Path:
    """An H.264 video of these pictures, one a 25th of a second, or at these multiples of it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18", "bf": "0"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if pts is None else pts[number]
            frame.time_base = Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def picture(number: int, base: int = 60, size: tuple[int, int] = (160, 240)) -> Image:
    """A textured picture that changes a little from frame to frame; another base is another scene."""
    rows, columns = np.mgrid[: size[0], : size[1]] * 60 / base
    waves = 30 * np.sin(columns / 9 + number / 50) + 20 * np.cos(rows / 7 - number / 80)
    return np.repeat(np.clip(base + waves, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def source_of(path: Path) -> Source:
    kind = "crops" if path.is_dir() else "video"
    return Source(path, kind, PurePosixPath(path.name), path.stem)


def write_portrait(path: Path, frames: int) -> Image:
    """A clip of one face that moves to the right, frame by frame; gives its first picture."""
    portrait = np.ascontiguousarray(data.astronaut()[20:260, 120:360])
    write_clip(path, [np.roll(portrait, n, axis=1) for n in range(frames)])
    return portrait
