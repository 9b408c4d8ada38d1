"""The annotation as a value: shapes, the table, saving; and other programs that read what is saved."""

import subprocess
import sys
from dataclasses import replace

import duckdb
import numpy as np
import pandas
import polars
import pytest
from records import annotation, face_rows, nobody

from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.parquet import to_table


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": np.zeros(4)},
        {"shots": np.zeros(6, np.int64)},
        {"filled_labels": np.zeros(5, np.int64)},
        {"paper_probabilities": np.zeros((5, 7), np.float32)},
    ],
)
def test_arrays_of_other_shapes_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} has shape"):
        replace(annotation(), **wrong)


def test_columns_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="bbox has shape"):
        replace(face_rows([0, 1], [0, 0], [False] * 2), bbox=np.zeros((2, 5), np.float32))


def test_the_table_is_that_of_the_saved_file(tmp_path):
    for made in (annotation(), nobody()):
        made.save(tmp_path / "a.parquet")
        pandas.testing.assert_frame_equal(
            made.to_pandas(), pandas.read_parquet(tmp_path / "a.parquet")
        )


def test_a_files_name_says_what_is_saved(tmp_path):
    annotation().save(str(tmp_path / "a.csv"))
    assert len(pandas.read_csv(tmp_path / "a.csv")) == len(annotation().to_pandas())
    annotation().save(tmp_path / "a.txt")
    labels = read_labels(tmp_path / "a.txt")
    assert labels.tolist() == [-1] * 5 + annotation().filled_labels[:, 0].tolist()
    with pytest.raises(UsageError, match="its name must end in"):
        annotation().save(tmp_path / "a.xlsx")


def expected_rows():
    return to_table(annotation()).to_pylist()


def test_pandas_opens_a_saved_file(tmp_path):
    annotation().save(tmp_path / "a.parquet")
    table = pandas.read_parquet(tmp_path / "a.parquet")
    assert len(table) == 6 and table["rank"].isna().sum() == 2
    labels = [row["filled_label"] for row in expected_rows()]
    assert table["filled_label"].tolist() == labels
    main = table[table["rank"] == 0]
    names = main[list(EXPRESSIONS)].astype(float).idxmax(axis=1)
    assert names.tolist() == main["expression"].tolist()


def test_polars_opens_a_saved_file(tmp_path):
    annotation().save(tmp_path / "a.parquet")
    table = polars.read_parquet(tmp_path / "a.parquet")
    assert table.with_columns(polars.col(polars.Categorical).cast(polars.String)).to_dicts() == (
        expected_rows()
    )


def test_duckdb_opens_a_saved_file(tmp_path):
    annotation().save(tmp_path / "a.parquet")
    found = duckdb.sql(f"SELECT * FROM '{tmp_path / 'a.parquet'}'")
    assert found.columns == list(expected_rows()[0])
    assert [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()] == (
        expected_rows()
    )


def test_the_value_is_imported_without_pyarrow():
    code = (
        "import sys, videxpr.formats.record\n"
        "print({'pyarrow', 'pandas', 'torch'} & set(sys.modules))"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "set()\n"
