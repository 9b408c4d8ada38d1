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
from videxpr.core.files import atomic_write, unreadable_reason
from videxpr.core.structures import Integers
from videxpr.formats.record import Annotation, FaceRows
from videxpr.formats.schema import (
    FACE_FIELDS,
    FRAME_FIELDS,
    PAPER,
    SCHEMA_VERSION,
    Column,
    columns,
)

MAGIC: Final = b"PAR1"
"""How Parquet files begin."""

GROUP_ROWS: Final = 1 << 14
"""Rows that are made and written at once; 2^16 take 35 MB more, for a file that is 2 % smaller."""

LARGEST_SECONDS: Final = 1e20
"""No container can state more."""

FIELDS: Final = (
    *("people", "decode_errors", "warnings", "schema_version"),
    *("container_start_seconds", "last_frame_seconds"),
)
"""Keys of the metadata that are not provenance."""


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
    fields = [
        pyarrow.field(one.name, _type(one), metadata={"description": one.meaning})
        for one in columns(paper=annotation.paper_probabilities is not None)
    ]
    own = {
        "schema_version": str(SCHEMA_VERSION),
        "people": "all" if annotation.people is None else str(annotation.people),
        "decode_errors": str(annotation.decode_errors),
        "warnings": json.dumps(annotation.warnings, ensure_ascii=False),
        "container_start_seconds": str(annotation.container_start_seconds),
        "last_frame_seconds": str(annotation.last_frame_seconds or ""),
    }
    return pyarrow.schema(fields, metadata=dict(sorted((annotation.provenance | own).items())))


def _type(column: Column) -> pyarrow.DataType:
    if column.type == "text":
        return pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    return getattr(pyarrow, column.type)()  # a column's types have pyarrow's names


def _row_order(annotation: Annotation) -> Integers:
    """Return (rows, 2): position of the frame, and of its face or -1; by frame, then by rank."""
    positions = annotation.faces.frame - annotation.first_frame
    empty = np.setdiff1d(np.arange(len(annotation)), positions)
    position = np.concatenate([positions, empty])
    face = np.where(np.arange(len(position)) < len(positions), np.arange(len(position)), -1)
    order = np.argsort(position, kind="stable")  # faces are by rank already
    return np.column_stack([position, face])[order]


def _table(annotation: Annotation, rows: Integers) -> pyarrow.Table:
    """Return some rows: the position of the frame of each, and of its face or -1."""
    position, face = rows[:, 0], rows[:, 1]
    absent = face < 0
    present = replace(annotation.faces, features=None, logits=None).select(face[~absent])
    place = pyarrow.array(np.cumsum(~absent) - 1, mask=absent)  # among the faces that are present
    arrays = {name: _array(values) for name, values in _frame_values(annotation, position).items()}
    for name, values in _face_values(present).items():
        arrays.setdefault(name, _array(values).take(place))
    schema = schema_of(annotation)
    return pyarrow.Table.from_arrays(
        [arrays[one.name].cast(one.type) for one in schema], schema=schema
    )


def _frame_values(annotation: Annotation, position: Integers) -> dict[str, NDArray[Any]]:
    """Return the values of the frame columns."""
    values = {"video": np.full(len(position), annotation.video, object)}
    values["frame_index"] = annotation.first_frame + position
    for field, names in FRAME_FIELDS.items():
        if (own := getattr(annotation, field)) is not None:
            values |= _split(names, own[position])
    for name in FRAME_FIELDS["filled_labels"]:
        values[name] = np.where(values[name] == NOT_ANNOTATED, np.nan, values[name])
    return values


def _face_values(faces: FaceRows) -> dict[str, NDArray[Any]]:
    """Return the values of the face columns, and of the frames that they lie in."""
    label = faces.label
    values = {
        "expression": np.array(EXPRESSIONS, object)[label],
        "label": label,
        "confidence": faces.smoothed[np.arange(len(faces)), label],
        "source": np.where(faces.bridged, "bridged", "detected").astype(object),
    }
    for field, names in FACE_FIELDS.items():
        values |= _split(names, getattr(faces, field))
    return values


