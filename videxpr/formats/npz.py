"""Features and logits of a video in NumPy's own format, for people who train heads of their own.

``<video>.features.npz`` holds plain arrays, no pickles, with a row for each (frame, person) that was
detected or bridged, by frame and then by rank:

    frame_index  (M,) int64      index of the frame
    track_id     (M,) int64      number of the track, as in Parquet
    person       (M,) int64      number of the person, as in Parquet
    rank         (M,) int64      0 for the main person of the frame
    bridged      (M,) bool       true where a short gap was bridged: the row repeats the features of
                                 the last frame in which the person was detected
    features     (M, 888) float32  of the backbone, or as wide as it is
    logits       (M, 8) float32  mean over the windows, neither smoothed nor adjusted; minus infinity
                                 for classes that were never trained
    model, model_sha256          text: which model

Rows of one person without a missing frame between them are one sequence, which was cut into windows.
"""

import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.files import atomic_write
from videxpr.core.structures import Floats, Integers
from videxpr.formats.record import Annotation

FEATURES_SUFFIX: Final = ".features.npz"
COLUMNS: Final = {
    "frame": "frame_index",
    "track": "track_id",
    **{name: name for name in ("person", "rank", "bridged", "features", "logits")},
}
"""What a field of `FaceRows` is called in the file."""

DAMAGED: Final = (
    *(OSError, EOFError, LookupError, TypeError, ValueError, MemoryError),
    *(RuntimeError, zipfile.BadZipFile, zlib.error, struct.error),  # of the ZIP around the arrays
)
"""What NumPy raises at a file that it did not write."""

TEXTS: Final = ("model", "model_sha256")


@dataclass(frozen=True)
class FeatureRows:
    """What a file of features holds; the columns are described above."""

    frame: Integers
    track: Integers
    person: Integers
    rank: Integers
    bridged: NDArray[np.bool_]
    features: Floats
    logits: Floats
    model: str
    model_sha256: str

    def of_rank(self, rank: int) -> "FeatureRows":
        """Return the rows of that person alone."""
        own = self.rank == rank
        return replace(self, **{name: getattr(self, name)[own] for name in COLUMNS})


def write_features(path: Path, annotation: Annotation) -> None:
    """Write the features of every row, whole or not at all.

    Raises:
        ValueError: the annotation was made without keeping features.
    """
    faces = annotation.faces
    if len(faces) == 0:
        none = np.zeros((0, 8), np.float32)
        faces = replace(faces, features=none, logits=none)
    if faces.features is None:
        raise ValueError("this annotation holds no features; AnnotationOptions.keep_features keeps")
    arrays: dict[str, Any] = {column: getattr(faces, name) for name, column in COLUMNS.items()}
    texts = {name: np.array(annotation.provenance.get(name, "")) for name in TEXTS}
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays | texts)


def read_features(path: Path) -> FeatureRows:
    """Read a file of features.

    Raises:
        FormatError: the file cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            fields: dict[str, Any] = {name: archive[one] for name, one in COLUMNS.items()}
            return FeatureRows(**fields | {name: str(archive[name]) for name in TEXTS})
    except DAMAGED as exc:
        raise FormatError(
            f"{path} is no file of features ({exc}); videxpr annotate -f features writes them"
        ) from exc
