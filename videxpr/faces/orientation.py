"""Whether the picture is upside down or lies on its side, which no metadata told.

A detector finds many faces that are upside down, and gives them the landmarks of upright ones. But it
is surer of them when they are turned: on every clip measured, by a wide margin (docs/log/identity.md).
So a few faces are looked at in all four orientations. Where no face is found, whole frames are.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Face, Image
from videxpr.faces.align import crop_square, square_around
from videxpr.faces.detection.detector import Detector, RegionOfInterest

MOST_LOOKS: Final = 4
"""Frames of a video in which a face is looked at."""

MOST_EMPTY_LOOKS: Final = 3
"""Frames in which no face is found that are looked at: each costs three detections in full frames."""

GROWTH: Final = 3
"""So many times as many frames as passed before each look have passed before the next."""

MARGIN: Final = 0.3
"""Log-odds by which the detector must be surer of turned faces in the mean. On upright clips it is less
sure by 0.6 and more, on the same clips turned by 180 degrees surer by 0.8 and more."""

CLEAR: Final = 0.5
"""Log-odds by which it must be surer of upright ones to look no further."""

UNSURE: Final = 1e-5
"""Scores are not taken for nearer to 1 than this; many of MTCNN's are 1."""

REMEDIES: Final = {
    1: ("on its side", "counterclockwise by 90", "transpose=2"),
    2: ("upside down", "by 180", "vflip,hflip"),
    3: ("on its side", "clockwise by 90", "transpose=1"),
}
"""How the picture seems to be, its turn and ffmpeg's filter, by quarter turns counterclockwise."""


class OrientationCheck:
    """Looks at few frames of one video as they come."""

    def __init__(self, detector: Detector) -> None:
        """Begin a video, whose faces that detector finds."""
        self._detector = detector
        self._seen = 0
        self._next = 1
        self._faces: list[NDArray[np.float64]] = []  # (4,) log-odds, by quarter turns
        self._empty: list[NDArray[np.float64]] = []

    def look(self, image: Image, faces: list[Face]) -> None:
        """Look at a frame if it is its turn and more needs to be known.

        Args:
            image: the frame.
            faces: that were found in it.
        """
        self._seen += 1
        roi = self._detector.orientation_roi
        if roi is None or self._seen < self._next or self._is_settled(bool(faces)):
            return
        if faces:
            self._faces.append(self._log_odds(self._refined_scores(image, faces, roi)))
        else:
            self._empty.append(self._log_odds(self._detected_scores(image)))
        self._next = GROWTH * self._seen

    def warnings(self) -> list[str]:
        """Return a sentence for the user if the picture is not upright; else none."""
        found = [one for one in self._faces + self._empty if one.any()]
        looks = found if self._faces else self._empty
        mean = np.mean(looks or [np.zeros(4)], axis=0)
        turn = int(mean.argmax())
        sure = float(self._log_odds([self._detector.sure_score])[0])
        if mean[turn] < sure or mean[turn] - mean[0] < MARGIN:
            return []
        state, degrees, video_filter = REMEDIES[turn]
        return [
            f"the picture seems to be {state} (faces are surer when it is turned {degrees} degrees); "
            f"turn the video first: ffmpeg -i IN -vf {video_filter} OUT"
        ]

    def _is_settled(self, has_face: bool) -> bool:
        if not has_face:
            return bool(self._faces) or len(self._empty) >= MOST_EMPTY_LOOKS
        if not self._faces:
            return False
        mean = np.mean(self._faces, axis=0)
        return len(self._faces) >= MOST_LOOKS or bool(mean[0] - mean[1:].max() >= CLEAR)

    def _refined_scores(
        self, image: Image, faces: list[Face], roi: RegionOfInterest
    ) -> list[float]:
        """Return scores (4,) of the largest face, turned; 0 where it is none."""
        largest = max(faces, key=lambda face: face.area)
        square = crop_square(image, *square_around(largest, roi.margin), roi.size)
        refined = self._detector.refine(_turned(square))
        return [0.0 if face is None else face.score for face in refined]

    def _detected_scores(self, image: Image) -> list[float]:
        """Return scores (4,) of the best faces in the frame, turned; as it is it has none."""
        found = [self._detector.detect([one])[0] for one in _turned(image)[1:]]
        return [0.0, *(faces[0].score if faces else 0.0 for faces in found)]

    def _log_odds(self, scores: list[float]) -> NDArray[np.float64]:
        """Return log-odds of scores, over those of a face that is just reported."""
        least = float(np.clip(self._detector.min_score, UNSURE, 1 - UNSURE))
        clipped = np.clip(scores, least, 1 - UNSURE)
        return np.asarray(np.log(clipped / (1 - clipped)) - np.log(least / (1 - least)))


def _turned(image: Image) -> list[Image]:
    """Return an image turned counterclockwise by 0 to 3 quarters."""
    return [np.ascontiguousarray(np.rot90(image, quarter)) for quarter in range(4)]