def _split(names: str | tuple[str, ...], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {names: values} if isinstance(names, str) else dict(zip(names, values.T, strict=True))


def _array(values: NDArray[Any]) -> pyarrow.Array:
    """Return an array in which NaN is null."""
    kind = pyarrow.string() if values.dtype == object else None
    return pyarrow.array(values, kind, from_pandas=True)


def read_annotation(path: Path | str) -> Annotation:
    """Read the annotation that `Annotation.save` or ``videxpr annotate`` wrote as Parquet.

    Features and logits, which only the format ``features`` holds, are None.

    Raises:
        FormatError: the file cannot be read, is no annotation of videxpr, or of another version.
    """
    path = Path(path)
    table = _read_table(path)
    _require(path, len(table) > 0, "it holds no frame")
    needed = ("video", "frame_index", "seconds", "shot")
    is_full = not any(table[name].null_count for name in needed)
    _require(path, is_full, "it has rows without a video, a frame, seconds or a shot")
    videos = table["video"].unique()
    found = ", ".join(map(str, videos[:2]))
    _require(path, len(videos) == 1, f"it holds {len(videos)} videos ({found}, ...), not one")
    frames = _values(table, "frame_index")
    of_frames = table.take(_first_rows(path, frames))
    fields: dict[str, Any] = {
        field: _values(of_frames, names)
        for field, names in FRAME_FIELDS.items()
        if field != "paper_probabilities" or PAPER[0] in table.schema.names
    }
    filled = fields["filled_labels"]
    is_label = np.isnan(filled) | np.isin(filled, range(len(EXPRESSIONS)))
    _require(path, is_label.all(), f"filled labels lie between 0 and {len(EXPRESSIONS) - 1}")
    seconds, pts = fields["seconds"], fields["pts_seconds"]
    rises = (np.diff(seconds) >= 0).all() and (np.abs(seconds) < LARGEST_SECONDS).all()
    _require(path, rises, "its seconds do not rise, or are none")
    is_time = np.isnan(pts) | (np.abs(pts) < LARGEST_SECONDS)
    _require(path, is_time.all(), "it has pts_seconds that no video has")
    fields["filled_labels"] = np.nan_to_num(filled, nan=NOT_ANNOTATED).astype(np.int64)
    return Annotation(
        video=videos[0].as_py(),
        first_frame=int(frames[0]),
        faces=_faces(path, table.filter(table["track_id"].is_valid())),
        **fields,
        **_stated(path, table.schema.metadata),
    )


def is_of_segment(path: Path) -> bool:
    """Return whether a file is the annotation of a stretch of a video; no if it cannot be read."""
    try:
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
    except (OSError, ValueError, pyarrow.ArrowException):
        return False
    return b"segment" in metadata


def _require(path: Path, is_so: object, otherwise: str) -> None:
    """Refuse a file of which something does not hold."""
    if not is_so:
        raise FormatError(f"{path}: {otherwise}")


def _read_table(path: Path) -> pyarrow.Table:
    """Return the columns in the schema's types: other programs write texts or numbers otherwise."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise ValueError("it is no Parquet file")
        with pyarrow.parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            wanted = {one.name: _read_type(one) for one in columns(paper=PAPER[0] in known)}
            _check_columns(path, known, file.schema_arrow.metadata or {}, list(wanted))
            table = file.read(columns=list(wanted)).select(list(wanted))
        table = table.cast(pyarrow.schema(wanted.items(), metadata=table.schema.metadata))
        table.validate(full=True)  # else text that is no UTF-8 shows only where it is read
        return table
    except (OSError, ValueError, MemoryError, pyarrow.ArrowException) as exc:
        raise FormatError(f"cannot read {path} as an annotation: {unreadable_reason(exc)}") from exc


def _read_type(column: Column) -> pyarrow.DataType:
    if column.type == "text":
        return pyarrow.string()
    return pyarrow.int64() if column.type.startswith("int") else _type(column)


def _check_columns(
    path: Path, known: list[str], metadata: Mapping[bytes, bytes], wanted: list[str]
) -> None:
    """Refuse files of another version, whose columns mean something else, and of other programs."""
    version = metadata.get(b"schema_version", b"").decode(errors="replace")
    if version != str(SCHEMA_VERSION) and {"video", "frame_index", "track_id"} <= set(known):
        stated = "its schema_version is" if version else "its metadata state no schema_version"
        raise FormatError(
            f"{path}: {' '.join((stated, version)).strip()}, and only {SCHEMA_VERSION} is read here; "
            "annotate the video again with this version of videxpr (--overwrite)"
        )
    lacking = [name for name in wanted if name not in known]
    named = ", ".join(lacking[:3])  # a file of another program lacks nearly all
    _require(path, not lacking, f"it is no annotation of videxpr, as it has no column {named}")


def _first_rows(path: Path, frames: Integers) -> Integers:
    """Return the position of each frame's first row; FormatError unless frames follow each other."""
    steps = np.diff(frames, prepend=frames[0] - 1)
    odd = np.flatnonzero((steps < 0) | (steps > 1) | (frames < 0))
    if len(odd):
        raise FormatError(
            f"{path}, row {odd[0] + 1}: frame {frames[odd[0]]} is out of order, or frames before it "
            "are missing"
        )
    return np.flatnonzero(steps)


def _faces(path: Path, table: pyarrow.Table) -> FaceRows:
    """Return the rows with a face."""
    is_full = not any(table[name].null_count for name in ("person", "rank", "label", "source"))
    _require(
        path, is_full, "it has rows with a track that do not say person, rank, label and source"
    )
    fields = {field: _values(table, names) for field, names in FACE_FIELDS.items()}
    faces = FaceRows(**fields, bridged=_values(table, "source") == "bridged")
    for values in (faces.smoothed, faces.probabilities):
        known = ~np.isnan(values)
        is_share = known.any(axis=1).all() and ((values >= 0) & (values <= 1))[known].all()
        _require(path, is_share, "it has probabilities that are missing or not between 0 and 1")
    by_rank = (np.diff(faces.frame) != 0) | (np.diff(faces.rank) > 0)
    _require(path, by_rank.all(), "it has frames whose rows are not in the order of rank")
    wrong = faces.frame[faces.label != _values(table, "label")]
    if len(wrong):
        raise FormatError(
            f"{path}: in frame {wrong[0]} the label is not the largest probability; the file was "
            "changed, so annotate the video again (--overwrite)"
        )
    return faces


def _stated(path: Path, metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return the fields of an annotation that are not of frames."""
    texts = {key.decode(): value.decode(errors="replace") for key, value in metadata.items()}
    provenance = {key: value for key, value in texts.items() if key not in FIELDS}
    last = texts.get("last_frame_seconds")
    try:
        if not isinstance(json.loads(provenance.get("options", "{}")), dict):
            raise ValueError("options are no JSON object")
        return {
            "people": None if texts["people"] == "all" else int(texts["people"]),
            "decode_errors": int(texts["decode_errors"]),
            "warnings": tuple(map(str, json.loads(texts["warnings"]))),
            "container_start_seconds": _seconds(texts.get("container_start_seconds", "0")),
            "last_frame_seconds": _seconds(last) if last else None,
            "provenance": provenance,
        }
    except (KeyError, TypeError, ValueError) as exc:
        raise FormatError(f"{path} has metadata that videxpr did not write: {exc}") from exc


def _seconds(text: str) -> float:
    """Return a time or a duration; ValueError if it is none."""
    seconds = float(text)
    if not 0 <= seconds < LARGEST_SECONDS:
        raise ValueError(f"{text} are no seconds")
    return seconds


def _values(table: pyarrow.Table, names: str | tuple[str, ...]) -> NDArray[Any]:
    """Return one column, or several side by side, null as NaN; integers with null are floats."""
    if not isinstance(names, str):
        return np.column_stack([_values(table, name) for name in names])
    values: NDArray[Any] = table[names].combine_chunks().to_numpy(zero_copy_only=False)
    return values
