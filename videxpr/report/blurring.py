"""Faces made unrecognizable to the eye. It is no anonymization: docs/overlay.md says why.

Each detected face is covered from the start of its shot to its end, so that a frame in which it was
missed does not show it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from videxpr.core.errors import SourceError
from videxpr.core.structures import Floats, Image, Integers
from videxpr.formats.record import Annotation
from videxpr.video.images import gaussian_blur, resize
from videxpr.video.options import Blur

SCALE: Final = 1.5
"""Of the box that is blurred over the face's own, which ends at the chin and below the hair."""

FACE_CELLS: Final = 6
"""Along each side of a face's blurred box: four of them on the face, in which nobody is recognized."""

FRAME_CELLS: Final = 12
"""Along the shorter side of a frame that is blurred as a whole."""

SMOOTH_PIXELS: Final = 64
"""Longest side at which cells become soft; what is larger is then enlarged."""


@dataclass(frozen=True)
class HeldBox:
    """Where one track's face may be, in every frame of its shot.

    Attributes:
        first_frame: of the shot.
        end_frame: after the last one of the shot.
        frames: (K,) in which it was detected, rising.
        boxes: (K, 4) x1, y1, x2, y2 in pixels.
    """

    first_frame: int
    end_frame: int
    frames: Integers
    boxes: Floats

    def at(self, frame: int) -> Floats:
        """Return the box (4,) in a frame of the shot: between two detections, what holds both."""
        after = int(np.searchsorted(self.frames, frame))
        before = after - 1
        if after < len(self.frames) and self.frames[after] == frame:
            before = after
        known = self.boxes[[max(before, 0), min(after, len(self.frames) - 1)]]
        return np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])


@dataclass(frozen=True)
class BlurPlan:
    """What is blurred in the frames of a video.

    Attributes:
        held: the boxes of every track, by shot.
        seen: indices of frames in which a face was detected; None where frames without one are not
            blurred as a whole.
    """

    held: tuple[HeldBox, ...] = ()
    seen: frozenset[int] | None = None

    def apply(self, image: Image, frame: int) -> Image:
        """Return the image (height, width, 3) of a frame, blurred where it must be."""
        if self.seen is not None and frame not in self.seen:
            return blur_frame(image)
        first = np.searchsorted(self._ends, frame, side="right")
        end = np.searchsorted(self._starts, frame, side="right")
        boxes = [one.at(frame) for one in self.held[first:end]]
        return blur_boxes(image, np.array(boxes)) if boxes else image

    @cached_property
    def _starts(self) -> list[int]:
        return [one.first_frame for one in self.held]

    @cached_property
    def _ends(self) -> list[int]:
        return [one.end_frame for one in self.held]


def plan_blur(annotation: Annotation, blur: Blur) -> BlurPlan:
    """Return what is blurred of a video.

    Raises:
        SourceError: the record may lack faces that were detected.
    """
    if blur == "none":
        return BlurPlan()
    if annotation.people is not None:
        raise SourceError(
            f"{annotation.video}: the record holds {_held(annotation.people)} alone (--people "
            f"{annotation.people}), so that faces of others would not be blurred; annotate it with "
            "--people all first"
        )
    seen = frozenset(annotation.faces.frame[~annotation.faces.bridged].tolist())
    return BlurPlan(tuple(_held_boxes(annotation)), seen if blur == "all" else None)


def _held(people: int) -> str:
    return "the main person" if people == 1 else f"{people} persons"


def _held_boxes(annotation: Annotation) -> Iterator[HeldBox]:
    """Yield where each track may be, in each shot that it is seen in."""
    faces = annotation.faces.select(np.flatnonzero(~annotation.faces.bridged))
    shots = annotation.shots[faces.frame - annotation.first_frame]
    order = np.lexsort((faces.frame, faces.track, shots))
    new = (np.diff(faces.track[order]) != 0) | (np.diff(shots[order]) != 0)
    for rows in np.split(order, np.flatnonzero(new) + 1):
        if len(rows):
            first, end = np.searchsorted(annotation.shots, shots[rows[0]] + np.arange(2))
            yield HeldBox(
                annotation.first_frame + int(first),
                annotation.first_frame + int(end),
                faces.frame[rows],
                faces.bbox[rows],
            )


def blur_boxes(image: Image, boxes: Floats) -> Image:
    """Return an image whose boxes, made larger by `SCALE`, are blurred.

    Args:
        image: (height, width, 3).
        boxes: (K, 4) x1, y1, x2, y2 in pixels; may reach outside.
    """
    blurred = image.copy()
    height, width = image.shape[:2]
    for box in boxes:
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * SCALE / 2
        left, top = np.clip(np.floor(middle - half), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(middle + half), 0, (width, height)).astype(int)
        if left < right and top < bottom:
            # of what was blurred already, so that overlapping boxes bring nothing back
            part = blurred[top:bottom, left:right]
            blurred[top:bottom, left:right] = _without_detail(part, FACE_CELLS, FACE_CELLS)
    return blurred


def blur_frame(image: Image) -> Image:
    """Return an image (height, width, 3) blurred as a whole."""
    height, width = image.shape[:2]
    cell = min(height, width) / FRAME_CELLS
    return _without_detail(image, max(1, round(width / cell)), max(1, round(height / cell)))


def _without_detail(image: Image, columns: int, rows: int) -> Image:
    """Return what is left of an image in so many cells, their edges made soft."""
    height, width = image.shape[:2]
    cells = resize(np.ascontiguousarray(image), min(columns, width), min(rows, height))
    scale = min(1.0, SMOOTH_PIXELS / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    soft = gaussian_blur(resize(cells, *small), min(small) / max(columns, rows) / 2)
    return resize(soft, width, height)
