"""Still images from files."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from videxpr.errors import SourceError
from videxpr.structures import Image

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP")
"""Pillow's other formats are not opened: some of them start other programs."""


def read_image(path: Path) -> Image:
    """RGB pixels (height, width, 3) of an image file; grey becomes three equal channels.

    Raises:
        SourceError: the file is missing or no image.
    """
    try:
        with Pillow.open(path, formats=FORMATS) as image:
            return np.array(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Pillow.DecompressionBombError) as exc:
        raise SourceError(f"cannot read the image {path}: {exc}") from exc


def resized(image: Image, width: int, height: int) -> Image:
    """The image at another size, anti-aliased; itself if it has that size already."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))
