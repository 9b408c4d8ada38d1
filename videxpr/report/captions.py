"""What is said of frames and faces on pictures, taken from the record."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.names import escaped
from videxpr.core.structures import Floats
from videxpr.formats.intervals import frame_edges
from videxpr.formats.record import Annotation
from videxpr.video.segments import name_with_segment


@dataclass(frozen=True)
class FaceCaption:
    """One person in a frame.

    Attributes:
        person: number of the person, from 1.
        expression: the label.
        probabilities: (8,) smoothed; NaN for expressions that were never trained.
        box: (4,) x1, y1, x2, y2 in pixels; None where a gap was bridged.
    """

    person: int
    expression: str
    probabilities: Floats
    box: Floats | None

    @property
    def confidence(self) -> float:
        """Return the probability of the label."""
        return float(np.nanmax(self.probabilities))


@dataclass(frozen=True)
class FrameCaption:
    """What is said of a frame.

    Attributes:
        video: its name; empty where it is not to be shown.
        frame: index of the frame.
        seconds: at which it begins, from the start of the file, as in intervals.
        faces: by rank, nobody where no face was found.
    """

    video: str
    frame: int
    seconds: float
    faces: tuple[FaceCaption, ...]


def captions(annotation: Annotation, video: str) -> Iterator[FrameCaption]:
    """Yield what is said of each frame that was annotated, in order.

    Args:
        annotation: of the video.
        video: its name; empty where it is not to be shown.
    """
    faces, labels = annotation.faces, annotation.faces.label
    frames = annotation.first_frame + np.arange(len(annotation))
    bounds = np.searchsorted(faces.frame, np.append(frames, annotation.end_frame))
    begins = frame_edges(annotation)[:-1].tolist()
    for at, frame in enumerate(frames.tolist()):
        yield FrameCaption(
            video,
            frame,
            begins[at],
            tuple(
                FaceCaption(
                    int(faces.person[row]),
                    EXPRESSIONS[labels[row]],
                    faces.smoothed[row],
                    None if faces.bridged[row] else faces.bbox[row],
                )
                for row in range(bounds[at], bounds[at + 1])
            ),
        )


def shown_name(annotation: Annotation) -> str:
    """Return the path of the video, and the name of the stretch if it is not the whole, as a line."""
    return escaped(name_with_segment(annotation.video, annotation.provenance.get("segment", "")))


def clock_text(seconds: float) -> str:
    """Return a time for people: ``0:04.920``, ``1:02:03.004``."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}:{rest // 1000:02d}.{rest % 1000:03d}"
