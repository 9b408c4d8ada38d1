"""Annotation files of Aff-Wild2: what is written, and what is taken."""

from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videxpr.core.errors import FormatError, OutputError
from videxpr.formats.affwild2 import SEVEN_CLASS_HEADER, read_labels, write_labels

HEADER = b"Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"

SEVEN = HEADER.removesuffix(b",Other")

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


def test_the_header_of_the_first_editions_can_be_written_above_its_labels(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.txt", np.array([0, 6]), SEVEN_CLASS_HEADER)
    assert (tmp_path / "labels.txt").read_bytes() == SEVEN + b"\n0\n6\n"
    with pytest.raises(ValueError, match="between -1 and 6, not 0 and 7"):
        write_labels(tmp_path / "labels.txt", np.array([0, 7]), SEVEN_CLASS_HEADER)


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


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["", "no last newline"])
@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ([HEADER, b"0", b"-1", b"7"], [0, -1, 7]),
        ([SEVEN, b"0", b"-1", b"6"], [0, -1, 6]),
        ([b"0", b"-1", b"7"], [0, -1, 7]),
        ([b"-1", b"5"], [-1, 5]),
        ([b"7"], [7]),
    ],
    ids=["eight classes", "seven classes", "no header", "no header, -1 first", "one line"],
)
def test_every_variation_is_taken_with_every_other(
    tmp_path: Path, mark: bytes, end: bytes, last: bool, lines: list[bytes], labels: list[int]
) -> None:
    (tmp_path / "wild.txt").write_bytes(mark + end.join(lines) + end * last)
    assert read_labels(tmp_path / "wild.txt").tolist() == labels


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(FormatError, match="empty.txt is empty; its first line should be 'Neutral"):
        read_labels(tmp_path / "empty.txt")


def test_a_million_lines_are_read_in_a_moment(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(-1, 8, 1_000_000)
    write_labels(tmp_path / "long.txt", labels)
    begun = process_time()
    read = read_labels(tmp_path / "long.txt")
    assert process_time() - begun < 3
    assert np.array_equal(read, labels)


@pytest.mark.parametrize("content", [HEADER, HEADER + b"\n", SEVEN + b"\n"])
def test_a_header_alone_is_a_file_without_frames(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.txt").write_bytes(content)
    assert read_labels(tmp_path / "empty.txt").tolist() == []


@pytest.mark.parametrize(
    ("content", "line", "value"),
    [
        (b"\n", 1, "''"),
        (b"8\n1\n", 1, "'8'"),
        (b"0\n1\n" + HEADER + b"\n", 3, "'Neutral,Anger"),
        (b"0\n1\n9\n", 3, "'9'"),
        (SEVEN + b"\n0\n7\n", 3, "'7' is no label; labels here are whole numbers from -1 to 6"),
        (b"Anger,Contempt,Disgust,Fear,Happiness,Neutral,Sadness,Surprise\n0\n", 1, "'Anger,"),
        (SEVEN.removesuffix(b",Surprise") + b"\n0\n", 1, "Sadness'"),
        (HEADER.replace(b",", b", ") + b"\n0\n", 1, "'Neutral, Anger"),
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
