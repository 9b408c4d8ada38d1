"""What one video's annotation is: a value that every output format is written from."""

import json
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats, Times

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class FaceRows:
    """Columns with one row for each (frame, person), by frame and then by rank.

    Attributes:
        frame: (M,) index of the frame.
        track: (M,) number of the track, from 1 in order of appearance in the video.
        rank: (M,) 0 for the main person of the shot, 1 for the second, and so on.
        bbox: (M, 4) x1, y1, x2, y2 in displayed pixels; NaN where nothing was detected.
        landmarks: (M, 10) x, y of right eye, left eye, nose, right and left corner of the mouth (the
            person's own right); NaN where nothing was detected.
        score: (M,) the detector's confidence; NaN where nothing was detected.
        bridged: (M,) true where a short gap was bridged by holding features.
        probabilities: (M, 8) before smoothing; NaN for classes that were never trained.
        smoothed: (M, 8) the moving mean of them, from which labels are taken.
        features: (M, 888) of the backbone, or as wide as it is; bridged rows hold those of the last
            frame in which the person was detected. None unless they were asked for.
        logits: (M, 8) mean over the windows, neither smoothed nor adjusted; minus infinity for
            classes that were never trained. None where `features` are.
    """

    frame: Integers
    track: Integers
    rank: Integers
    bbox: Floats
    landmarks: Floats
    score: Floats
    bridged: NDArray[np.bool_]
    probabilities: Floats
    smoothed: Floats
    features: Floats | None = None
    logits: Floats | None = None

    def __post_init__(self) -> None:
        rows = len(self.frame)
        shapes = {"bbox": (rows, 4), "landmarks": (rows, 10)}
        shapes |= {"probabilities": (rows, 8), "smoothed": (rows, 8)}
        if self.features is not None:
            shapes |= {"features": (rows, self.features.shape[-1]), "logits": (rows, 8)}
        for name in ("track", "rank", "score", "bridged"):
            shapes[name] = (rows,)  # type: ignore[assignment]
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise ValueError(f"{name} has shape {found}, not {shape}")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def label(self) -> Integers:
        """(M,) the most probable expression of each row."""
        return np.nanargmax(self.smoothed, axis=1) if len(self) else np.zeros(0, np.int64)

    def of_rank(self, rank: int) -> NDArray[np.int64]:
        """Positions of the rows of that person."""
        return np.flatnonzero(self.rank == rank)

    def taken(self, rows: NDArray[np.int64]) -> "FaceRows":
        """The rows at these positions alone."""
        kept = {name: values[rows] for name, values in vars(self).items() if values is not None}
        return FaceRows(**kept)


@dataclass(frozen=True)
class Annotation:
    """The annotation of one video or one folder of crops.

    Attributes:
        video: the source's path relative to its argument, with forward slashes.
        first_frame: index of the first annotated frame; 0 unless a start was asked for.
        pts_seconds: (N,) times of the annotated frames in order; NaN where unknown.
        seconds: (N,) the same on the clock that always rises, from 0 (`video.timeline`).
        shots: (N,) 0-based number of each frame's shot.
        faces: one row for each (frame, person).
        every_frame: (N, 8) probabilities of the main person for all frames, where the authors' way
            with test videos answers for frames without a crop too; else None. Text formats only.
        people: number of persons that were asked for, None for all.
        decode_errors: damaged packets and frames.
        fps: frames a second to assume where times are unknown.
        warnings: what a reader of the numbers must know, one sentence each.
        provenance: what made them: versions, hashes, options, as text.
    """

    video: str
    first_frame: int
    pts_seconds: Times
    seconds: Times
    shots: Integers
    faces: FaceRows
    every_frame: Floats | None = None
    people: int | None = 1
    decode_errors: int = 0
    fps: float = 30.0
    warnings: tuple[str, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.pts_seconds.shape == self.seconds.shape == self.shots.shape == (len(self),):
            raise ValueError("pts_seconds, seconds and shots must have the same length")

    def __len__(self) -> int:
        return len(self.pts_seconds)

    @property
    def options(self) -> dict[str, str]:
        """The choices with which it was made, as text; empty if its provenance states none."""
        choices: dict[str, str] = json.loads(self.provenance.get("options", "{}"))
        return choices

    @property
    def from_crops(self) -> bool:
        """Whether it is of a folder of crops, which ends with the last face and not with the video."""
        return self.provenance.get("detector", "").startswith("none")

    @property
    def end_frame(self) -> int:
        """Index after the last annotated frame."""
        return self.first_frame + len(self)

    @property
    def coverage(self) -> float:
        """Share of the frames in which the main person was detected (bridged frames not counted)."""
        if len(self) == 0:
            return 0.0
        main = (self.faces.rank == 0) & ~self.faces.bridged
        return float(main.sum() / len(self))
