"""Parquet: the whole record of a video, one row for each (frame, person); `schema` has the columns.

A frame without a face has one row whose face columns are null. The metadata hold what is not of frames:
provenance, warnings, and the version of the schema. What is written is read back as it was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.files import atomic_write
from videxpr.core.structures import Floats, Integers
from videxpr.formats.record import Annotation, FaceRows
from videxpr.formats.schema import (
    BOX,
    FACE_COLUMNS,
    FRAME_COLUMNS,
    LANDMARKS,
    PAPER,
    PAPER_COLUMNS,
    SCHEMA_VERSION,
    UNSMOOTHED,
    Column,
)

GROUP_ROWS: Final = 1 << 14
"""Rows that are made and written at once; 2^16 take 35 MB more, for a file that is 2 % smaller."""

TYPES: Final[dict[str, pyarrow.DataType]] = {
    "text": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    "int8": pyarrow.int8(),
    "int32": pyarrow.int32(),
    "int64": pyarrow.int64(),
    "float32": pyarrow.float32(),
    "float64": pyarrow.float64(),
}
FIELDS: Final = ("people", "decode_errors", "warnings", "schema_version")
"""Keys of the metadata that are not provenance."""

FILLED: Final = ("filled_label", "filled_label_second")


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
    """Return the annotation as a table, with all that is not of frames in the schema's metadata."""
    return _table(annotation, _row_order(annotation))


def row_groups(annotation: Annotation) -> Iterator[pyarrow.Table]:
    """Yield the same table in parts of `GROUP_ROWS` rows, at least one, each made when asked for."""
    rows = _row_order(annotation)
    for first in range(0, max(len(rows), 1), GROUP_ROWS):
        yield _table(annotation, rows[first : first + GROUP_ROWS])


def schema_of(annotation: Annotation) -> pyarrow.Schema:
    """Return the columns' names, types and meanings, and the metadata."""
    paper = () if annotation.paper_probabilities is None else PAPER_COLUMNS
    fields = [
        pyarrow.field(one.name, TYPES[one.type], metadata={"description": one.meaning})
        for one in (*FRAME_COLUMNS, *paper, *FACE_COLUMNS)
    ]
    return pyarrow.schema(fields, metadata=_metadata(annotation))


def _metadata(annotation: Annotation) -> dict[str, str]:
    own = {
        "schema_version": str(SCHEMA_VERSION),
        "people": "all" if annotation.people is None else str(annotation.people),
        "decode_errors": str(annotation.decode_errors),
        "warnings": json.dumps(annotation.warnings, ensure_ascii=False),
    }
    return dict(sorted((annotation.provenance | own).items()))


def _row_order(annotation: Annotation) -> Integers:
    """Return (rows, 2): position of the frame, and of its face or -1; by frame, then by rank."""
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


def _table(annotation: Annotation, rows: Integers) -> pyarrow.Table:
    """Return some rows: the position of the frame of each, and of its face or -1."""
    position, face = rows[:, 0], rows[:, 1]
    schema = schema_of(annotation)
    columns = [
        _array(values, schema.field(name).type)
        for name, values in _frame_values(annotation, position).items()
    ]
    absent = face < 0
    present = replace(annotation.faces, features=None, logits=None).select(face[~absent])
    place = np.where(absent, 0, np.cumsum(~absent) - 1)  # of the row's face among those present
    for name, values in _face_values(present).items():
        kind = schema.field(name).type
        if len(present):
            columns.append(_array(values[place], kind, absent))
        else:
            columns.append(pyarrow.nulls(len(rows), kind))
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _frame_values(annotation: Annotation, position: Integers) -> dict[str, NDArray[Any]]:
    """Return the values of the frame columns, in their order."""
    filled = annotation.filled_labels[position]
    values = {
        "video": np.full(len(position), annotation.video, object),
        "frame_index": annotation.first_frame + position,
        "pts_seconds": annotation.pts_seconds[position],
        "seconds": annotation.seconds[position],
        "shot": annotation.shots[position],
        **_split(FILLED, np.where(filled == NOT_ANNOTATED, np.nan, filled)),
    }
    if annotation.paper_probabilities is not None:
        values |= _split(PAPER, annotation.paper_probabilities[position])
    return values


