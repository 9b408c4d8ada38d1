"""Which kind of submission a path is, and everything that is wrong with text files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from submissions import rows_of, template

from videxpr.core.errors import FormatError, UsageError
from videxpr.formats.affwild2 import HEADER, SEVEN_CLASS_HEADER
from videxpr.formats.predictions import HEADER as PREDICTIONS_HEADER
from videxpr.submission.check import check_submission
from videxpr.submission.violations import CheckReport


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(f"{HEADER}\n0\n7\n")
    rows = "".join(f"{row}7\n" for row in rows_of(a=2))
    (tmp_path / "one.txt").write_text(f"{PREDICTIONS_HEADER}\n{rows}")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "edition"), [("texts", None), ("texts", 3), ("one.txt", None), ("one.txt", 6)]
)
def test_both_kinds_are_checked(files: Path, name: str, edition: int | None) -> None:
    report = check_submission(files / name, template(a=2), edition)
    assert (report.violations, report.warnings, report.rows) == ((), (), 2)


def test_the_predictions_file_of_a_folder_is_meant_unless_the_edition_wants_texts(
    files: Path,
) -> None:
    (files / "one.txt").rename(files / "texts" / "predictions.txt")
    for edition in (None, 6):
        report = check_submission(files / "texts", template(a=2), edition)
        assert (report.violations, report.rows) == ((), 2)
    (surplus,) = check_submission(files / "texts", template(a=2), 3).violations
    assert "predictions" in str(surplus)


def test_the_edition_decides_the_classes(files: Path) -> None:
    violations = check_submission(files / "texts", template(a=2), 2).violations
    assert [one.line for one in violations] == [1, 3]


def test_the_wrong_kind_and_nothing_at_all_are_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="edition 6 wants one predictions.txt"):
        check_submission(files / "texts", template(a=2), 6)
    with pytest.raises(UsageError, match="edition 3 wants a text file a video"):
        check_submission(files / "one.txt", template(a=2), 3)
    with pytest.raises(UsageError, match="edition 4"):
        check_submission(files / "one.txt", template(a=2), 4)
    with pytest.raises(FormatError, match=r"gone.txt: no such file or folder"):
        check_submission(files / "gone.txt", template(a=2))


COUNTS = {"b": 3, "a": 3}
GOOD = f"{HEADER}\n0\n3\n7\n"


def written(folder: Path, **texts: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        content = text.encode() if isinstance(text, str) else text
        (folder / f"{name}.txt").write_bytes(content)
    return folder


def check(
    path: Path, counts: Mapping[str, int | None] | None = None, edition: int = 3
) -> CheckReport:
    wanted = template(**(COUNTS if counts is None else counts))
    return check_submission(path, wanted, edition)


def test_nothing_is_wrong_with_good_files(tmp_path: Path) -> None:
    report = check(written(tmp_path / "s", b=GOOD, a=GOOD.removesuffix("\n")))
    assert (report.videos, report.rows, report.violations, report.warnings) == (2, 6, (), ())
    seven = GOOD.replace(HEADER, SEVEN_CLASS_HEADER).replace("7", "6")
    assert check(written(tmp_path / "seven", b=seven, a=seven), edition=2).violations == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0\n3\n7\n", ["line 1: the header is missing"]),
        ("-1\n3\n7\n", ["line 1: the header is missing", "line 1: the label is -1"]),
        (GOOD.replace("Anger", "anger"), ["line 1: the header should be"]),
        (GOOD.replace(HEADER, SEVEN_CLASS_HEADER), ["line 1: the header should be"]),
        ("", ["line 1: the file is empty", "line 1: the file ends after 0 of 3 labels"]),
        (f"{HEADER}\n0\n3\n", ["line 4: the file ends after 2 of 3 labels"]),
        (f"{HEADER}\n0\n3", ["line 4: the file ends after 2 of 3 labels; is the file cut off?"]),
        (f"{GOOD}1\n2\n", ["lines 5-6: 2 more than the 3 labels that the template wants"]),
        (f"{HEADER}\n0\n\n3\n7\n", ["line 3: the line is blank"]),
        (f"{GOOD}\n\n", ["lines 5-6: the line is blank"]),
        (f"{HEADER}\n0\n\n7\n", ["line 3: the line is blank", "line 5: the file ends after 2"]),
        (f"{HEADER}\n-1\n-1\n7\n", ["lines 2-3: the label is -1"]),
        (f"{HEADER}\n0\n3.0\n8\n", ["line 3: the label '3.0' is not", "line 4: the label 8"]),
        (f"{HEADER}\n0\n3 \n7\n", ["line 3: the line has spaces at its beginning or end"]),
        (f"{HEADER}\n0,0,1\n3\n7\n", ["line 2: the label '0,0,1' is not an integer"]),
    ],
)
def test_defects_are_named_by_line(tmp_path: Path, text: str, expected: list[str]) -> None:
    report = check(written(tmp_path / "s", b=GOOD, a=text))
    found = [str(one).removeprefix("a.txt, ") for one in report.violations]
    assert len(found) == len(expected), found
    assert all(one.startswith(words) for one, words in zip(found, expected, strict=True)), found


def test_windows_files_are_warned_of_only(tmp_path: Path) -> None:
    windows = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    report = check(written(tmp_path / "s", b=GOOD, a=windows))
    assert report.violations == ()
    assert [(one.file, one.line, one.lines) for one in report.warnings] == [
        ("a.txt", 1, 1),
        ("a.txt", 1, 4),
    ]


def test_files_that_are_missing_or_too_many_are_all_named(tmp_path: Path) -> None:
    folder = written(tmp_path / "s", b=GOOD, c=GOOD, d=GOOD)
    (folder / "notes.md").write_text("x")
    report = check(folder, {"b": 3, "a": 3, "a_right": 3})
    assert [str(one) for one in report.violations] == [
        "a.txt: the file is missing",
        "a_right.txt: the file is missing",
        "c.txt: the template has no such video",
        "d.txt: the template has no such video",
    ]
    assert [one.file for one in report.warnings] == ["notes.md"]


def test_names_alone_do_not_tell_counts(tmp_path: Path) -> None:
    report = check(written(tmp_path / "s", b=GOOD, a=GOOD + "1\n"), {"b": None, "a": None})
    assert report.violations == () and "was not checked" in report.warnings[0].text


@pytest.mark.parametrize("around", ["", "team/"])
def test_a_zip_file_is_read_with_or_without_a_folder_around(tmp_path: Path, around: str) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.mkdir("team")
        for name in ("b", "a"):
            archive.writestr(f"{around}{name}.txt", GOOD)
    assert check(tmp_path / "s.zip").violations == ()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_in_a_zip_file_twice_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name in ("b", "a", "a"):
            archive.writestr(f"{name}.txt", GOOD)
    (violation,) = check(tmp_path / "s.zip").violations
    assert str(violation) == f"a.txt: stands in {tmp_path / 's.zip'} twice"


def test_what_holds_no_text_or_is_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="empty holds no text file"):
        check(tmp_path / "empty")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("a.txt", GOOD)
    content = (tmp_path / "s.zip").read_bytes()
    (tmp_path / "s.zip").write_bytes(content.replace(b"Neutral", b"neutral", 1))
    with pytest.raises(FormatError, match=r"cannot read .*s.zip: Bad CRC"):
        check(tmp_path / "s.zip")


def test_a_file_in_another_spelling_is_said_to_be_one_and_read(files: Path) -> None:
    (files / "texts" / "a.txt").rename(files / "texts" / "cafe\u0301.txt")
    (one,) = check_submission(files / "texts", template(**{"caf\u00e9": 2}), 3).violations
    assert str(one).endswith("(Unicode NFC or NFD); rename the file")


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", GOOD)
    content = bytearray(bomb.read_bytes())
    size = content.index(b"PK\x01\x02") + 24
    content[size : size + 4] = (2**31).to_bytes(4, "little")
    bomb.write_bytes(content)
    with pytest.raises(FormatError, match=r"bomb\.zip would unpack to 2,147,483,648 bytes"):
        check_submission(bomb, template())
