"""The files of a submission."""

import csv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from submissions import rows_of, template

from videxpr.core.errors import FormatError, OutputError, UsageError
from videxpr.formats.affwild2 import HEADER, SEVEN_CLASS_HEADER
from videxpr.formats.predictions import HEADER as PREDICTIONS_HEADER
from videxpr.formats.predictions import Block
from videxpr.submission.build import ChangedFrames, Submission
from videxpr.submission.editions import EDITIONS
from videxpr.submission.write import Target, check_target, write_submission

BLOCKS = (
    Block("b", np.arange(2), np.array([1, 0])),
    Block("a_left", np.arange(1), np.array([6])),
)
CHANGES = (ChangedFrames("b", "filled", 0, 2), ChangedFrames("=a,_left", "cut", 99_999, 1))


def submission(number: int) -> Submission:
    return Submission(EDITIONS[number], BLOCKS, CHANGES, ())


def test_later_editions_want_one_file(tmp_path: Path) -> None:
    files = write_submission(submission(6), Target(tmp_path, EDITIONS[6]))
    assert files == [tmp_path / "predictions.txt", tmp_path / "changes.csv"]
    rows = [f"{row}{label}" for row, label in zip(rows_of(b=2, a_left=1), (1, 0, 6), strict=True)]
    assert files[0].read_text() == "\n".join([PREDICTIONS_HEADER, *rows, ""])


@pytest.mark.parametrize(("number", "header"), [(3, HEADER), (1, SEVEN_CLASS_HEADER)])
def test_earlier_editions_want_a_file_a_video_and_get_it_zipped(
    tmp_path: Path, number: int, header: str
) -> None:
    folder, archive, _ = write_submission(submission(number), Target(tmp_path, EDITIONS[number]))
    expected = {"b.txt": f"{header}\n1\n0\n", "a_left.txt": f"{header}\n6\n"}
    assert {path.name: path.read_text() for path in folder.iterdir()} == expected
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None and packed.namelist() == list(expected)
        assert {name: packed.read(name).decode() for name in packed.namelist()} == expected
    before = archive.read_bytes()
    write_submission(submission(number), Target(tmp_path, EDITIONS[number]))
    assert archive.read_bytes() == before


def test_the_report_names_every_change(tmp_path: Path) -> None:
    *_, report = write_submission(submission(6), Target(tmp_path, EDITIONS[6]))
    with report.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["video", "change", "first_image", "last_image", "frames"],
        ["b", "filled", "00001.jpg", "00002.jpg", "2"],
        ["'=a,_left", "cut", "100000.jpg", "100000.jpg", "1"],
    ]


def test_nothing_that_a_submission_is_made_from_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    organizers = tmp_path / "predictions.txt"
    organizers.write_text("")
    one, several = EDITIONS[6], EDITIONS[3]
    for directory, source in (
        (tmp_path, organizers),
        (tmp_path / "out", tmp_path / "out"),
        (tmp_path / "out" / "below", tmp_path / "out"),
    ):
        with pytest.raises(UsageError, match="give another folder"):
            check_target(Target(directory, one), template(a=1), [source])
    check_target(Target(tmp_path, one), template(a=1), [tmp_path / "out"])
    check_target(Target(tmp_path, several), template(a=1), [tmp_path / "out", organizers])


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    target = Target(tmp_path, EDITIONS[3])
    write_submission(submission(3), target)
    check_target(target, template(b=2, a_left=1), [])
    with pytest.raises(OutputError, match=r"holds 1 files of something else, e.g. a_left.txt"):
        check_target(target, template(b=2), [])


@pytest.mark.parametrize("name", ["../b", "/b", "a/../../b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="outside the folder"):
        check_target(Target(tmp_path, EDITIONS[3]), [Block(name, None, None)], [])
    check_target(Target(tmp_path, EDITIONS[6]), [Block(name, None, None)], [])
