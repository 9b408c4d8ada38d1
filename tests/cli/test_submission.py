"""``videxpr submission`` as a user types it."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from submissions import annotation, rows_of, write_template

from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import HEADER

COUNTS = {"b": 4, "a": 4, "a_right": 4}
GOOD = [HEADER, *(f"{row}3" for row in rows_of(**COUNTS))]


@pytest.fixture
def videxpr(videxpr: Run) -> Run:
    """Runs ``videxpr submission``."""
    return partial(videxpr, "submission")


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    folder = tmp_path / "annotated"
    write_parquet(folder / "b.parquet", annotation([1, None, 1]))
    write_parquet(folder / "a.parquet", annotation([2, 2, 2, 2, 2], [6, 6, 6, 6, 6]))
    return folder


@pytest.fixture
def organizers(tmp_path: Path) -> Path:
    return write_template(tmp_path / "template.txt", **COUNTS)


@pytest.mark.parametrize("word", [[], ["build"]])
def test_a_submission_is_made_and_passes_its_check(
    videxpr: Run, annotated: Path, organizers: Path, tmp_path: Path, word: list[str]
) -> None:
    made = tmp_path / "made"
    asked = ["--template", organizers, "--edition", 6]
    code, out, _ = videxpr(*word, annotated, *asked, "-o", made)
    assert code == 0
    assert (made / "predictions.txt").read_text().splitlines() == [
        HEADER,
        *(f"{row}1" for row in rows_of(b=4)),
        *(f"{row}2" for row in rows_of(a=4)),
        *(f"{row}6" for row in rows_of(a_right=4)),
    ]
    for line in (
        "padded: 1 frames in 1 videos",
        "cut: 2 frames in 2 videos",
        "filled: 1 frames in",
    ):
        assert line in out
    assert f"{made / 'predictions.txt'}: 12 rows of 3 videos, for edition 6" in out
    assert (made / "changes.csv").read_text().splitlines()[1:] == [
        "b,filled,00002.jpg,00002.jpg,1",
        "b,padded,00004.jpg,00004.jpg,1",
        "a,cut,00005.jpg,00005.jpg,1",
        "a_right,cut,00005.jpg,00005.jpg,1",
    ]
    code, out, _ = videxpr("check", made / "predictions.txt", *asked)
    assert (code, out) == (
        0,
        f"{made / 'predictions.txt'}: nothing wrong; 12 rows, 3 videos in the template\n",
    )


def test_edition_3_is_a_folder_and_a_zip_file(
    videxpr: Run, annotated: Path, organizers: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    assert videxpr(annotated, "--template", organizers, "--edition", 3, "-o", made)[0] == 0
    for name in ("predictions", "predictions.zip"):
        assert videxpr("check", made / name, "--template", organizers)[0] == 0
    (made / "predictions" / "a.txt").unlink()
    code, out, _ = videxpr("check", made / "predictions", "--template", organizers)
    assert code == 1 and "a.txt: the file is missing\n" in out


def test_missing_videos_are_all_named_and_nothing_is_written(
    videxpr: Run, annotated: Path, tmp_path: Path
) -> None:
    organizers = write_template(tmp_path / "t.txt", c=1, b=3, **{"d-30": 2}, e_left=1)
    code, _, err = videxpr(
        annotated, "--template", organizers, "--edition", 6, "-o", tmp_path / "made"
    )
    assert code == 2 and ": c, d-30, e_left; " in err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch", "--template", "template.txt", "--edition", "6"], "nosuch"),
        (["annotated", "--template", "nosuch.txt", "--edition", "6"], "nosuch.txt"),
        (["annotated", "--template", "template.txt", "--edition", "4"], "edition 4"),
        (["annotated", "--template", "template.txt"], "--edition"),
        (["annotated", "--edition", "6"], "--template"),
        (["check", "--template", "template.txt"], "FILE"),
        (["check", "nosuch", "--template", "template.txt"], "nosuch"),
        (["check", "annotated", "--template", "template.txt"], "holds no text file"),
        (["chek", "annotated", "--template", "template.txt", "--edition", "6"], "annotated"),
        (["annotated", "--template", "template.txt", "--edition", "6", "-o", "annotated"], "-dir"),
    ],
)
def test_wrong_usage_is_said_in_a_line(
    videxpr: Run,
    annotated: Path,
    organizers: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(annotated.parent)
    code, _, err = videxpr(*arguments)
    assert code == 2 and words in err and "Traceback" not in err


def test_what_is_required_is_shown_as_such_and_left_out_of_a_printed_configuration(
    videxpr: Run,
) -> None:
    code, out, _ = videxpr("build", "--edition", 6, "--print-config")
    assert code == 0
    assert out == 'edition = 6\noutput-dir = "submission"\ntemplate-force = false\n'
    code, _, err = videxpr("build", "annotated", "--edition", 6)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("error: name --template: videxpr submission annotations/ --template ")


def put(number: int, text: str) -> list[str]:
    return [*GOOD[: number - 1], text, *GOOD[number:]]


TEN_BROKEN_FILES: list[tuple[list[str], list[str]]] = [
    (GOOD[1:], ["line 1: the header is missing"]),
    ([*GOOD[:5], *GOOD[9:]], ["line 6: 4 rows are missing here: a/00001.jpg to a/00004.jpg"]),
    ([*GOOD[:5], "b/00005.jpg,0", *GOOD[5:]], ["line 6: the template has no such image of b"]),
    ([*GOOD[:4], GOOD[2], *GOOD[4:]], ["line 5: duplicate: b/00002.jpg as in line 3"]),
    (
        [*GOOD[:2], GOOD[3], GOOD[2], *GOOD[4:]],
        ["line 3: wrong order: the template has b/00003.jpg after b/00002.jpg"],
    ),
    (put(3, "b/00002.jpg,-1"), ["line 3: the label is -1"]),
    (put(7, "a/00002.jpg,3.0"), ["line 7: the label '3.0' is not an integer"]),
    (put(7, "a/00002.jpg,8"), ["line 7: the label 8 is out of range"]),
    (put(8, "A/00003.jpg,3"), ["line 8: the template has no video 'A'"]),
    (
        [*put(4, "b/00003.jpg,"), ""],
        ["line 4: the label is empty", "line 14: the line is blank"],
    ),
]


@pytest.mark.parametrize(("lines", "expected"), TEN_BROKEN_FILES)
def test_ten_broken_files_are_described_by_line(
    videxpr: Run, organizers: Path, tmp_path: Path, lines: list[str], expected: list[str]
) -> None:
    file = tmp_path / "p.txt"
    file.write_text("\n".join(lines) + "\n")
    code, out, _ = videxpr("check", file, "--template", organizers, "--edition", 6)
    *violations, last = out.splitlines()
    assert code == 1 and len(violations) == len(expected)
    for violation, words in zip(violations, expected, strict=True):
        assert violation.startswith(f"{file}, {words}")
    assert last.startswith(f"{file}: {len(expected)} violation")


def test_many_violations_are_listed_up_to_a_limit_that_is_said(
    videxpr: Run, organizers: Path, tmp_path: Path
) -> None:
    file = tmp_path / "p.txt"
    file.write_text("\n".join([HEADER, *(f"{row}{n}x" for n, row in enumerate(rows_of(**COUNTS)))]))
    asked = ["check", file, "--template", organizers]
    _, out, _ = videxpr(*asked, "--limit", 5)
    assert len(out.splitlines()) == 7
    assert "... and 7 more violations that are not listed (--limit 0 lists all)" in out
    assert "12 violations" in out
    _, out, _ = videxpr(*asked, "--limit", 0)
    assert len(out.splitlines()) == 13 and "not listed" not in out


def test_odd_line_ends_are_warned_of_and_pass(
    videxpr: Run, organizers: Path, tmp_path: Path
) -> None:
    file = tmp_path / "p.txt"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(GOOD).encode())
    code, out, _ = videxpr("check", file, "--template", organizers)
    assert code == 0 and out.count("warning: ") == 2 and "nothing wrong" in out


def test_help_names_both_ways_and_all_options(videxpr: Run) -> None:
    environment = os.environ | {"COLUMNS": "200"}
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "submission", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for words in ("check", "--template", "--edition", "--output-dir", "--template-force"):
        assert words in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "pandas", "pyarrow", "av"}
    command = [sys.executable, "-m", "videxpr", "submission", "check", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "--limit" in done.stdout and "100" in done.stdout and "Exit code" in done.stdout


def test_no_torch_is_imported(annotated: Path, organizers: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv[0] = 'videxpr'\n"
        "from videxpr.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: print(stop.code or 0, 'torch' in sys.modules)"
    )
    asked = ["--template", str(organizers), "--edition", "6"]
    for words in (
        ["submission", str(annotated), *asked, "-o", str(tmp_path / "made")],
        ["submission", "check", str(tmp_path / "made" / "predictions.txt"), *asked],
    ):
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "0 False"


def test_two_hundred_thousand_rows_take_seconds(videxpr: Run, tmp_path: Path) -> None:
    counts = {f"{n}-30-1920x1080": 5_000 for n in range(40)}
    organizers = write_template(tmp_path / "template.txt", **counts)
    for name, count in counts.items():
        write_labels(tmp_path / "texts" / f"{name}.txt", np.arange(count) % 8)
    begun = time.perf_counter()
    asked = ["--template", organizers, "--edition", 6]
    assert videxpr(tmp_path / "texts", *asked, "-o", tmp_path / "made")[0] == 0
    assert videxpr("check", tmp_path / "made" / "predictions.txt", *asked)[0] == 0
    assert time.perf_counter() - begun < 8
