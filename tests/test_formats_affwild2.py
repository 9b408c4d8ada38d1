"""Annotation files of Aff-Wild2: what is written, and what is taken."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videxpr.errors import FormatError, OutputError
from videxpr.formats.affwild2 import read_labels, write_labels

HEADER = b"Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_one_folder
@given(labels=st.lists(st.integers(-1, 7), max_size=200))
def test_what_is_written_is_read_back(tmp_path: Path, labels: list[int]) -> None:
    write_labels(tmp_path / "labels.txt", np.array(labels, dtype=np.int64))
    read = read_labels(tmp_path / "labels.txt")
    assert read.dtype == np.int64 and read.tolist() == labels


def test_a_file_has_exactly_these_bytes(tmp_path: Path) -> None:
    write_labels(tmp_path / "a" / "labels.txt", np.array([0, -1, 7]))
    assert (tmp_path / "a" / "labels.txt").read_bytes() == HEADER + b"\n0\n-1\n7\n"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["labels.txt"]


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"\n0\n-1\n7\n",
        HEADER + b"\n0\n-1\n7",
        HEADER + b"\r\n0\r\n-1\r\n7\r\n",
        HEADER + b"\r\n0\r\n-1\r\n7",
        b"\xef\xbb\xbf" + HEADER + b"\n0\n-1\n7\n",
        b"\xef\xbb\xbf" + HEADER + b"\r\n0\r\n-1\n7",
    ],
    ids=["plain", "no last newline", "CRLF", "CRLF without the last", "BOM", "BOM and mixed ends"],
)
def test_files_in_the_wild_are_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "wild.txt").write_bytes(content)
    assert read_labels(tmp_path / "wild.txt").tolist() == [0, -1, 7]


@pytest.mark.parametrize("content", [HEADER, HEADER + b"\n"])
def test_a_header_alone_is_a_file_without_frames(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.txt").write_bytes(content)
    assert read_labels(tmp_path / "empty.txt").tolist() == []


@pytest.mark.parametrize(
    ("content", "line", "value"),
    [
        (b"", 1, "'nothing'"),
        (b"0\n1\n", 1, "'0'"),
        (HEADER.replace(b",", b", ") + b"\n0\n", 1, "'Neutral, Anger"),
        (HEADER.removesuffix(b",Other") + b"\n0\n", 1, "Surprise'"),
        (b"\n" + HEADER + b"\n0\n", 1, "''"),
        (HEADER + b"\n0\n8\n", 3, "'8'"),
        (HEADER + b"\n-2\n", 2, "'-2'"),
        (HEADER + b"\n0\n1.0\n", 3, "'1.0'"),
        (HEADER + b"\n 1\n", 2, "' 1'"),
        (HEADER + b"\n01\n", 2, "'01'"),
        (HEADER + b"\n+1\n", 2, r"'\+1'"),
        (HEADER + b"\n0\n\n1\n", 3, "''"),
        (HEADER + b"\n0\n\n", 3, "''"),
        (HEADER + b"\n0\n1,2\n", 3, "'1,2'"),
        (HEADER + b"\r0\r1\r", 1, "Other.r0"),
        (HEADER + b"\n0\r1\n", 2, r"'0\\r1'"),
        (HEADER + b"\n\xd9\xa1\n", 2, "'\u0661'"),
    ],
)
def test_anything_else_is_refused_with_file_and_line(
    tmp_path: Path, content: bytes, line: int, value: str
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(FormatError, match=f"bad.txt, line {line}: .*{value}"):
        read_labels(tmp_path / "bad.txt")


@pytest.mark.parametrize("content", [None, HEADER + b"\n\xff\n"], ids=["missing", "not text"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "gone.txt").write_bytes(content)
    with pytest.raises(FormatError, match=r"cannot read .*gone.txt"):
        read_labels(tmp_path / "gone.txt")


@pytest.mark.parametrize("label", [-2, 8])
def test_labels_that_do_not_exist_are_not_written(tmp_path: Path, label: int) -> None:
    with pytest.raises(ValueError, match=f"{label}"):
        write_labels(tmp_path / "labels.txt", np.array([3, label]))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/labels.txt"):
        write_labels(tmp_path / "file" / "labels.txt", np.array([0]))
