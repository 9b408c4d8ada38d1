"""Parquet: one row for each (frame, person), with everything that later outputs need.

A frame without a face has one row whose face columns are null. Nothing is filled in. What annotate
writes is read back but for the smoothed probabilities, of which a file holds the label only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from graphlib import CycleError
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write
from videxpr.formats.record import Annotation, FaceRows
from videxpr.formats.row_order import ranks_by_order
from videxpr.video.timeline import monotonic_seconds

BOX: Final = ("x1", "y1", "x2", "y2")
LANDMARKS: Final = tuple(
    f"{point}_{axis}"
    for point in ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
    for axis in ("x", "y")
)
"""The person's own right and left, so that ``right_eye`` is the left one in the picture."""

GROUP_ROWS: Final = 1 << 14
"""Rows that are made and written at once; 2^16 take 35 MB more, for a file that is 2 % smaller."""

TEXT: Final = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
FRAME_COLUMNS: Final[dict[str, pyarrow.DataType]] = {
    "video": TEXT,
    "frame_index": pyarrow.int64(),
    "pts_seconds": pyarrow.float64(),
    "shot": pyarrow.int32(),
}
FACE_COLUMNS: Final[dict[str, pyarrow.DataType]] = {
    "track_id": pyarrow.int32(),
    "main": pyarrow.bool_(),
    **dict.fromkeys((*BOX, *LANDMARKS, "score"), pyarrow.float32()),
    "expression": TEXT,
    "label": pyarrow.int8(),
    "confidence": pyarrow.float32(),
    **dict.fromkeys(EXPRESSIONS, pyarrow.float32()),
    "source": TEXT,
}
"""Null in the row of a frame without a face."""

READ: Final[dict[str, pyarrow.DataType]] = {
    name: pyarrow.string() if kind == TEXT else kind
    for name, kind in (FRAME_COLUMNS | FACE_COLUMNS).items()
}
"""What is read: other programs may have written texts or numbers of another width."""


def write_parquet(path: Path, annotation: Annotation) -> None:
    """Write the table, whole or not at all; the same annotation gives the same bytes."""
    groups = row_groups(annotation)
    first = next(groups)
    with (
        atomic_write(path) as temporary,
        pyarrow.parquet.ParquetWriter(temporary, first.schema, compression="zstd") as writer,
    ):
        for group in chain([first], groups):
            writer.write_table(group)


def to_table(annotation: Annotation) -> pyarrow.Table:
    """The annotation as a table, with its provenance in the schema's metadata."""
    return _table(annotation, _row_order(annotation))


def row_groups(annotation: Annotation) -> Iterator[pyarrow.Table]:
    """The same table in parts of `GROUP_ROWS` rows, at least one, each made when it is asked for."""
    rows = _row_order(annotation)
    for first in range(0, max(len(rows), 1), GROUP_ROWS):
        yield _table(annotation, rows[first : first + GROUP_ROWS])


