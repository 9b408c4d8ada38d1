"""Tables: exact schema, one row a frame and person, and the same numbers in CSV and Parquet."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from records import (
    UNTRAINED,
    annotation,
    annotations,
    changed,
    face_rows,
    nan,
    nobody,
    record_of,
    rows_of_probabilities,
)

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats import parquet
from videxpr.formats.csv_tables import write_csv
from videxpr.formats.parquet import to_table, write_parquet
from videxpr.formats.record import Annotation

TEXT = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
FACE_SCHEMA = {
    "track_id": pyarrow.int32(),
    "person": pyarrow.int32(),
    "rank": pyarrow.int32(),
    **dict.fromkeys(["x1", "y1", "x2", "y2"], pyarrow.float32()),
    **dict.fromkeys([f"{point}_{axis}" for point in POINTS for axis in "xy"], pyarrow.float32()),
    "score": pyarrow.float32(),
    "expression": TEXT,
    "label": pyarrow.int8(),
    "confidence": pyarrow.float32(),
    **dict.fromkeys(EXPRESSIONS, pyarrow.float32()),
    **dict.fromkeys([f"{name}_unsmoothed" for name in EXPRESSIONS], pyarrow.float32()),
    "source": TEXT,
}
FRAME_SCHEMA = {
    "video": TEXT,
    "frame_index": pyarrow.int64(),
    "pts_seconds": pyarrow.float64(),
    "seconds": pyarrow.float64(),
    "shot": pyarrow.int32(),
    "filled_label": pyarrow.int8(),
    "filled_label_second": pyarrow.int8(),
}
PAPER_SCHEMA = dict.fromkeys([f"paper_{name}" for name in EXPRESSIONS], pyarrow.float32())
SCHEMA = FRAME_SCHEMA | FACE_SCHEMA
FACE_COLUMNS = list(FACE_SCHEMA)
in_one_folder = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_schema_is_exactly_this(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotation())
    schema = pyarrow.parquet.read_schema(tmp_path / "a.parquet")
    assert dict(zip(schema.names, schema.types, strict=True)) == SCHEMA
    assert schema.names == list(SCHEMA)
    assert all(schema.field(name).metadata[b"description"] for name in SCHEMA)
    paper = changed(annotation(), paper_probabilities=rows_of_probabilities(5, 1))
    assert to_table(paper).column_names == [*FRAME_SCHEMA, *PAPER_SCHEMA, *FACE_SCHEMA]


def test_without_any_face_the_schema_is_the_same_and_face_columns_are_null(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", nobody())
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == SCHEMA
    assert table["frame_index"].to_pylist() == [5, 6, 7, 8, 9]
    assert all(table[name].null_count == 5 for name in FACE_COLUMNS)


def test_every_frame_has_a_row_for_each_face_and_one_null_row_without() -> None:
    table = to_table(annotation())
    assert table["video"].to_pylist() == ["folder/clip.mp4"] * 6
    assert table["frame_index"].to_pylist() == [5, 6, 6, 7, 8, 9]
    assert table["shot"].to_pylist() == [0, 0, 0, 0, 0, 1]
    assert table["pts_seconds"].to_pylist() == [0.2, 0.24, 0.24, 0.28, None, 0.36]
    assert table["track_id"].to_pylist() == [1, 1, 2, None, 1, None]
    assert table["rank"].to_pylist() == [0, 0, 1, None, 0, None]
    assert table["source"].to_pylist() == [*["detected"] * 3, None, "bridged", None]
    for name in FACE_COLUMNS:
        assert {3, 5} <= {n for n, value in enumerate(table[name].to_pylist()) if value is None}


def test_frame_columns_are_equal_in_every_row_of_a_frame() -> None:
    main = changed(annotation(), faces=annotation().faces.select(np.array([0, 1, 3])))
    paper = rows_of_probabilities(5, 1)
    for made in (annotation(), main, nobody(), changed(annotation(), paper_probabilities=paper)):
        rows = to_table(made).to_pylist()
        assert [row["seconds"] for row in rows] == [
            made.seconds[row["frame_index"] - 5] for row in rows
        ]
        for number, name in enumerate(("filled_label", "filled_label_second")):
            labels = [None if one < 0 else one for one in made.filled_labels[:, number].tolist()]
            assert [row[name] for row in rows] == [labels[row["frame_index"] - 5] for row in rows]
    assert to_table(main)["filled_label_second"].null_count == 5
    for row in rows:
        probabilities = [row[f"paper_{name}"] for name in EXPRESSIONS[:UNTRAINED]]
        assert probabilities == paper[row["frame_index"] - 5, :UNTRAINED].tolist()
        assert row["filled_label"] == np.argmax(probabilities) and row["paper_Other"] is None


@in_one_folder
@given(annotated=annotations())
def test_the_label_is_the_largest_probability_and_the_confidence_its_value(
    annotated: Annotation,
) -> None:
    for row in to_table(annotated).to_pylist():
        if row["label"] is not None:
            probabilities = [row[name] if row[name] is not None else -1 for name in EXPRESSIONS]
            assert row["label"] == np.argmax(probabilities)
            assert row["confidence"] == max(probabilities)
            assert row["expression"] == EXPRESSIONS[row["label"]]
            if row["rank"] < 2 and annotated.paper_probabilities is None:
                name = ("filled_label", "filled_label_second")[row["rank"]]
                assert row[name] == row["label"]


def test_numbers_are_those_of_the_annotation() -> None:
    faces = annotation().faces
    table = to_table(annotation()).take([0, 1, 2, 4])
    for n, name in enumerate(["x1", "y1", "x2", "y2"]):
        assert table[name].to_pylist()[:3] == faces.bbox[:3, n].tolist()
    for n, name in enumerate(FACE_COLUMNS[7:17]):
        assert table[name].to_pylist()[:3] == faces.landmarks[:3, n].tolist()
    assert table["score"].to_pylist()[:3] == faces.score[:3].tolist()
    for n, name in enumerate(EXPRESSIONS[:UNTRAINED]):
        assert table[name].to_pylist() == faces.smoothed[:, n].tolist()
        unsmoothed = table[f"{name}_unsmoothed"].to_pylist()
        assert unsmoothed == faces.probabilities[:, n].tolist()
    labels = np.nanargmax(faces.smoothed, axis=1)
    assert table["label"].to_pylist() == labels.tolist()
    assert table["expression"].to_pylist() == [EXPRESSIONS[label] for label in labels]
    assert table["confidence"].to_pylist() == np.nanmax(faces.smoothed, axis=1).tolist()


def test_a_bridged_row_has_an_answer_but_no_box() -> None:
    row = to_table(annotation()).to_pylist()[4]
    assert row["source"] == "bridged" and row["label"] is not None and row["Neutral"] is not None
    assert {name for name in FACE_COLUMNS[3:18] if row[name] is not None} == set()


def test_a_class_that_was_never_trained_is_null_throughout() -> None:
    table = to_table(annotation())
    assert table["Other"].null_count == len(table)
    assert table["Surprise"].null_count == 2


def test_the_metadata_are_the_provenance_and_what_is_not_of_frames(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotation())
    metadata = pyarrow.parquet.read_table(tmp_path / "a.parquet").schema.metadata
    own = {
        "schema_version": "3",
        "people": "2",
        "decode_errors": "3",
        "warnings": json.dumps(annotation().warnings),
        "container_start_seconds": "0.25",
        "last_frame_seconds": "0.04",
    }
    found = {key.decode(): value.decode() for key, value in metadata.items()}
    assert found == annotation().provenance | own


def test_the_same_annotation_gives_the_same_bytes(tmp_path: Path) -> None:
    turned = dict(reversed(annotation().provenance.items()))
    write_parquet(tmp_path / "a.parquet", annotation())
    write_parquet(tmp_path / "b.parquet", replace(annotation(), provenance=turned))
    write_csv(tmp_path / "a.csv", annotation())
    write_csv(tmp_path / "b.csv", annotation())
    for suffix in ("parquet", "csv"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in "ab")
        assert first.read_bytes() == second.read_bytes()


@in_one_folder
@given(annotated=annotations())
def test_rows_are_by_frame_and_then_by_rank(annotated: Annotation) -> None:
    expected = []
    for frame in range(annotated.first_frame, annotated.end_frame):
        ranks = annotated.faces.rank[annotated.faces.frame == frame].tolist()
        expected += [(frame, rank + 1) for rank in ranks] or [(frame, None)]
    table = to_table(annotated)
    found = zip(table["frame_index"].to_pylist(), table["track_id"].to_pylist(), strict=True)
    assert list(found) == expected


@in_one_folder
@given(annotated=annotations())
def test_parquet_is_read_back_as_it_was_written(tmp_path: Path, annotated: Annotation) -> None:
    write_parquet(tmp_path / "a.parquet", annotated)
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").equals(to_table(annotated))


@in_one_folder
@given(annotated=annotations())
def test_csv_says_the_same_as_parquet(tmp_path: Path, annotated: Annotation) -> None:
    write_csv(tmp_path / "a.csv", annotated)
    read = pandas.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    table = to_table(annotated)
    assert list(read.columns) == table.column_names
    for name, kind in zip(table.schema.names, table.schema.types, strict=True):
        values = table[name].to_pylist()
        if pyarrow.types.is_floating(kind):
            to_number = kind.to_pandas_dtype()
            assert [None if cell == "" else to_number(cell) for cell in read[name]] == values
        else:
            assert list(read[name]) == ["" if value is None else str(value) for value in values]


def test_long_tables_are_written_in_row_groups_and_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [n for n in range(40) if n not in range(12, 27)]  # one group has no face at all
    faces = face_rows(frames, [0] * len(frames), [n % 7 == 3 for n in frames])
    times = np.where(np.arange(40) == 5, nan, np.arange(40) / 25)
    seconds, shots = np.arange(40) / 25, np.arange(40) // 13
    long = record_of(
        video="v.mp4", first_frame=0, pts_seconds=times, seconds=seconds, shots=shots, faces=faces
    )
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        write_parquet(folder / "v.parquet", long)
        write_csv(folder / "v.csv", long)
        monkeypatch.setattr(parquet, "GROUP_ROWS", 6)
    sizes = [
        [group.num_rows for group in map(file.metadata.row_group, range(file.num_row_groups))]
        for file in (pyarrow.parquet.ParquetFile(f / "v.parquet") for f in (whole, parted))
    ]
    assert sizes == [[40], [6] * 6 + [4]]
    tables = [pyarrow.parquet.read_table(folder / "v.parquet") for folder in (whole, parted)]
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)
    assert tables[0].to_pylist() == tables[1].to_pylist() == to_table(long).to_pylist()
    assert (whole / "v.csv").read_bytes() == (parted / "v.csv").read_bytes()
    one, other = (parquet.read_annotation(folder / "v.parquet") for folder in (whole, parted))
    for name, values in vars(one.faces).items():
        np.testing.assert_array_equal(getattr(other.faces, name), values)


def test_a_small_csv_file_has_exactly_these_bytes(tmp_path: Path) -> None:
    faces = replace(
        face_rows([0], [0], [False]),
        bbox=np.array([[1, 2, 3.5, 4]], np.float32),
        landmarks=np.arange(10, dtype=np.float32)[None],
        score=np.array([0.5], np.float32),
        probabilities=np.array([[0.25, 0.75, *[0] * 5, nan]], np.float32),
        smoothed=np.array([[0.625, 0.375, *[0] * 5, nan]], np.float32),
    )
    times, seconds = np.array([0.0, nan]), np.array([0.0, 0.04])
    small = record_of(
        video="a,b.mp4",
        first_frame=0,
        pts_seconds=times,
        seconds=seconds,
        shots=np.array([0, 0]),
        faces=faces,
    )
    write_csv(tmp_path / "a.csv", small)
    assert (tmp_path / "a.csv").read_text() == (
        ",".join(SCHEMA) + "\n"
        '"a,b.mp4",0,0.0,0.0,0,0,,1,1,0,1.0,2.0,3.5,4.0,0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,0.5,'
        "Neutral,0,0.625,0.625,0.375,0.0,0.0,0.0,0.0,0.0,,0.25,0.75,0.0,0.0,0.0,0.0,0.0,,detected\n"
        '"a,b.mp4",1,,0.04,0,0,' + "," * 38 + "\n"
    )
