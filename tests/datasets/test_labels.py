"""Labels from every kind of file and folder, by the same rules on both sides."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labels import HALF, annotated
from records import changed

from videxpr.core.errors import FormatError, SourceError
from videxpr.datasets.labels import LabelSet, Origin, find_label_files, read_label_sets
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, write_predictions

D, B, F, N = Origin.DETECTED, Origin.BRIDGED, Origin.FILLED, Origin.NONE


def write_text(path: Path, *labels: int) -> Path:
    write_labels(path, np.array(labels, np.int64))
    return path


def described(sets: Mapping[str, LabelSet]) -> dict[str, list[int]]:
    return {name: one.labels.tolist() for name, one in sets.items()}


def test_a_folder_of_text_files_is_searched_to_its_bottom(tmp_path: Path) -> None:
    write_text(tmp_path / "EXPR_Set" / "Train_Set" / "b.txt", 1, -1)
    write_text(tmp_path / "EXPR_Set" / "Validation_Set" / "video10_1_left.txt", 2)
    write_text(tmp_path / ".trash" / "c.txt", 2)
    (tmp_path / "notes.md").write_text("not read")
    read = read_label_sets(tmp_path)
    assert read.kind == "text" and str(read) == f"{tmp_path} (text files)"
    assert described(read.sets) == {"b": [1, -1], "video10_1_left": [2]}
    assert all(one.origin is None and one.name == name for name, one in read.sets.items())
    below = read_label_sets(tmp_path / "EXPR_Set" / "Validation_Set")
    assert described(below.sets) == {"video10_1_left": [2]}


def test_two_files_of_one_name_are_called_by_their_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "x" / "a.txt", 1)
    write_text(tmp_path / "y" / "a.txt", 2)
    write_text(tmp_path / "y" / "b.txt", 3)
    assert described(read_label_sets(tmp_path).sets) == {"x/a": [1], "y/a": [2], "b": [3]}


def test_links_that_lead_back_up_are_no_trap(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", 1)
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    write_text(tmp_path / "elsewhere" / "b.txt", 2)
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert described(read_label_sets(tmp_path / "top").sets) == {"b": [2]}
    (tmp_path / "top" / "linked").unlink()
    assert described(read_label_sets(tmp_path).sets) == {"a": [1], "b": [2]}


def test_one_text_file_bears_its_own_name(tmp_path: Path) -> None:
    write_text(tmp_path / "1-30-1280x720.txt", 4, 5)
    read = read_label_sets(tmp_path / "1-30-1280x720.txt")
    assert described(read.sets) == {"1-30-1280x720": [4, 5]} and read.kind == "text"


def test_a_predictions_file_is_known_by_how_it_begins(tmp_path: Path) -> None:
    blocks = [
        Block("b", np.array([2, 0, 1]), np.array([5, 3, 4])),
        Block("a_left", np.array([1, 3]), np.array([7, 6])),
        Block("b", np.array([3]), np.array([-1])),
    ]
    write_predictions(tmp_path / "mine.txt", blocks)
    read = read_label_sets(tmp_path / "mine.txt")
    assert read.kind == "predictions"
    assert described(read.sets) == {"b": [3, 4, 5, -1], "a_left": [-1, 7, -1, 6]}
    wild = b"\xef\xbb\xbf" + (tmp_path / "mine.txt").read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "wild.txt").write_bytes(wild)
    assert described(read_label_sets(tmp_path / "wild.txt").sets) == described(read.sets)


def test_a_frame_that_a_predictions_file_has_twice_is_named(tmp_path: Path) -> None:
    blocks = [Block(name, np.array([0, 1]), np.array([5, 3])) for name in ("b", "c", "b")]
    write_predictions(tmp_path / "predictions.txt", blocks)
    with pytest.raises(FormatError, match=r"predictions.txt has frame 1 of b twice"):
        read_label_sets(tmp_path)


def test_what_annotate_writes_is_read_from_parquet(tmp_path: Path) -> None:
    """Text and predictions lie beside, and say something else here."""
    write_parquet(tmp_path / "a.parquet", annotated([[1, 2]]))
    write_text(tmp_path / "a.txt", 3, 3)
    write_predictions(tmp_path / "predictions.txt", [Block("a", np.array([0]), np.array([4]))])
    (tmp_path / "summary.csv").write_text("video\na\n")
    assert find_label_files(tmp_path)[0] == "parquet"
    assert described(read_label_sets(tmp_path).sets) == {"a": [1, 2]}
    (tmp_path / "a.parquet").unlink()
    assert described(read_label_sets(tmp_path).sets) == {"a": [3, 3]}
    (tmp_path / "a.txt").unlink()
    assert described(read_label_sets(tmp_path).sets) == {"a": [4]}
    (tmp_path / "predictions.txt").unlink()
    with pytest.raises(SourceError, match="holds no labels"):
        read_label_sets(tmp_path)


def test_parquet_tells_where_each_label_comes_from(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotated([[None, 3, 4 + HALF, None, 5, None]]))
    (one,) = read_label_sets(tmp_path / "a.parquet").sets.values()
    assert one.origin is not None
    assert one.labels.tolist() == [3, 3, 4, 4, 5, 5]
    assert one.origin.tolist() == [F, D, B, F, D, F]


def test_frames_before_a_start_and_unfilled_ones_have_no_label(tmp_path: Path) -> None:
    late = annotated([[1, None, 2]], first_frame=2, missing="none")
    write_parquet(tmp_path / "a.parquet", late)
    (one,) = read_label_sets(tmp_path).sets.values()
    assert one.origin is not None
    assert one.labels.tolist() == [-1, -1, 1, -1, 2]
    assert one.origin.tolist() == [N, N, D, N, D]


def test_nobody_is_neutral_and_filled(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotated([[None, None]]))
    (one,) = read_label_sets(tmp_path).sets.values()
    assert one.labels.tolist() == [0, 0] and one.origin is not None
    assert one.origin.tolist() == [F, F]


def test_filled_labels_are_those_in_the_file_whatever_would_be_interpolated(tmp_path: Path) -> None:
    made = annotated([[1, None, 1]])
    labels = np.where([[False, False], [True, False], [False, False]], 4, made.filled_labels)
    write_parquet(tmp_path / "a.parquet", replace(made, filled_labels=labels))
    assert described(read_label_sets(tmp_path).sets) == {"a": [1, 4, 1]}


def test_what_unfilled_frames_would_be_filled_by_is_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotated([[1, None, 2]], missing="none"))
    (one,) = read_label_sets(tmp_path).sets.values()
    assert one.labels.tolist() == [1, -1, 2] and one.filled_labels is not None
    assert one.filled_labels.tolist() == [1, 1, 2]


MAIN, SECOND = [1, 1, 1], [6, 6, None]


@pytest.mark.parametrize(
    ("wanted", "side", "expected"),
    [
        ([], "right", {"a": MAIN, "a_right": [6, 6, 6]}),
        ([], "left", {"a": MAIN, "a_left": [6, 6, 6]}),
        (["a", "a_right"], "right", {"a": MAIN, "a_right": [6, 6, 6]}),
        (["a", "a_right"], "left", {"a": MAIN, "a_right": [6, 6, 6]}),
        (["a_left", "a_right"], "left", {"a_left": [6, 6, 6], "a_right": MAIN}),
        (["a_left", "a_right"], "right", {"a_left": MAIN, "a_right": [6, 6, 6]}),
        (["a_left"], "right", {"a_left": MAIN}),
        (["a"], "right", {"a": MAIN}),
        (["b"], "right", {"a": MAIN}),
    ],
)
def test_two_people_are_called_as_the_labels_call_them(
    tmp_path: Path, wanted: list[str], side: str, expected: dict[str, list[int]]
) -> None:
    middles = (100, 300) if side == "right" else (300, 100)
    write_parquet(tmp_path / "a.parquet", annotated([MAIN, SECOND], middles))
    read = read_label_sets(tmp_path, wanted)
    assert described(read.sets) == expected and read.notes == ()
    filled = [one for one in read.sets.values() if one.labels[0] == 6]
    assert all(one.origin is not None and one.origin.tolist() == [D, D, F] for one in filled)


def test_one_person_who_must_stand_for_a_side_is_remarked_on(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotated([MAIN]))
    read = read_label_sets(tmp_path, ["a", "a_right"])
    assert described(read.sets) == {"a": MAIN, "a_right": MAIN}
    assert read.notes == (
        f"{tmp_path / 'a.parquet'} knows one person only of a, who stands for a_right",
    )


@pytest.mark.parametrize("wanted", [[], ["a", "a_right"]])
def test_a_file_of_that_name_comes_before_a_second_person(
    tmp_path: Path, wanted: list[str]
) -> None:
    write_parquet(tmp_path / "a.parquet", annotated([MAIN, SECOND]))
    write_parquet(tmp_path / "a_right.parquet", annotated([[4, 4, 4]]))
    read = read_label_sets(tmp_path, wanted)
    assert described(read.sets) == {"a": MAIN, "a_right": [4, 4, 4]} and read.notes == ()


def test_what_the_paper_answers_to_frames_without_a_face_stands_in_the_file(tmp_path: Path) -> None:
    gaps = annotated([[3, None, None, 5]], preset="paper")
    paper = np.eye(8, dtype=np.float32)[[3, 7, 2, 5]]
    write_parquet(tmp_path / "a.parquet", changed(gaps, paper_probabilities=paper))
    write_text(tmp_path / "a.txt", 3, 3, 3, 3)  # not looked at
    (one,) = read_label_sets(tmp_path).sets.values()
    assert one.labels.tolist() == [3, 7, 2, 5] and one.origin is not None
    assert one.origin.tolist() == [D, F, F, D]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"Neutral\n0\n", "a.txt, line 1: the header"),
        ("a.parquet", b"PAR1", "cannot read .*a.parquet"),
        ("predictions.txt", b"image,label\n", "predictions.txt, line 1: the header"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_label_sets(tmp_path)
    with pytest.raises(FormatError, match=message):
        read_label_sets(tmp_path / name)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder: .*gone"):
        read_label_sets(tmp_path / "gone")
    for folder in ("x", "y"):
        write_predictions(tmp_path / folder / "predictions.txt", [])
    with pytest.raises(SourceError, match="more than one predictions file, e.g. .*x.*y"):
        read_label_sets(tmp_path)


@pytest.mark.parametrize("kind", ["text", "predictions"])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], {"a": MAIN, "a_right": [6, 6, 6], "b": [0]}),
        (["a", "a_right"], {"a": MAIN, "a_right": [6, 6, 6], "b": [0]}),
        (["a_left", "a_right"], {"a_left": MAIN, "a_right": [6, 6, 6], "b": [0]}),
        (["a", "a_left"], {"a": MAIN, "a_left": [6, 6, 6], "b": [0]}),
        (["a_left"], {"a_left": MAIN, "b": [0]}),
        (["b", "b_left"], {"a": MAIN, "a_right": [6, 6, 6], "b": [0]}),
    ],
)
def test_two_people_in_text_are_called_as_the_labels_call_them(
    tmp_path: Path, kind: str, wanted: list[str], expected: dict[str, list[int]]
) -> None:
    own = {"a": MAIN, "a_right": [6, 6, 6], "b": [0]}
    if kind == "text":
        for name, labels in own.items():
            write_text(tmp_path / f"{name}.txt", *labels)
    else:
        blocks = [Block(name, np.arange(len(one)), np.array(one)) for name, one in own.items()]
        write_predictions(tmp_path / "predictions.txt", blocks)
    read = read_label_sets(tmp_path, wanted)
    assert described(read.sets) == expected and read.notes == ()
    assert all(one.name == name for name, one in read.sets.items())


NFC, NFD = "caf\u00e9", "cafe\u0301"
MACOS = "Screen Recording 2026-01-05 at 3.15.07\u202fPM"


@pytest.mark.parametrize("kind", ["text", "parquet", "predictions"])
def test_names_are_as_wanted_however_unicode_spells_them(tmp_path: Path, kind: str) -> None:
    for name in (NFD, MACOS, "a,b"):
        if kind == "text":
            write_text(tmp_path / f"{name}.txt", 1, 2)
        elif kind == "parquet":
            write_parquet(tmp_path / f"{name}.parquet", annotated([[1, 2]]))
    if kind == "predictions":
        rows = [Block(name, np.arange(2), np.array([1, 2])) for name in (NFD, MACOS, "a,b")]
        write_predictions(tmp_path / "predictions.txt", rows)
    read = read_label_sets(tmp_path, {NFC, MACOS, "a,b"})
    assert described(read.sets) == {NFC: [1, 2], MACOS: [1, 2], "a,b": [1, 2]}
    assert all(one.name == name for name, one in read.sets.items())
    assert NFD in read_label_sets(tmp_path).sets


def test_a_persons_side_is_found_however_unicode_spells_the_video(tmp_path: Path) -> None:
    write_parquet(tmp_path / f"{NFD}.parquet", annotated([[1, 2], [3, 4]]))
    read = read_label_sets(tmp_path, {NFC, f"{NFC}_right"})
    assert described(read.sets) == {NFC: [1, 2], f"{NFC}_right": [3, 4]}


def test_two_spellings_beside_each_other_are_two_names(tmp_path: Path) -> None:
    write_text(tmp_path / f"{NFC}.txt", 1)
    write_text(tmp_path / f"{NFD}.txt", 2)
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes both spellings for one name")
    for wanted in ({NFC}, {NFC, NFD}, {NFD}):
        assert described(read_label_sets(tmp_path, wanted).sets) == {NFC: [1], NFD: [2]}