def _table(annotation: Annotation, rows: NDArray[np.int64]) -> pyarrow.Table:
    """Some rows: the position of the frame of each, and of its face or -1."""
    position, face = rows[:, 0], rows[:, 1]
    columns = {
        "video": pyarrow.array([annotation.video] * len(rows)).dictionary_encode(),
        "frame_index": pyarrow.array(annotation.first_frame + position, pyarrow.int64()),
        "pts_seconds": _nullable(annotation.pts_seconds[position], pyarrow.float64()),
        "shot": pyarrow.array(annotation.shots[position], pyarrow.int32()),
        **_face_columns(annotation.faces, face),
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


def _face_columns(every: FaceRows, face: NDArray[np.int64]) -> dict[str, pyarrow.Array]:
    """Columns of the faces at these positions, null where it is -1."""
    absent = face < 0
    if absent.all():
        return {name: pyarrow.nulls(len(face), kind) for name, kind in FACE_COLUMNS.items()}
    faces = replace(every, features=None, logits=None).taken(face[~absent])
    place = np.where(absent, 0, np.cumsum(~absent) - 1)
    label = faces.label
    confidence = faces.smoothed[np.arange(len(faces)), label]
    source = np.where(faces.bridged, "bridged", "detected")

    def taken(values: NDArray[Any], kind: pyarrow.DataType) -> pyarrow.Array:
        return _nullable(values[place], kind, absent)

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


def _nullable(
    values: NDArray[Any], kind: pyarrow.DataType, absent: NDArray[np.bool_] | None = None
) -> pyarrow.Array:
    """An array in which NaN and absent values are null."""
    mask = np.zeros(len(values), bool) if absent is None else absent
    if np.issubdtype(values.dtype, np.floating):
        mask = mask | np.isnan(values)
    return pyarrow.array(values, kind, mask=mask)


def read_parquet(path: Path) -> Annotation:
    """The annotation that `write_parquet` wrote.

    `smoothed` are the unsmoothed probabilities (`labeling.resmoothed` smooths them), `every_frame`
    is None and there are no warnings, since no file holds them. Persons beyond the second are ranked
    as their rows stand in each frame; those who share no frame, by summed area.

    Raises:
        FormatError: the file cannot be read, or is no annotation of videxpr.
    """
    table = _read_table(path)
    _check_video(path, table)
    frames, shots = _numbers(table, "frame_index"), _numbers(table, "shot")
    first, seen = _first_rows(path, frames), table["track_id"].is_valid()
    provenance = _texts(table)
    pts_seconds = _numbers(table, "pts_seconds")[first]
    bare = Annotation(
        video=table["video"][0].as_py(),
        first_frame=int(frames[0]),
        pts_seconds=pts_seconds,
        seconds=pts_seconds,
        shots=shots[first],
        faces=_faces(path, table.filter(seen)),
        provenance=provenance,
    )
    return _with_options(path, bare)


def read_row_labels(path: Path) -> NDArray[np.int64]:
    """(M,) labels of a file's rows with a face, in the order of `read_parquet`'s.

    Raises:
        FormatError: the file cannot be read, or is no annotation of videxpr.
    """
    labels = _as_numpy(_read_table(path, ["label"])["label"].drop_null())
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(EXPRESSIONS):
        raise FormatError(f"{path}: labels lie between 0 and 7, not {labels.min()}, {labels.max()}")
    return np.asarray(labels, dtype=np.int64)


def _read_table(path: Path, names: Sequence[str] = tuple(READ)) -> pyarrow.Table:
    """Some columns, as `READ` has them."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            lacking = [name for name in (*FRAME_COLUMNS, *FACE_COLUMNS) if name not in known]
            if lacking:
                raise FormatError(
                    f"{path} is no annotation of videxpr: it has no column {', '.join(lacking)}"
                )
            table = file.read(columns=list(names)).select(names)
        kinds = [(name, READ[name]) for name in names]
        return table.cast(pyarrow.schema(kinds, metadata=table.schema.metadata))
    except (OSError, pyarrow.ArrowException) as exc:
        raise FormatError(f"cannot read {path} as an annotation: {exc}") from exc


def _check_video(path: Path, table: pyarrow.Table) -> None:
    """Refuse a table that does not hold the frames of one video."""
    if len(table) == 0:
        raise FormatError(f"{path} holds no frame")
    if any(table[name].null_count for name in ("video", "frame_index", "shot")):
        raise FormatError(f"{path} has rows without a video, a frame or a shot")
    videos = table["video"].unique()
    if len(videos) > 1:
        raise FormatError(
            f"{path} holds {len(videos)} videos ({videos[0]}, {videos[1]}, ...); an annotation holds "
            "one"
        )


def _first_rows(path: Path, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position of each frame's first row; FormatError if frames are not one after another."""
    steps = np.diff(frames, prepend=frames[0] - 1)
    odd = np.flatnonzero((steps < 0) | (steps > 1))
    if len(odd) or frames[0] < 0:
        row = int(odd[0]) if len(odd) else 0
        raise FormatError(
            f"{path}, row {row + 1}: frame {frames[row]} is out of order, or frames before it are "
            "missing"
        )
    return np.flatnonzero(steps)


def _faces(path: Path, table: pyarrow.Table) -> FaceRows:
    """The rows with a face."""
    if table["main"].null_count or table["source"].null_count:
        raise FormatError(f"{path} has rows with a track that do not say main and source")
    boxes, landmarks, probabilities = (
        np.column_stack([_numbers(table, name) for name in names])
        for names in (BOX, LANDMARKS, EXPRESSIONS)
    )
    answered = ((probabilities >= 0) & (probabilities <= 1)).any(axis=1)
    if not answered.all() or (probabilities < 0).any() or (probabilities > 1).any():
        raise FormatError(f"{path} has probabilities that are missing or not between 0 and 1")
    frames, shots = _numbers(table, "frame_index"), _numbers(table, "shot")
    tracks, main = _numbers(table, "track_id"), _numbers(table, "main")
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    try:
        ranks = ranks_by_order(frames, shots, tracks, main, np.nan_to_num(areas))
    except CycleError:
        raise FormatError(f"{path}: persons of a shot stand in different orders") from None
    return FaceRows(
        frame=frames,
        track=tracks,
        rank=ranks,
        bbox=boxes,
        landmarks=landmarks,
        score=_numbers(table, "score"),
        bridged=_as_numpy(table["source"]) == "bridged",
        probabilities=probabilities,
        smoothed=probabilities,
    )


def _with_options(path: Path, annotation: Annotation) -> Annotation:
    """The annotation with what its provenance states of how it was made."""
    try:
        options, stated = annotation.options, annotation.provenance
        people = options.get("people", "None")
        float(options.get("smooth_seconds", "0"))  # its readers may rely on it
        fps = float(options.get("crop_fps", "30"))
        return replace(
            annotation,
            seconds=monotonic_seconds(annotation.pts_seconds, fps),
            people=None if people == "None" else int(people),
            decode_errors=int(stated.get("decode_errors", "0")),
            fps=fps,
        )
    except (AttributeError, TypeError, ValueError) as exc:
        raise FormatError(f"{path} has metadata that videxpr did not write: {exc}") from exc


def _texts(table: pyarrow.Table) -> dict[str, str]:
    metadata = table.schema.metadata or {}
    return {key.decode(): value.decode(errors="replace") for key, value in metadata.items()}


def _numbers(table: pyarrow.Table, name: str) -> NDArray[Any]:
    """A column as integers of 64 bits, floats with null as NaN, or truths; only floats may be null."""
    values = _as_numpy(table[name])
    return values.astype(np.int64) if np.issubdtype(values.dtype, np.integer) else values


def _as_numpy(column: pyarrow.ChunkedArray) -> NDArray[Any]:
    values: NDArray[Any] = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values
