"""Parquet: one row for each (frame, person), with everything that later outputs need.

A frame without a face has one row whose face columns are null. Nothing is filled in.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from videxpr.annotation import Annotation
from videxpr.expressions import EXPRESSIONS
from videxpr.files import replacing

BOX: Final = ("x1", "y1", "x2", "y2")
LANDMARKS: Final = tuple(
    f"{point}_{axis}"
    for point in ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
    for axis in ("x", "y")
)
"""The person's own right and left, so that ``right_eye`` is the left one in the picture."""


def write_parquet(path: Path, annotation: Annotation) -> None:
    """Write the table, whole or not at all; the same annotation gives the same bytes."""
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(to_table(annotation), temporary, compression="zstd")


def to_table(annotation: Annotation) -> pyarrow.Table:
    """The annotation as a table, with its provenance in the schema's metadata."""
    rows = _row_order(annotation)
    frames = annotation.first_frame + np.arange(len(annotation))
    position, face = rows[:, 0], rows[:, 1]
    absent = face < 0
    columns = {
        "video": pyarrow.array([annotation.video] * len(rows)).dictionary_encode(),
        "frame_index": pyarrow.array(frames[position], pyarrow.int64()),
        "pts_seconds": _nullable(annotation.pts_seconds[position], pyarrow.float64()),
        "shot": pyarrow.array(annotation.shots[position], pyarrow.int32()),
        **_face_columns(annotation, np.where(absent, 0, face), absent),
    }
    table = pyarrow.table(columns)
    return table.replace_schema_metadata(dict(sorted(annotation.provenance.items())))


def _row_order(annotation: Annotation) -> NDArray[np.int64]:
    """(rows, 2): position of the frame, and of its face or -1; by frame, then by rank."""
    faces = annotation.faces
    positions = faces.frame - annotation.first_frame
    empty = np.setdiff1d(np.arange(len(annotation)), positions)
    pairs = np.concatenate(
        [
            np.column_stack([positions, np.arange(len(faces))]),
            np.column_stack([empty, np.full(len(empty), -1)]),
        ]
    ).astype(np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _face_columns(
    annotation: Annotation, face: NDArray[np.int64], absent: NDArray[np.bool_]
) -> dict[str, pyarrow.Array]:
    faces = annotation.faces
    if len(faces) == 0:
        return _null_columns(len(face))
    label = faces.label
    confidence = faces.smoothed[np.arange(len(faces)), label]
    source = np.where(faces.bridged, "bridged", "detected")

    def taken(values: NDArray[Any], kind: pyarrow.DataType) -> pyarrow.Array:
        return _nullable(values[face], kind, absent)

    return {
        "track_id": taken(faces.track, pyarrow.int32()),
        "main": taken(faces.rank == 0, pyarrow.bool_()),
        **{name: taken(faces.bbox[:, n], pyarrow.float32()) for n, name in enumerate(BOX)},
        **{
            name: taken(faces.landmarks[:, n], pyarrow.float32())
            for n, name in enumerate(LANDMARKS)
        },
        "score": taken(faces.score, pyarrow.float32()),
        "expression": taken(np.array(EXPRESSIONS)[label], pyarrow.string()).dictionary_encode(),
        "label": taken(label, pyarrow.int8()),
        "confidence": taken(confidence, pyarrow.float32()),
        **{
            name: taken(faces.probabilities[:, n], pyarrow.float32())
            for n, name in enumerate(EXPRESSIONS)
        },
        "source": taken(source, pyarrow.string()).dictionary_encode(),
    }


def _null_columns(rows: int) -> dict[str, pyarrow.Array]:
    kinds: dict[str, pyarrow.DataType] = {"track_id": pyarrow.int32(), "main": pyarrow.bool_()}
    kinds |= dict.fromkeys((*BOX, *LANDMARKS, "score"), pyarrow.float32())
    kinds |= {"expression": pyarrow.string(), "label": pyarrow.int8()}
    kinds |= dict.fromkeys(("confidence", *EXPRESSIONS), pyarrow.float32())
    kinds |= {"source": pyarrow.string()}
    columns = {name: pyarrow.nulls(rows, kind) for name, kind in kinds.items()}
    for name in ("expression", "source"):
        columns[name] = columns[name].dictionary_encode()
    return columns


def _nullable(
    values: NDArray[Any], kind: pyarrow.DataType, absent: NDArray[np.bool_] | None = None
) -> pyarrow.Array:
    """An array in which NaN and absent values are null."""
    mask = np.zeros(len(values), bool) if absent is None else absent
    if np.issubdtype(values.dtype, np.floating):
        mask = mask | np.isnan(values)
    return pyarrow.array(values, kind, mask=mask)
