"""Faces of a shot: detected in the full frame at keyframes, and refined in between.

To refine a face, in a region of interest around where it was, costs a fraction of a detection, and
every frame still has landmarks that were measured in it. Keyframes are where a shot begins, where a
face is lost, and the end of every block of frames. A face that is new at a keyframe is traced backwards
to where it came from, so that none is found late.

A detector places the landmarks of a face a little differently in a region of interest than in a full
frame, and is more or less sure of it: by no more than the noise of either, but always to the same side.
That bias is measured at each keyframe, and taken off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Face, Image
from videxpr.faces.align import crop_square, square_around
from videxpr.faces.detection.detector import Detector
from videxpr.faces.options import KeyframeOptions

SAME_FACE_IOU: Final = 0.4
"""Boxes of one face that overlap less are of two; neighbors in a crowd hardly reach a tenth."""

LEAST_STEP_IOU: Final = 0.3
"""A box that overlaps less with the one in the frame before has jumped to another face."""

AVERAGED_KEYFRAMES: Final = 2
"""About so many keyframes weigh in what is known of the bias."""

NEIGHBOR_WEIGHT: Final = 0.15
"""Share of the frame before, and of the one after, in a face's place: takes off nearly half of the
jitter, and leaves steady movement as it is."""

LARGEST_JITTER: Final = 0.02
"""A face that lies farther from the middle of its neighbors, in its own size, has really moved."""


class KeyframeDetector:
    """A detector that goes through the frames of one shot after another."""

    def __init__(self, detector: Detector, options: KeyframeOptions) -> None:
        """Make ready.

        Args:
            detector: every frame is a keyframe of one that refines no faces.
            options: how often frames are keyframes.
        """
        self._detector = detector
        self._every = options.detect_every if detector.roi is not None else 1
        self._most = options.max_faces
        self._had_more = False
        self._images: Sequence[Image] = ()  # of the block
        self.begin_shot()

    @property
    def warnings(self) -> list[str]:
        """What a user should know of the faces that were detected so far."""
        if not self._had_more:
            return []
        return [
            f"some frames have more than {self._most} faces, of which the {self._most} with the best "
            "scores are kept; --max-faces keeps more"
        ]

    def block_length(self, batch_size: int) -> int:
        """Return how many frames `detect` takes at once; the detector takes batches of that size."""
        return self._every if self._every > 1 else batch_size

    def begin_shot(self) -> None:
        """Forget all faces: what comes next has nothing to do with what came before."""
        self._tracklets: list[_Tracklet] = []
        self._is_first = True

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Return the faces of the next frames of a shot, best score first; the last is a keyframe.

        Args:
            images: as many as `block_length` says, or fewer where the shot ends.
        """
        if self._every == 1:
            return [self._best(faces) for faces in self._detector.detect(images)]
        self._images, last = images, len(images) - 1
        if self._is_first:
            self._detect(0)
        for position in range(int(self._is_first), len(images)):
            lost = self._propagate(position)
            if lost or position == last:
                self._detect(position)
        found = [[one.face(at) for one in self._at(at)] for at in range(len(images))]
        # the next block goes on from the last frame, as the one before it
        self._tracklets = [replace(one, refined={-1: one.refined[last]}) for one in self._at(last)]
        self._images, self._is_first = (), False
        return [self._best(sorted(faces, key=lambda face: -face.score)) for faces in found]

    def _best(self, faces: list[Face]) -> list[Face]:
        """Return no more faces than may be; the best one is the first."""
        self._had_more = self._had_more or len(faces) > self._most
        return faces[: self._most]

    def _propagate(self, position: int) -> bool:
        """Refine the faces of the frame before in this one; return whether one was lost."""
        before = self._at(position - 1)
        tracklets = [one for one in before if not one.unrefinable]
        refined = self._refine(position, [one.refined[position - 1] for one in tracklets])
        for tracklet, face in zip(tracklets, refined, strict=True):
            if face is not None:
                tracklet.refined[position] = face
        self._suppress_duplicates(position)
        return any(position not in one.refined for one in before)

    def _suppress_duplicates(self, position: int) -> None:
        """Of two tracklets that have come to the same face, lose the less sure one."""
        kept: list[Face] = []
        for tracklet in sorted(self._at(position), key=lambda one: -one.score(position)):
            face = tracklet.refined[position]
            if any(better.iou(face) >= SAME_FACE_IOU for better in kept):
                del tracklet.refined[position]
            else:
                kept.append(face)

    def _detect(self, position: int) -> None:
        """Detect in the full frame: compare the faces that are known, start with those that are new."""
        known = self._at(position)
        for detected in self._best(self._detector.detect([self._images[position]])[0]):
            overlaps = [(one.face(position).iou(detected), one) for one in known]
            overlap, tracklet = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
            if tracklet is None or overlap < SAME_FACE_IOU:
                self._start(position, detected)
            else:
                known.remove(tracklet)
                tracklet.update_bias(position, detected)
        for (
            tracklet
        ) in known:  # a keyframe does not confirm them: they end where last surely a face
            tracklet.keep(range(max(self._sure(tracklet), default=-1) + 1))

    def _start(self, position: int, detected: Face) -> None:
        """Start with a face that is new here; it may have been there before."""
        refined = self._refine(position, [detected])[0]
        tracklet = _Tracklet({position: refined or detected}, unrefinable=refined is None)
        if refined is not None:
            tracklet.update_bias(position, detected)
            self._trace_back(tracklet, position)
        self._tracklets.append(tracklet)

    def _trace_back(self, tracklet: "_Tracklet", position: int) -> None:
        """Refine a new face towards the beginning of the block, as far as it is surely one."""
        for earlier in range(position - 1, -1, -1):
            refined = self._refine(earlier, [tracklet.refined[earlier + 1]])[0]
            if refined is None or any(
                refined.iou(other.refined[earlier]) >= SAME_FACE_IOU for other in self._at(earlier)
            ):
                break
            tracklet.refined[earlier] = refined
        tracklet.keep(range(min(self._sure(tracklet), default=position), position + 1))

    def _refine(self, position: int, faces: Sequence[Face]) -> list[Face | None]:
        """Return faces of a neighboring frame as they are in this one; None where one is lost."""
        roi = self._detector.roi
        if roi is None or not faces:
            return [None] * len(faces)
        squares = [square_around(face, roi.margin) for face in faces]
        rois = [crop_square(self._images[position], *square, roi.size) for square in squares]
        refined: list[Face | None] = []
        for before, (corner, side), face in zip(
            faces, squares, self._detector.refine(rois), strict=True
        ):
            if face is not None:
                points = corner + (_points(face) + 0.5) * (side / roi.size) - 0.5
                face = _face(points, face.score)
                small = face.shorter_side < self._detector.min_face
                face = None if small or before.iou(face) < LEAST_STEP_IOU else face
            refined.append(face)
        return refined

    def _at(self, position: int) -> list["_Tracklet"]:
        return [one for one in self._tracklets if position in one.refined]

    def _sure(self, tracklet: "_Tracklet") -> list[int]:
        """Return the positions at which a tracklet is surely a face."""
        return [at for at in tracklet.refined if tracklet.score(at) >= self._detector.sure_score]


