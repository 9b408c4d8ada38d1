"""Labels of frames as runs of equal ones, ``0x12 4x3``: 40 kB for an hour of a lively face."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from videxpr.core.structures import Integers
from videxpr.formats.frame_labels import frame_labels, second_side
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing

Side = Literal["left", "right"]


@dataclass(frozen=True)
class TextLabels:
    """What text says of a video: a label for each annotated frame.

    Attributes:
        first_frame: index of the first one.
        main: runs of the main person.
        second: runs of the second person; empty if there is none.
        side: on which side of the main person the second stands; None if there is none.
    """

    first_frame: int
    main: str
    second: str = ""
    side: Side | None = None

    def of_rank(self, rank: int) -> Integers:
        """Return the labels (N,) of the main person (0) or of the second (1), -1 to 7."""
        return labels_in(self.second if rank else self.main)

    def line(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def text_labels(annotation: Annotation, missing: Missing) -> TextLabels:
    """Return what text says of a video.

    Args:
        annotation: of the video.
        missing: what text says of frames without a face.
    """
    side = second_side(annotation) if annotation.people == 2 else None
    main, second = (runs_of(frame_labels(annotation, rank, missing)) for rank in (0, 1))
    return TextLabels(annotation.first_frame, main, second if side else "", side)


def runs_of(labels: Integers) -> str:
    """Return labels as runs of equal ones."""
    starts = np.flatnonzero(np.diff(labels, prepend=-9))  # no label
    counts = np.diff(starts, append=len(labels))
    pairs = zip(labels[starts].tolist(), counts.tolist(), strict=True)
    return " ".join(f"{label}x{count}" for label, count in pairs)


def labels_in(runs: str) -> Integers:
    """Return the labels (N,) of a text that `runs_of` made.

    Raises:
        ValueError: it is no such text.
    """
    pairs = [run.split("x") for run in runs.split()]
    labels, counts = ([int(pair[place]) for pair in pairs] for place in (0, 1))
    return np.repeat(np.array(labels, np.int64), counts)
