"""Folders of aligned crops in Aff-Wild2's layout: ``<name>/00001.jpg`` is the first frame's crop."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videxpr.core.errors import SourceError
from videxpr.core.image_names import FrameImages, images_in
from videxpr.core.names import escaped
from videxpr.core.structures import Image
from videxpr.video.images import read_image

SHOWN: Final = 3
"""Names that a warning lists."""


@dataclass(frozen=True)
class CropFolder:
    """The crops of one person in one video.

    Attributes:
        path: the folder, or the first of several.
        images: path of each frame's crop, by 0-based frame, rising; frames without one are absent.
        passed_over: other images, such as a photo that is named by its date.
    """

    path: Path
    images: dict[int, Path]
    passed_over: tuple[Path, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What a user should know of the folder."""
        if not self.passed_over:
            return []
        names = [escaped(path.name) for path in self.passed_over]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return [f"passed over, as images of no frame: {', '.join(names[:SHOWN])}{more}"]

    @property
    def frames(self) -> int:
        """Return the number of frames up to the last crop; the video may have had more."""
        return max(self.images) + 1

    def crops(self, size: int) -> Iterator[tuple[int, Image]]:
        """Yield frame and crop (size, size, 3) of every image.

        Raises:
            SourceError: a crop is unreadable, or of another size than the model was trained on.
        """
        for frame, path in self.images.items():
            crop = read_image(path)
            if crop.shape[:2] != (size, size):
                height, width = crop.shape[:2]
                raise SourceError(
                    f"{path} is {width} x {height} pixels; the model wants aligned crops of {size} x "
                    f"{size}, and other sizes mean another geometry"
                )
            yield frame, crop


def open_crops(path: Path, *more: Path) -> CropFolder:
    """Return the crops of one video in a folder or several, by the numbers in their names.

    Of a frame that is in several folders, the first one's crop counts.

    Raises:
        SourceError: a folder holds none, or two of one frame.
    """
    images: dict[int, Path] = {}
    others: list[Path] = []
    for folder in (path, *more):
        found = images_in(folder)
        images = _crops(folder, found) | images
        others += (folder / name for name in found.others)
    return CropFolder(path, dict(sorted(images.items())), tuple(others))


def _crops(folder: Path, found: FrameImages) -> dict[int, Path]:
    if not found.frames:
        raise SourceError(f"{folder} holds no crops named 00001.jpg, 00002.jpg, ...")
    counts = Counter(frame for frame, _ in found.frames)
    double = next((name for frame, name in found.frames if counts[frame] > 1), None)
    if double is not None:
        raise SourceError(f"{folder} has more than one crop of a frame, e.g. {double}")
    return {frame: folder / name for frame, name in found.frames}