@dataclass(eq=False)
class _Tracklet:
    """One face from frame to frame of a block.

    Attributes:
        refined: the face as regions of interest show it, by position in the block; -1 is the last
            frame before it.
        bias: (7, 2) what a keyframe adds to the corners and landmarks of a region, in face sizes.
        score_bias: what it adds to the score.
        keyframes: how many it was measured at.
        unrefinable: whether a region does not show the face although a keyframe does.
    """

    refined: dict[int, Face]
    bias: NDArray[np.float64] = field(default_factory=lambda: np.zeros((7, 2)))
    score_bias: float = 0.0
    keyframes: int = 0
    unrefinable: bool = False

    def update_bias(self, position: int, detected: Face) -> None:
        """Compare with the face as a keyframe shows it."""
        refined = self.refined[position]
        offsets = (_points(detected) - _points(refined)) / _size(refined)
        self.keyframes = min(self.keyframes + 1, AVERAGED_KEYFRAMES)
        self.bias = self.bias + (offsets - self.bias) / self.keyframes
        self.score_bias += (detected.score - refined.score - self.score_bias) / self.keyframes

    def score(self, position: int) -> float:
        """Return the detector's score there, as if it was a keyframe."""
        return min(max(self.refined[position].score + self.score_bias, 0.0), 1.0)

    def face(self, position: int) -> Face:
        """Return the face without bias, smoothed by its neighbors where both are known."""
        points = self._unbiased(position)
        if position - 1 in self.refined and position + 1 in self.refined:
            middle = (self._unbiased(position - 1) + self._unbiased(position + 1)) / 2
            jitter = middle - points
            if np.abs(jitter).mean() <= LARGEST_JITTER * _size(self.refined[position]):
                points = points + 2 * NEIGHBOR_WEIGHT * jitter
        return _face(points, self.score(position))

    def keep(self, positions: Iterable[int]) -> None:
        """Forget the face in all frames but these, and the one before the block."""
        self.refined = {at: self.refined[at] for at in (-1, *positions) if at in self.refined}

    def _unbiased(self, position: int) -> NDArray[np.float64]:
        refined = self.refined[position]
        return _points(refined) + self.bias * _size(refined)


def _points(face: Face) -> NDArray[np.float64]:
    """Return the two corners of the box and the five landmarks, (7, 2)."""
    return np.concatenate([face.bbox.reshape(2, 2), face.landmarks]).astype(np.float64)


def _face(points: NDArray[np.float64], score: float) -> Face:
    single = points.astype(np.float32)
    return Face(single[:2].reshape(4), single[2:], score)


def _size(face: Face) -> float:
    return max(float(np.sqrt(face.area)), 1.0)