def _face_values(faces: FaceRows) -> dict[str, NDArray[Any]]:
    """Return the values of the face columns, in their order."""
    label = faces.label
    return {
        "track_id": faces.track,
        "rank": faces.rank,
        **_split(BOX, faces.bbox),
        **_split(LANDMARKS, faces.landmarks),
        "score": faces.score,
        "expression": np.array(EXPRESSIONS, object)[label],
        "label": label,
        "confidence": faces.smoothed[np.arange(len(faces)), label],
        **_split(EXPRESSIONS, faces.smoothed),
        **_split(UNSMOOTHED, faces.probabilities),
        "source": np.where(faces.bridged, "bridged", "detected"),
    }


def _split(names: tuple[str, ...], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return dict(zip(names, values.T, strict=True))


def _array(
    values: NDArray[Any], kind: pyarrow.DataType, absent: NDArray[np.bool_] | None = None
) -> pyarrow.Array:
    """Return an array in which NaN and absent values are null."""
    mask = np.zeros(len(values), bool) if absent is None else absent
    if np.issubdtype(values.dtype, np.floating):
        mask = mask | np.isnan(values)
    if not pyarrow.types.is_dictionary(kind):
        return pyarrow.array(values, mask=mask).cast(kind)
    return pyarrow.array(values, pyarrow.string(), mask=mask).dictionary_encode()


def read_annotation(path: Path | str) -> Annotation:
    """Read the annotation that `Annotation.save` or ``videxpr annotate`` wrote as Parquet.

    Features and logits, which only the format ``features`` holds, are None.

    Raises:
        FormatError: the file cannot be read, is no annotation of videxpr, or of another version.
    """
    path = Path(path)
    table = _read_table(path)
    _check_video(path, table)
    frames = _numbers(table, "frame_index")
    first = _first_rows(path, frames)
    of_frames = table.take(first)
    filled = _matrix(of_frames, FILLED)
    if not (np.isnan(filled) | np.isin(filled, range(len(EXPRESSIONS)))).all():
        raise FormatError(f"{path}: filled labels lie between 0 and {len(EXPRESSIONS) - 1}")
    return Annotation(
        video=table["video"][0].as_py(),
        first_frame=int(frames[0]),
        pts_seconds=_numbers(of_frames, "pts_seconds"),
        seconds=_numbers(of_frames, "seconds"),
        shots=_numbers(of_frames, "shot"),
        faces=_faces(path, table.filter(table["track_id"].is_valid())),
        filled_labels=np.where(np.isnan(filled), NOT_ANNOTATED, filled).astype(np.int64),
        paper_probabilities=_matrix(of_frames, PAPER) if PAPER[0] in table.schema.names else None,
        **_stated(path, table.schema.metadata),
    )


def _read_table(path: Path) -> pyarrow.Table:
    """Return the columns in the schema's types: other programs write texts or numbers otherwise."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            _check_version(path, known, file.schema_arrow.metadata or {})
            paper = PAPER_COLUMNS if PAPER[0] in known else ()
            wanted = (*FRAME_COLUMNS, *paper, *FACE_COLUMNS)
            lacking = [one.name for one in wanted if one.name not in known]
            if lacking:
                raise FormatError(
                    f"{path} is no annotation of videxpr: it has no column {', '.join(lacking)}"
                )
            table = file.read(columns=[one.name for one in wanted])
        fields = [(one.name, _read_type(one)) for one in wanted]
        return table.select([one.name for one in wanted]).cast(
            pyarrow.schema(fields, metadata=table.schema.metadata)
        )
    except (OSError, pyarrow.ArrowException) as exc:
        raise FormatError(f"cannot read {path} as an annotation: {exc}") from exc


def _read_type(column: Column) -> pyarrow.DataType:
    if column.type == "text":
        return pyarrow.string()
    return pyarrow.int64() if column.type.startswith("int") else TYPES[column.type]


def _check_version(path: Path, columns: list[str], metadata: Mapping[bytes, bytes]) -> None:
    """Refuse files of another version, whose columns mean something else."""
    version = metadata.get(b"schema_version", b"").decode(errors="replace")
    if version == str(SCHEMA_VERSION):
        return
    if not {"video", "frame_index", "track_id"} <= set(columns):
        raise FormatError(f"{path} is no annotation of videxpr: it has other columns")
    found = (
        f"its schema_version is {version}" if version else "its metadata state no schema_version"
    )
    raise FormatError(
        f"{path}: {found}, and only {SCHEMA_VERSION} is read here; annotate the video again with this "
        "version of videxpr (--overwrite)"
    )


def _check_video(path: Path, table: pyarrow.Table) -> None:
    """Refuse a table that does not hold the frames of one video."""
    if len(table) == 0:
        raise FormatError(f"{path} holds no frame")
    if any(table[name].null_count for name in ("video", "frame_index", "seconds", "shot")):
        raise FormatError(f"{path} has rows without a video, a frame, seconds or a shot")
    videos = table["video"].unique()
    if len(videos) > 1:
        raise FormatError(
            f"{path} holds {len(videos)} videos ({videos[0]}, {videos[1]}, ...); an annotation holds "
            "one"
        )


def _first_rows(path: Path, frames: Integers) -> Integers:
    """Return the position of each frame's first row; FormatError unless frames follow each other."""
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
    """Return the rows with a face."""
    if any(table[name].null_count for name in ("rank", "label", "source")):
        raise FormatError(f"{path} has rows with a track that do not say rank, label and source")
    faces = FaceRows(
        frame=_numbers(table, "frame_index"),
        track=_numbers(table, "track_id"),
        rank=_numbers(table, "rank"),
        bbox=_matrix(table, BOX),
        landmarks=_matrix(table, LANDMARKS),
        score=_numbers(table, "score"),
        bridged=_as_numpy(table["source"]) == "bridged",
        probabilities=_probabilities(path, table, UNSMOOTHED),
        smoothed=_probabilities(path, table, EXPRESSIONS),
    )
    if ((np.diff(faces.frame) == 0) & (np.diff(faces.rank) <= 0)).any():
        raise FormatError(f"{path} has frames whose rows are not in the order of rank")
    wrong = np.flatnonzero(faces.label != _numbers(table, "label"))
    if len(wrong):
        raise FormatError(
            f"{path}: in frame {faces.frame[wrong[0]]} the label is not the largest probability; the "
            "file was changed, so annotate the video again (--overwrite)"
        )
    return faces


def _probabilities(path: Path, table: pyarrow.Table, names: tuple[str, ...]) -> Floats:
    """Return columns (M, 8) of which each row has at least one probability."""
    values = _matrix(table, names)
    known = ~np.isnan(values)
    if not known.any(axis=1).all() or ((values < 0) | (values > 1))[known].any():
        raise FormatError(f"{path} has probabilities that are missing or not between 0 and 1")
    return values


def _stated(path: Path, metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return the fields of an annotation that are not of frames."""
    texts = {key.decode(): value.decode(errors="replace") for key, value in metadata.items()}
    provenance = {key: value for key, value in texts.items() if key not in FIELDS}
    try:
        if not isinstance(json.loads(provenance.get("options", "{}")), dict):
            raise ValueError("options are no JSON object")
        return {
            "people": None if texts["people"] == "all" else int(texts["people"]),
            "decode_errors": int(texts["decode_errors"]),
            "warnings": tuple(map(str, json.loads(texts["warnings"]))),
            "provenance": provenance,
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise FormatError(f"{path} has metadata that videxpr did not write: {exc}") from exc


def _matrix(table: pyarrow.Table, names: tuple[str, ...]) -> NDArray[Any]:
    return np.column_stack([_numbers(table, name) for name in names])


def _numbers(table: pyarrow.Table, name: str) -> NDArray[Any]:
    """Return a column as integers of 64 bits or floats, null as NaN; integers with null are floats."""
    return _as_numpy(table[name])


def _as_numpy(column: pyarrow.ChunkedArray) -> NDArray[Any]:
    values: NDArray[Any] = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values
