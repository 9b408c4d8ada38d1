"""What golden results are made from: short clips of the example video, and templates."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from videos import remux

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "astronaut.mp4"
FPS: Final = 25
LOSSLESS: Final = {"qp": "0", "preset": "ultrafast", "threads": "1"}
TICKS: Final = Fraction(1, 1000)
PATCH: Final = (90, 0, 450, 360)
"""Of the example's pictures: a square that holds the face in frames 0 to 84."""

FACES: Final = (
    (230, 212, 233, 285, 323, 331, 317, 304, 300),
    (150, 152, 149, 145, 145, 146, 145, 144, 142),
    (204, 226, 242, 242, 223, 199, 171, 157, 151),
)
"""Where the face is in every tenth of these frames: its middle and its height."""


def write_clips(folder: Path) -> Path:
    """Write one clip a trap: two people, cuts, lost faces, odd times, no times."""
    folder.mkdir(parents=True)
    pictures = list(_example(120))
    _write(folder / "pair.mp4", list(_pair(pictures[:70])))
    _write(folder / "cut.mp4", list(_cut(pictures)))
    _write(folder / "gap.mp4", list(_gap(pictures[:85])))
    _write(folder / "odd.mkv", [_half(one) for one in pictures[10:60]], _odd_times(50))
    _write(folder / "timeless.h264", [_half(one) for one in pictures[40:70]])
    return folder


def patches() -> np.ndarray:
    """Give some faces that need no detection, to bring a model's answers to one scale with."""
    square = []
    for number, picture in enumerate(_example(84)):
        x, y, side = (int(np.interp(number, range(0, 90, 10), one)) for one in FACES)
        patch = picture[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2]
        square.append(cv2.resize(patch, (112, 112), interpolation=cv2.INTER_AREA))
    return np.stack(square)


def write_template(path: Path, header: str, counts: Mapping[str, int]) -> Path:
    """Write the organisers' rows, without labels, for so many frames of each name."""
    rows = [f"{name}/{n + 1:05d}.jpg," for name, count in counts.items() for n in range(count)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def write_labels(path: Path, header: str, labels: Sequence[int]) -> None:
    """Write an annotation file in Aff-Wild2's format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *map(str, labels)]) + "\n")


def disturbed(labels: Sequence[int], seed: int) -> list[int]:
    """Give labels that follow others late, with stretches of another class and unlabelled ones."""
    generator = np.random.default_rng(seed)
    late = np.roll(np.array(labels), 3)
    for first in range(0, len(late), 12):
        if generator.random() < 0.3:
            late[first : first + 12] = generator.integers(-1, 8)
    return [int(label) for label in late]


def _example(count: int) -> Iterator[np.ndarray]:
    """Give the example's first pictures, under a light that changes its colour and strength."""
    with av.open(str(EXAMPLE)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == count:
                return
            turn = 2 * np.pi * number / np.array([37.0, 53.0, 71.0])
            yield np.clip(
                frame.to_ndarray(format="rgb24") * (0.85 + 0.3 * np.sin(turn)), 0, 255
            ).astype(np.uint8)


def _half(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)


def _pair(pictures: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Put a smaller mirror image of somebody, who is later by some frames, beside her."""
    x1, y1, x2, y2 = PATCH
    squares = [picture[y1:y2, x1:x2] for picture in pictures]
    for number, square in enumerate(squares):
        wide = np.full((160, 320, 3), 90, np.uint8)
        wide[:, :160] = cv2.resize(square, (160, 160), interpolation=cv2.INTER_AREA)
        other = squares[(number + 25) % len(squares)][:, ::-1]
        wide[15:150, 175:310] = cv2.resize(other, (135, 135), interpolation=cv2.INTER_AREA)
        yield wide


def _cut(pictures: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut from her to a close-up in a mirror, and to a place without a face."""
    yield from map(_half, pictures[:30])
    for picture in pictures[42:75]:
        close = np.ascontiguousarray(picture[0:300, 80:560][:, ::-1] // 2 + 20)
        yield cv2.resize(close, (320, 180), interpolation=cv2.INTER_AREA)
    yield from map(_half, pictures[101:120])


def _gap(pictures: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Cover the face for a moment, then for long enough that it is lost."""
    for number, picture in enumerate(pictures):
        half = _half(picture)
        if number in range(18, 24) or number in range(38, 62):
            half[5:150, 50:215] = cv2.blur(half[5:150, 50:215], (61, 61))
        yield half


def _odd_times(frames: int) -> list[int]:
    """Give times in ticks whose steps vary, two of which are 0 and one of which goes back."""
    steps = np.random.default_rng(4).choice([20, 40, 40, 60, 140], frames)
    steps[[12, 30]] = 0
    steps[21] = -15
    return [500 + int(time) for time in np.cumsum(steps)]


def _write(path: Path, pictures: Sequence[np.ndarray], times: Sequence[int] | None = None) -> None:
    """Write a video, lossless; with times, as they come and not as encoders want them."""
    even = path.with_name(f"even-{path.name}") if times else path
    options = LOSSLESS | {"bf": "0"}
    with av.open(str(even), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if times is None:
        return

    def timed(number: int, packet: Any) -> Any:
        packet.time_base, packet.pts, packet.dts = TICKS, times[number], number
        return packet

    remux(even, path, timed)
    even.unlink()
