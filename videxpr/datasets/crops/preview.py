"""A picture of what was measured: the mean crop, ArcFace's points and the measured ones."""

from pathlib import Path
from typing import Final

from videxpr.datasets.crops.geometry import Measurement
from videxpr.video.images import Marks, marked, resized, write_png

SIDE: Final = 560
GREEN: Final = (0, 230, 0)
RED: Final = (255, 40, 40)
WHITE: Final = (255, 255, 255)


def write_picture(path: Path, measured: Measurement) -> None:
    """Write it as PNG, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    scale = SIDE / measured.size
    groups = [
        Marks("ArcFace's template", (measured.reference + 0.5) * scale - 0.5, GREEN),
        Marks(f"template {measured.name}", (measured.points + 0.5) * scale - 0.5, RED),
        Marks("landmarks, mean", (measured.mean + 0.5) * scale - 0.5, WHITE),
    ]
    write_png(path, marked(resized(measured.mean_crop, SIDE, SIDE), groups))
