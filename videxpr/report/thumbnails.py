"""Small pictures of faces, cut out of their video while it is decoded once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.core.structures import Floats, Image
from videxpr.formats.record import Annotation
from videxpr.report.blurring import plan_blur
from videxpr.report.recorded_video import check_to_blur, open_recorded, some_frames
from videxpr.video.images import jpeg_bytes, resize
from videxpr.video.options import Blur

SIZE: Final = 96
"""Pixels along each side of a thumbnail."""

MARGIN: Final = 1.4
"""Side of the square that is cut out, over the longer side of the face's box."""

LARGEST: Final = 2
"""Longer side of a box over that of the frame, beyond which it is cut: a file may say anything."""

QUALITY: Final = 82


def face_thumbnails(
    video: Path,
    annotation: Annotation,
    rows: Sequence[int],
    blur: Blur = "none",
    size: int = SIZE,
) -> dict[int, bytes]:
    """Return JPEG files of some faces of a video, by row.

    Args:
        video: the file that was annotated.
        annotation: of it.
        rows: positions in `Annotation.faces`; those that were bridged have no box, and no thumbnail.
        blur: what is made unrecognizable.
        size: width and height in pixels.

    Raises:
        SourceError: the video cannot be read, or is not the one that was annotated, or the record does
            not hold all faces that were to be blurred.
    """
    return {
        row: jpeg_bytes(image, QUALITY)
        for row, image in face_images(video, annotation, rows, blur, size)
    }


def face_images(
    video: Path, annotation: Annotation, rows: Sequence[int], blur: Blur, size: int
) -> Iterator[tuple[int, Image]]:
    """Yield rows and their faces (size, size, 3), frame by frame; as `face_thumbnails`."""
    faces, plan = annotation.faces, plan_blur(annotation, blur)
    if blur != "none":
        check_to_blur(video, annotation)
    wanted: dict[int, list[int]] = {}
    for row in rows:
        if not faces.bridged[row]:
            wanted.setdefault(int(faces.frame[row]), []).append(row)
    if not wanted:
        return
    with open_recorded(video, annotation) as opened:
        for frame in some_frames(opened, annotation, wanted.keys()):
            image = plan.apply(frame.image, frame.index)
            for row in wanted[frame.index]:
                yield row, cut_face(image, faces.bbox[row], size)


def cut_face(image: Image, box: Floats, size: int) -> Image:
    """Return the square around a face, as (size, size, 3); beyond the image's edges it is black.

    Args:
        image: (height, width, 3).
        box: (4,) x1, y1, x2, y2 in pixels; may reach outside.
        size: width and height of the result in pixels.
    """
    height, width = image.shape[:2]
    longer = min(float((box[2:] - box[:2]).max()), LARGEST * max(height, width))
    side = max(1, round(longer * MARGIN))
    left, top = np.round((box[:2] + box[2:]) / 2 - side / 2).astype(int)
    square = np.zeros((side, side, 3), np.uint8)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 < x2 and y1 < y2:
        square[y1 - top : y2 - top, x1 - left : x2 - left] = image[y1:y2, x1:x2]
    return resize(square, size, size)
