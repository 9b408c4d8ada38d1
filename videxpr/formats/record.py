"""What one video's annotation is: the value that every format is written from."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats, Integers, Times

if TYPE_CHECKING:
    import pandas

JOINT: Final = " + "
"""Between the names, hashes and origins of several models that answer as one, in provenance."""


@dataclass(frozen=True, repr=False)
class FaceRows:
    """Columns with one row for each (frame, person), by frame and then by rank.

    Attributes:
        frame: (M,) index of the frame.
        track: (M,) number of the track, from 1 in order of appearance in the video.
        person: (M,) number of the person, from 1 in order of appearance in the video; a person may
            have several tracks.
        rank: (M,) 0 for the main person of the frame, 1 for the second, and so on.
        bbox: (M, 4) x1, y1, x2, y2 in displayed pixels; NaN where nothing was detected.
        landmarks: (M, 10) x, y of right eye, left eye, nose, right and left corner of the mouth (the
            person's own right), in displayed pixels; NaN where nothing was detected.
        score: (M,) the detector's confidence, 0 to 1; NaN where nothing was detected.
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
    person: Integers
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
        shapes: dict[str, tuple[int, ...]] = {"bbox": (rows, 4), "landmarks": (rows, 10)}
        shapes |= dict.fromkeys(("track", "person", "rank", "score", "bridged"), (rows,))
        shapes |= dict.fromkeys(("probabilities", "smoothed"), (rows, 8))
        if self.features is not None:
            shapes |= {"features": (rows, self.features.shape[-1]), "logits": (rows, 8)}
        _check_shapes(self, shapes)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"<FaceRows: {len(self)} rows of {len(np.unique(self.person))} people>"

    @property
    def label(self) -> Integers:
        """(M,) the most probable expression of each row."""
        return np.nanargmax(self.smoothed, axis=1) if len(self) else np.zeros(0, np.int64)

    @property
    def are_trained(self) -> tuple[bool, ...]:
        """Whether each expression has probabilities: what was never trained has none in any row."""
        return tuple(bool(np.isfinite(column).any()) for column in self.smoothed.T)

    def of_rank(self, rank: int) -> Integers:
        """Return the positions of the rows of that person."""
        return np.flatnonzero(self.rank == rank)

    def select(self, rows: Integers) -> "FaceRows":
        """Return the rows at these positions alone."""
        kept = {name: values[rows] for name, values in vars(self).items() if values is not None}
        return FaceRows(**kept)


@dataclass(frozen=True, repr=False)
class Annotation:
    """The annotation of one video or one folder of crops; N frames, M faces in them.

    Attributes:
        video: the source's path relative to its argument, with forward slashes.
        first_frame: index of the first annotated frame; 0 unless a start was asked for.
        pts_seconds: (N,) times of the annotated frames in order; NaN where unknown.
        seconds: (N,) the same on the clock that always rises, from 0 (`video.timeline`).
        shots: (N,) 0-based number of each frame's shot.
        faces: M rows, one for each (frame, person).
        filled_labels: (N, 2) labels of the main and of the second person, 0 to 7, interpolated where
            they were not seen (`frame_labels.fill_labels`); -1 throughout if they never were.
        paper_probabilities: (N, 8) of the main person in every frame, which ``--preset paper`` gives
            to frames without a crop too; else None.
        people: number of persons that were asked for, None for all.
        decode_errors: damaged packets and frames.
        container_start_seconds: the time, as `pts_seconds` count, of the file's earliest sound or
            picture; players count from there.
        last_frame_seconds: for how long the last frame is shown; None if it is not known.
        warnings: what a reader of the numbers must know, one sentence each.
        provenance: what made them: versions, hashes, options, as text.
    """

    video: str
    first_frame: int
    pts_seconds: Times
    seconds: Times
    shots: Integers
    faces: FaceRows
    filled_labels: Integers
    paper_probabilities: Floats | None = None
    people: int | None = 1
    decode_errors: int = 0
    container_start_seconds: float = 0.0
    last_frame_seconds: float | None = None
    warnings: tuple[str, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames = len(self)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("seconds", "shots"), (frames,))
        shapes |= {"pts_seconds": (frames,), "filled_labels": (frames, 2)}
        if self.paper_probabilities is not None:
            shapes["paper_probabilities"] = (frames, 8)
        _check_shapes(self, shapes)

    def __len__(self) -> int:
        return len(self.pts_seconds)

    def __repr__(self) -> str:
        return f"<Annotation of {self.video}: {len(self)} frames, face in {self.coverage:.1%}>"

    @property
    def options(self) -> dict[str, Any]:
        """The choices with which it was made, by the names of flags; empty if it does not say."""
        choices: dict[str, Any] = json.loads(self.provenance.get("options", "{}"))
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

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the table that `pandas.read_parquet` gives of the saved annotation."""
        from videxpr.formats.parquet import to_table  # here, as pyarrow takes long to import

        table: pandas.DataFrame = to_table(self).to_pandas()
        return table

    def save(self, path: Path | str) -> None:
        """Write a file whose name says the format: .parquet, .csv, .txt (the main person's labels), ...

        Args:
            path: of the file; `writers.FORMATS` lists the endings. Only .parquet can be read again.

        Raises:
            UsageError: the name ends in none of them.
            OutputError: the file cannot be written.
        """
        from videxpr.formats.writers import format_of

        path = Path(path)
        format_of(path).write(path, self)


def _check_shapes(value: Any, shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse a dataclass whose arrays do not belong together."""
    for name, shape in shapes.items():
        found = np.shape(getattr(value, name))
        if found != shape:
            raise ValueError(f"{name} has shape {found}, not {shape}")
