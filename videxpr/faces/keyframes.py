"""Faces of a shot: searched in whole pictures now and then, and found again near where they were.

A look at a face's surroundings costs a fraction of a search, and every picture still has landmarks that
were measured in it. Whole pictures are searched where a shot begins, where a face is lost, and at the
end of every block of frames; in between, each face is found again in a close-up around where it was. A
face that is new in a search is followed backwards to where it came from, so that none is found late.

A detector places the landmarks of a face a little differently in a close-up than in a whole picture,
and is more or less sure of it: by no more than the noise of either, but always to the same side. That
difference is learned at each search, and taken off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Face, Image
from videxpr.faces.detection.detector import Detector
from videxpr.faces.options import KeyframeOptions

SAME_FACE_IOU: Final = 0.4
"""Boxes of one face that overlap less are of two; neighbors in a crowd hardly reach a tenth."""

LEAST_STEP_IOU: Final = 0.3
"""A box that overlaps less with the one in the picture before has jumped to another face."""

REMEMBERED_SEARCHES: Final = 2
"""About so many searches weigh in what is known of the difference to close-ups."""

NEIGHBOR_WEIGHT: Final = 0.15
"""Share of the picture before, and of the one after, in a face's place: takes off nearly half of the
jitter, and leaves steady movement as it is."""

LARGEST_JITTER: Final = 0.02
"""A face that lies farther from the middle of its neighbors, in its own size, has really moved."""


class KeyframeDetector:
    """A detector that looks through the pictures of one shot after another."""

    def __init__(self, detector: Detector, options: KeyframeOptions) -> None:
        self._detector = detector
        self._every = options.detect_every if detector.roi is not None else 1
        self._chains: list[_Chain] = []
        self._fresh = True

    def block_length(self, batch_size: int) -> int:
        """How many frames go through `faces` together; the detector takes batches of that size."""
        return self._every if self._every > 1 else batch_size

    def begin_shot(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._chains, self._fresh = [], True

    def faces(self, images: Sequence[Image]) -> list[list[Face]]:
        """Faces of the next frames of a shot, best score first; the last one is searched whole.

        Args:
            images: as many as `block_length` says, or fewer where the shot ends.
        """
        if self._every == 1:
            return self._detector.detect(images)
        block = _Block(self._detector, images, self._chains)
        if self._fresh:
            block.search(0)
        for position in range(int(self._fresh), len(images)):
            lost = block.follow(position)
            if lost or position == len(images) - 1:
                block.search(position)
        faces = block.faces()
        self._chains, self._fresh = block.handed_on(), False
        return faces


@dataclass(eq=False)
class _Chain:
    """One face, followed from picture to picture.

    Attributes:
        seen: as close-ups show it, by position in the block; -1 is the last picture before it.
        bias: (7, 2) what a search adds to the corners and landmarks of a close-up, in face sizes.
        gain: what it adds to the score.
        searches: how many have told of it.
        blind: whether a close-up does not show it although a search does.
    """

    seen: dict[int, Face]
    bias: NDArray[np.float64] = field(default_factory=lambda: np.zeros((7, 2)))
    gain: float = 0.0
    searches: int = 0
    blind: bool = False

    def learn(self, position: int, found: Face) -> None:
        """Take note of where a search found the face."""
        here = self.seen[position]
        apart = (_points(found) - _points(here)) / _size(here)
        self.searches = min(self.searches + 1, REMEMBERED_SEARCHES)
        self.bias = self.bias + (apart - self.bias) / self.searches
        self.gain += (found.score - here.score - self.gain) / self.searches

    def score(self, position: int) -> float:
        """How sure the detector is of it there, as if it had searched."""
        return min(max(self.seen[position].score + self.gain, 0.0), 1.0)

    def face(self, position: int) -> Face:
        """Where the face is: corrected, and steadied by its neighbors where both are known."""
        points = self._corrected(position)
        if position - 1 in self.seen and position + 1 in self.seen:
            middle = (self._corrected(position - 1) + self._corrected(position + 1)) / 2
            apart = middle - points
            if np.abs(apart).mean() <= LARGEST_JITTER * _size(self.seen[position]):
                points = points + 2 * NEIGHBOR_WEIGHT * apart
        return _face(points, self.score(position))

    def cut(self, kept: Iterable[int]) -> None:
        """Forget the face in all pictures but these, and the one before the block."""
        self.seen = {at: self.seen[at] for at in (-1, *kept) if at in self.seen}

    def _corrected(self, position: int) -> NDArray[np.float64]:
        here = self.seen[position]
        return _points(here) + self.bias * _size(here)


class _Block:
    """Successive pictures of one shot, and the faces in them."""

    def __init__(
        self, detector: Detector, images: Sequence[Image], chains: Sequence[_Chain]
    ) -> None:
        self._detector = detector
        self._images = images
        self._chains = list(chains)

    def faces(self) -> list[list[Face]]:
        """Faces of every picture, best score first."""
        found = [
            [chain.face(position) for chain in self._at(position)]
            for position in range(len(self._images))
        ]
        return [sorted(faces, key=lambda face: -face.score) for faces in found]

    def handed_on(self) -> list[_Chain]:
        """The chains that go on in the next block, with the last picture as the one before."""
        last = len(self._images) - 1
        return [replace(chain, seen={-1: chain.seen[last]}) for chain in self._at(last)]

    def follow(self, position: int) -> bool:
        """Find the faces of the picture before again; whether one was lost."""
        before = self._at(position - 1)
        chains = [chain for chain in before if not chain.blind]
        again = self._refined(position, [chain.seen[position - 1] for chain in chains])
        for chain, face in zip(chains, again, strict=True):
            if face is not None:
                chain.seen[position] = face
        self._part(position)
        return any(position not in chain.seen for chain in before)

    def search(self, position: int) -> None:
        """Search a whole picture: learn of the faces that are known, begin with those that are new."""
        known = self._at(position)
        for found in self._detector.detect([self._images[position]])[0]:
            chain = self._best(known, position, found)
            if chain is None:
                self._begin(position, found)
            else:
                known.remove(chain)
                chain.learn(position, found)
        for chain in known:
            self._doubt(chain, position)

    def _best(self, chains: Sequence[_Chain], position: int, found: Face) -> _Chain | None:
        """The chain that a found face belongs to."""
        overlaps = [(chain.face(position).iou(found), chain) for chain in chains]
        best = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
        return best[1] if best[0] >= SAME_FACE_IOU else None

    def _begin(self, position: int, found: Face) -> None:
        """A face that is new; it may have been there before."""
        near = self._refined(position, [found])[0]
        chain = _Chain({position: near or found}, blind=near is None)
        if near is not None:
            chain.learn(position, found)
            self._follow_back(chain, position)
        self._chains.append(chain)

    def _follow_back(self, chain: _Chain, position: int) -> None:
        """Follow a new face towards the beginning of the block, as far as it is surely one."""
        for earlier in range(position - 1, -1, -1):
            again = self._refined(earlier, [chain.seen[earlier + 1]])[0]
            if again is None or any(
                again.iou(other.seen[earlier]) >= SAME_FACE_IOU for other in self._at(earlier)
            ):
                break
            chain.seen[earlier] = again
        sure = [at for at in chain.seen if self._is_sure(chain, at)]
        chain.cut(range(min(sure, default=position), position + 1))

    def _doubt(self, chain: _Chain, position: int) -> None:
        """End a chain that a search did not confirm, where it was last surely a face."""
        if self._is_sure(chain, position):
            return
        sure = [at for at in chain.seen if self._is_sure(chain, at)]
        chain.cut(range(max(sure, default=-1) + 1))

    def _part(self, position: int) -> None:
        """Of two chains that have come to the same face, the less sure one is lost."""
        chains = sorted(self._at(position), key=lambda chain: -chain.score(position))
        for rank, chain in enumerate(chains):
            better = (other.seen.get(position) for other in chains[:rank])
            if any(one and one.iou(chain.seen[position]) >= SAME_FACE_IOU for one in better):
                del chain.seen[position]

    def _refined(self, position: int, faces: Sequence[Face]) -> list[Face | None]:
        """Faces of a neighboring picture, found again in this one."""
        from videxpr.faces.align import square_of  # slow to import, and not for --help

        form = self._detector.roi
        if form is None or not faces:
            return [None] * len(faces)
        squares = [_Square.around(face, form.margin) for face in faces]
        image = self._images[position]
        rois = [square_of(image, one.corner, one.side, form.size) for one in squares]
        found = self._detector.refine(rois)
        placed = [
            None if again is None else square.placed(again, form.size)
            for again, square in zip(found, squares, strict=True)
        ]
        return [
            again if again is not None and self._goes_on(face, again) else None
            for face, again in zip(faces, placed, strict=True)
        ]

    def _goes_on(self, face: Face, again: Face) -> bool:
        return again.shorter_side >= self._detector.min_face and face.iou(again) >= LEAST_STEP_IOU

    def _is_sure(self, chain: _Chain, position: int) -> bool:
        return chain.score(position) >= self._detector.sure_score

    def _at(self, position: int) -> list[_Chain]:
        return [chain for chain in self._chains if position in chain.seen]


@dataclass(frozen=True)
class _Square:
    """The surroundings of a face: upper left corner (x, y) and side, in pixels of the picture."""

    corner: NDArray[np.float64]
    side: float

    @classmethod
    def around(cls, face: Face, margin: float) -> "_Square":
        low, high = face.bbox[:2].astype(np.float64), face.bbox[2:].astype(np.float64)
        side = margin * max(float((high - low).max()), 1.0)
        return cls((low + high - side) / 2, side)

    def placed(self, face: Face, size: int) -> Face:
        """A face in the close-up of this square, in pixels of the picture."""
        scale = self.side / size
        return _face(self.corner + (_points(face) + 0.5) * scale - 0.5, face.score)


def _points(face: Face) -> NDArray[np.float64]:
    """The two corners of the box and the five landmarks, (7, 2)."""
    return np.concatenate([face.bbox.reshape(2, 2), face.landmarks]).astype(np.float64)


def _face(points: NDArray[np.float64], score: float) -> Face:
    single = points.astype(np.float32)
    return Face(single[:2].reshape(4), single[2:], score)


def _size(face: Face) -> float:
    return max(float(np.sqrt(face.area)), 1.0)
