"""Which kind of submission a path is."""

from pathlib import Path

import pytest
from submissions import rows_of, template

from videxpr.core.errors import FormatError, UsageError
from videxpr.formats.affwild2 import HEADER
from videxpr.formats.predictions import HEADER as PREDICTIONS_HEADER
from videxpr.submission.check import check_submission


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
