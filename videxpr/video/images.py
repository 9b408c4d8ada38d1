"""Images from files, to files, and changed; the door to Pillow."""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from videxpr.core.errors import SourceError
from videxpr.core.files import atomic_write
from videxpr.core.structures import Image

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP")
"""Pillow's other formats are not opened: some of them start other programs."""

DAMAGED: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, MemoryError),
    *(struct.error, zlib.error, Pillow.DecompressionBombError),
)
"""What Pillow's readers raise at a file that is not as it should be."""

MOST_PIXELS: Final = 40_000_000
"""Of an image, as of a frame of a video: an image of 20 kB can claim to have thousands of millions."""

ARM: Final = 9
"""Pixels from the middle of a mark to its ends."""


@dataclass(frozen=True)
class Marks:
    """Points (N, 2) in pixels to be marked on an image, what they are called, and their color."""

    name: str
    points: NDArray[np.float64]
    color: tuple[int, int, int]


def read_image(path: Path) -> Image:
    """Return RGB pixels (height, width, 3) of an image file; gray becomes three equal channels.

    Raises:
        SourceError: the file is missing, no image, or too large, which is seen before it is decoded.
    """
    try:
        with Pillow.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise SourceError(
                    f"{path} has {image.width} x {image.height} pixels, more than {MOST_PIXELS:,}; "
                    "make it smaller first"
                )
            return np.array(image if image.mode == "RGB" else image.convert("RGB"))
    except DAMAGED as exc:
        raise SourceError(f"cannot read the image {path}: {exc}") from exc


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image file, without decoding it.

    Raises:
        SourceError: the file is missing or no image.
    """
    try:
        with Pillow.open(path, formats=FORMATS) as image:
            return image.size
    except DAMAGED as exc:
        raise SourceError(f"cannot read the image {path}: {exc}") from exc


def pad(image: Image, margin: int) -> Image:
    """Return the image in a frame of its mean color, `margin` pixels wide."""
    height, width, _ = image.shape
    canvas = np.empty((height + 2 * margin, width + 2 * margin, 3), np.uint8)
    canvas[:] = image.mean(axis=(0, 1)).round()
    canvas[margin : margin + height, margin : margin + width] = image
    return canvas


def jpeg_bytes(image: Image, quality: int) -> bytes:
    """Return the content of a JPEG file, color at full resolution; `quality` is 1 to 100."""
    content = io.BytesIO()
    Pillow.fromarray(image).save(content, "JPEG", quality=quality, subsampling=0)
    return content.getvalue()


def through_jpeg(image: Image, quality: int) -> Image:
    """Return what JPEG leaves of an image, (height, width) or (height, width, 3)."""
    with Pillow.open(io.BytesIO(jpeg_bytes(image, quality)), formats=("JPEG",)) as decoded:
        return np.array(decoded)


def to_gray(image: Image) -> Image:
    """Return the luma (height, width) of an image (height, width, 3)."""
    return np.array(Pillow.fromarray(image).convert("L"))


def warp(image: Image, matrix: NDArray[np.float64], width: int, height: int) -> Image:
    """Return an image warped: each point of the result shows what is at a point of `image`.

    Args:
        image: (H, W) or (H, W, 3); beyond its edges it is black.
        matrix: (2, 3); times (x, y, 1), a point of the result, it gives the point of `image`. Points
            are counted from the upper left corner: the middle of the first pixel is (0.5, 0.5).
        width: of the result.
        height: of the result.

    Returns:
        (height, width) or (height, width, 3), interpolated bilinearly.
    """
    a, b, c, d, e, f = matrix.ravel().tolist()
    drawn = Pillow.fromarray(image).transform(
        (width, height),
        Pillow.Transform.AFFINE,
        (a, b, c, d, e, f),
        Pillow.Resampling.BILINEAR,
    )
    return np.array(drawn)


def gaussian_blur(image: Image, radius: float) -> Image:
    """Return the image, (H, W) or (H, W, 3), blurred by a Gaussian; `radius` is its deviation."""
    return np.array(Pillow.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def resize(image: Image, width: int, height: int) -> Image:
    """Return the image at another size, anti-aliased; itself if it has that size already."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))


def draw_marks(image: Image, groups: Sequence[Marks]) -> Image:
    """Return the image with a cross at each point and the groups' names in the upper left corner."""
    canvas = Pillow.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    for line, group in enumerate(groups):
        for x, y in group.points:
            draw.line((x - ARM, y, x + ARM, y), group.color, width=2)
            draw.line((x, y - ARM, x, y + ARM), group.color, width=2)
        draw.text((8, 8 + 20 * line), group.name, group.color, font_size=16)
    return np.array(canvas)


def write_png(path: Path, image: Image) -> None:
    """Write RGB pixels as PNG, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as temporary:
        Pillow.fromarray(image).save(temporary, "PNG")
