"""The geometry of crops that somebody else made: where the five landmarks lie in them.

For each crop of a sample, the landmarks are detected and the similarity transform is fitted that would
align them to ArcFace's geometry. If the crops follow that geometry, it is the identity; if they follow
another one, its inverse brings ArcFace's points to where they lie in the crops. The mean over the
crops is the measured geometry: aligning a face to it puts the face where it lies in the crops.

The mean of the landmarks themselves is reported too, but is a worse geometry: no face is ArcFace's
mean face, and what it differs by would end up in the points and shrink the crops by some percent.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import SourceError
from videxpr.core.structures import Face, Image
from videxpr.datasets.crops.geometry import Measurement
from videxpr.datasets.crops.options import MeasureOptions
from videxpr.faces.align import invert, similarity_transform, transform_points
from videxpr.faces.detection.detector import Detector
from videxpr.video.images import IMAGE_SUFFIXES, image_size, pad, read_image, resize

SIDE: Final = 224
"""Pixels to which crops are enlarged before detection: detectors place landmarks to about a pixel of
what they see, and half a pixel of a crop is wanted."""

MARGINS: Final = {"mtcnn": 0.5}
"""Width of a frame of plain color around the crop, as a share of its side. Without one, MTCNN puts the
landmarks of a face that fills the picture 3 pixels of 112 too low; SCRFD is best without one."""

SMALLEST_FACE: Final = SIDE / 4
"""In enlarged pixels; even loose crops are made of a larger one."""

BATCH: Final = 16
OUTLIER: Final = 3.5
"""A crop whose fit lies that many times as far from the median fit as the median crop's is set aside:
something else than the face was found, or nothing well."""


@dataclass(frozen=True)
class _Measured:
    """A crop in which a face was found.

    Attributes:
        folder: that the crop is in, which stands for the person.
        landmarks: (5, 2) in pixels of the crop.
        fitted: (5, 2) ArcFace's points as they would lie in the crop if the face was aligned.
        image: the crop.
    """

    folder: Path
    landmarks: NDArray[np.float64]
    fitted: NDArray[np.float64]
    image: Image


def measure_crops(
    folder: Path,
    detector: Detector,
    options: MeasureOptions,
    progress: Callable[[int, int], None] | None = None,
) -> Measurement:
    """Measure where the landmarks lie in a sample of the crops in and below a folder.

    Args:
        folder: Aff-Wild2's ``cropped_aligned``, or any folder with square images of one size.
        detector: finds the landmarks; the measured geometry is best used with the same one.
        options: sample and name.
        progress: called with crops done and to do.

    Raises:
        SourceError: there are no images, they are not square and of one size, or no face is found.
    """
    paths = draw_sample(folder, options.sample, options.seed)
    size = _common_size(paths)
    found = list(_measure_each(paths, size, detector, progress))
    if not found:
        raise SourceError(f"{detector.name} finds no face in {len(paths)} crops of {folder}")
    kept = _drop_outliers(found)
    return Measurement(
        name=options.name,
        size=size,
        detector=detector.name,
        sampled=len(paths),
        found=len(found),
        landmarks=np.stack([one.landmarks for one in kept]),
        fitted=np.stack([one.fitted for one in kept]),
        people=np.unique([str(one.folder) for one in kept], return_inverse=True)[1],
        mean_crop=np.mean([one.image for one in kept], axis=0).round().astype(np.uint8),
    )


def draw_sample(folder: Path, count: int, seed: int) -> list[Path]:
    """Return up to `count` images in and below a folder, drawn evenly from its folders.

    Raises:
        SourceError: the folder is missing or holds no image.
    """
    if not folder.is_dir():
        raise SourceError(f"no folder {folder}")
    groups = list(_groups(folder))
    if not groups:
        raise SourceError(f"no image in {folder}; crops are JPEG or PNG files")
    rng = np.random.default_rng(seed)
    shuffled = [
        [folder / images[n] for n in rng.permutation(len(images))[:count]]
        for folder, images in groups
    ]
    order = rng.permutation(len(shuffled))
    rounds = zip_longest(*(shuffled[n] for n in order))
    return list(islice((path for each in rounds for path in each if path is not None), count))


def _groups(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield folders and the sorted names of their images; hidden ones and links back up are skipped."""
    seen: set[str] = set()
    for place, folders, names in os.walk(top, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        images = sorted(name for name in names if _is_image(name))
        if images:
            yield Path(place), images


def _is_image(name: str) -> bool:
    ending = name.rpartition(".")[2].lower()
    return not name.startswith(".") and f".{ending}" in IMAGE_SUFFIXES


def _common_size(paths: Sequence[Path]) -> int:
    """Return the side of the crops, which must all be square and of one size."""
    sizes = Counter(image_size(path) for path in paths)
    (width, height), _ = sizes.most_common(1)[0]
    if len(sizes) > 1 or width != height:
        seen = ", ".join(f"{w} x {h} ({count})" for (w, h), count in sizes.most_common(5))
        raise SourceError(
            f"the images are of the sizes {seen}; aligned crops are square and all of one size, and "
            "others follow no geometry"
        )
    return width


def _measure_each(
    paths: Sequence[Path],
    size: int,
    detector: Detector,
    progress: Callable[[int, int], None] | None,
) -> Iterator[_Measured]:
    """Yield what is found in each crop that a face is found in."""
    reference = np.array(ARCFACE.resized(size).landmarks)
    margin = round(SIDE * MARGINS.get(detector.name.partition(":")[0], 0.0))
    scale = SIDE / size
    for first in range(0, len(paths), BATCH):
        part = paths[first : first + BATCH]
        crops = [read_image(path) for path in part]
        shown = [pad(resize(crop, SIDE, SIDE), margin) for crop in crops]
        for path, crop, faces in zip(part, crops, detector.detect(shown), strict=True):
            if not faces:
                continue
            face = _main_face(faces, margin + SIDE / 2)
            points = (face.landmarks.astype(np.float64) - margin + 0.5) / scale - 0.5
            fit = invert(similarity_transform(points, reference))
            yield _Measured(path.parent, points, transform_points(reference, fit), crop)
        if progress is not None:
            progress(first + len(part), len(paths))


def _main_face(faces: Sequence[Face], middle: float) -> Face:
    """Return the face that is large and near the middle, not one that looks in from the side."""

    def prominence(face: Face) -> float:
        center = (face.bbox[:2] + face.bbox[2:]) / 2
        return float(np.sqrt(face.area) - np.linalg.norm(center - middle))

    return max(faces, key=prominence)


def _drop_outliers(found: Sequence[_Measured]) -> list[_Measured]:
    """Return those whose fit is not far from the median one."""
    fits = np.stack([one.fitted for one in found])
    distances = np.linalg.norm(fits - np.median(fits, axis=0), axis=2).mean(axis=1)
    return [
        one
        for one, distance in zip(found, distances, strict=True)
        if distance <= OUTLIER * np.median(distances)
    ]
