"""Makes astronaut.mp4, a ten-second example video, from a photograph in the public domain.

The photograph is NASA's portrait of the astronaut Eileen Collins, smiling, which scikit-image ships
as ``skimage.data.astronaut()``. A virtual camera pans, zooms and tilts over it while the light
changes; in the middle it glides down to the space suit and back. The video has 250 frames, 0 to
249, of 640 x 360 pixels at 25 frames a second, and no cut:

    0 to 86      the face is wholly in view from forehead to chin, 126 to 189 pixels wide
    87 to 99     the face leaves at the top edge
    100 to 149   two seconds without a face: all of the head, hair too, is out of view
    150 to 162   the face comes back
    163 to 249   the face is wholly in view again

Usage: python examples/make_astronaut.py [OUTPUT]
"""

import sys
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Image = NDArray[np.uint8]

WIDTH: Final = 640
HEIGHT: Final = 360
FPS: Final = 25
FRAMES: Final = 250
LEAVE: Final = 79
"""Frame at which the camera starts to glide away; it comes back as a mirror image of that."""
GLIDE: Final = 32
"""Frames that a glide takes. Slow enough that no detector of shot cuts takes it for a cut."""


@dataclass(frozen=True)
class Camera:
    """Where the camera looks: a point of the photograph, zoom factor, degrees, and brightness."""

    x: float
    y: float
    zoom: float
    tilt: float
    light: float


def camera_at(frame: int) -> Camera:
    """The camera's slow wandering over the face, and its glide to the suit and back."""
    away = _eased(frame - LEAVE) * _eased(FRAMES - 1 - frame - LEAVE)
    zoom = 1.75 + 0.35 * _wave(frame, 100, 0.0)
    pan = 70 * (zoom - 1.3) * _wave(frame, 140, 0.3)  # when zoomed out, little room is left
    suit_x = 240 + 30 * _wave(frame, 90, 0.5)
    return Camera(
        x=_mixed(245 + pan, suit_x, away),
        y=_mixed(120 + 30 / zoom, 385, away),
        zoom=_mixed(zoom, 1.7, away),
        tilt=4 * _wave(frame, 120, 0.2),
        light=0.85 + 0.25 * _wave(frame, 110, 0.0),
    )


def rendered(photo: Image, camera: Camera) -> Image:
    """The photograph as the camera sees it."""
    view = cv2.getRotationMatrix2D((camera.x, camera.y), camera.tilt, camera.zoom)
    view[:, 2] += np.array((WIDTH / 2 - camera.x, HEIGHT / 2 - camera.y))
    picture = cv2.warpAffine(
        photo, view, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    lit: Image = np.clip(picture * camera.light, 0, 255).astype(np.uint8)
    return lit


def write_video(path: Path) -> None:
    """Encodes all frames, in one thread, so that the file is the same each time."""
    photo: Image = data.astronaut()  # type: ignore[no-untyped-call]
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "24", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(FRAMES):
            image = rendered(photo, camera_at(index))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def _wave(frame: int, period: float, phase: float) -> float:
    return sin(2 * pi * (frame / period + phase))


def _eased(frame: int) -> float:
    """From 0 to 1 within `GLIDE` frames, starting and stopping softly."""
    part = min(max(frame / GLIDE, 0.0), 1.0)
    return part * part * (3 - 2 * part)


def _mixed(start: float, end: float, part: float) -> float:
    return start + (end - start) * part


if __name__ == "__main__":
    beside = Path(__file__).with_name("astronaut.mp4")
    write_video(Path(sys.argv[1]) if len(sys.argv) > 1 else beside)
