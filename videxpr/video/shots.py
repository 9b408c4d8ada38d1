"""Shot cuts, with PySceneDetect's adaptive content detector.

A cut is a frame that differs from the one before by much (mean change of hue, saturation and
brightness over `MIN_CHANGE`) and by far more than its neighbors do, so that a moving camera or a
waving hand is none. Cuts within two frames of either end of a video are not seen.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode

from videxpr.core.structures import Frame, Image

MIN_CHANGE: Final = 27.0
"""On the clips with known cuts these measure 48 to 138; a hand across the frame measures 20."""

NEIGHBORS: Final = 2
"""Frames to either side with which a change is compared."""

SHORTEST_SHOT_FRAMES: Final = 2
WIDTH: Final = 256
"""Least width in pixels that frames are reduced to."""


@dataclass(frozen=True)
class ShotFrame:
    """A frame and the 0-based number of its shot."""

    frame: Frame
    shot: int


def with_shots(frames: Iterable[Frame]) -> Iterator[ShotFrame]:
    """Yield frames of one size with their shots, `NEIGHBORS` frames later than they come in."""
    detector = AdaptiveDetector(
        min_content_val=MIN_CHANGE, min_scene_len=SHORTEST_SHOT_FRAMES, window_width=NEIGHBORS
    )
    pending: deque[Frame] = deque()
    cuts: set[int] = set()
    shot = 0
    for frame in frames:
        found = detector.process_frame(FrameTimecode(frame.index, fps=30.0), _small(frame.image))
        cuts.update(cut.frame_num for cut in found)
        pending.append(frame)
        if len(pending) > NEIGHBORS:
            ready = pending.popleft()
            shot += ready.index in cuts
            yield ShotFrame(ready, shot)
    for frame in pending:
        shot += frame.index in cuts
        yield ShotFrame(frame, shot)


def _small(image: Image) -> Image:
    """Return every n-th pixel as BGR: enough to see a cut."""
    step = max(1, image.shape[1] // WIDTH)
    return np.ascontiguousarray(image[::step, ::step, ::-1])
