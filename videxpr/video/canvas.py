"""Pictures of one size from frames of several, their shapes kept."""

from dataclasses import dataclass, field

import numpy as np

from videxpr.core.structures import Image

Size = tuple[int, int]
"""Width and height in pixels."""

NAMED_SIZES = 3


@dataclass
class Canvas:
    """What the frames of a video are shown on; the first one decides its size.

    Attributes:
        size: width and height in pixels; (0, 0) before the first frame.
        changes: how often a frame would be shown in another size than the one before it.
    """

    size: Size = (0, 0)
    changes: int = 0
    _seen: list[Size] = field(default_factory=list)
    _last: Size = (0, 0)

    def fit(self, size: Size) -> Size:
        """Return the size of the next frame on the canvas: the largest that keeps its shape.

        Args:
            size: in which the frame would be shown by itself.
        """
        if not self._seen:
            self.size = self._last = size
        if size not in self._seen:
            self._seen.append(size)
        self.changes += size != self._last
        self._last = size
        scale = min(self.size[0] / size[0], self.size[1] / size[1])
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def place(self, image: Image) -> Image:
        """Return an image in the middle of the canvas, which is black around it.

        Args:
            image: (height, width, 3), no larger than the canvas; returned itself if as large.
        """
        width, height = self.size
        if image.shape[:2] == (height, width):
            return image
        canvas = np.zeros((height, width, 3), np.uint8)
        top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
        canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
        return canvas

    @property
    def warning(self) -> str | None:
        """What a user should know of a size that changes; None if it does not."""
        if not self.changes:
            return None
        names = [f"{width}x{height}" for width, height in self._seen]
        listed = ", ".join(names[:NAMED_SIZES]) + ", ..." * (len(names) > NAMED_SIZES)
        times = f"{self.changes} time{'s' * (self.changes > 1)}"
        return f"the frame's size changes {times} ({listed}); all frames are scaled to {names[0]}"
