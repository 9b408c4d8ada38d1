"""Folders of aligned crops in Aff-Wild2's layout: ``<name>/00001.jpg`` is the first frame's crop."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videxpr.core.errors import SourceError
from videxpr.core.image_names import images_in
from videxpr.core.structures import Image
from videxpr.video.images import read_image


@dataclass(frozen=True)
class CropFolder:
    """The crops of one person in one video.

    Attributes:
        path: the folder, or the first of several.
        images: path of each frame's crop, by 0-based frame, rising; frames without one are absent.
    """

    path: Path
    images: dict[int, Path]

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
    for folder in (path, *more):
        images = _images(folder) | images
    return CropFolder(path, dict(sorted(images.items())))


def _images(path: Path) -> dict[int, Path]:
    images = sorted((frame, path / name) for frame, name in images_in(path))
    if not images:
        raise SourceError(f"{path} holds no crops named 00001.jpg, 00002.jpg, ...")
    by_frame = dict(images)
    if len(by_frame) < len(images):
        duplicates = [entry for frame, entry in images if by_frame[frame] != entry]
        raise SourceError(f"{path} has more than one crop of a frame, e.g. {duplicates[0].name}")
    return by_frame
