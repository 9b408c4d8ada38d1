"""Who answers for a template's names, and what answers for frames without a face."""

from pathlib import Path

import numpy as np
import pytest
from submissions import LEFT, RIGHT, annotation

from videxpr.formats.affwild2 import write_labels
from videxpr.formats.frame_labels import frame_labels, padded_labels, second_side
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, write_predictions
from videxpr.formats.record import Annotation
from videxpr.submission.answers import Predictions, read_answers

MAIN, SECOND = [1, 1, 2], [6, 6, 5]


def as_text(folder: Path, made: Annotation) -> Path:
    """The text files that annotate writes without a template."""
    write_labels(folder / "a.txt", padded_labels(made, 0, "fill"))
    side = second_side(made)
    if side:
        write_labels(folder / f"a_{side}.txt", padded_labels(made, 1, "fill"))
    return folder


def as_parquet(folder: Path, made: Annotation) -> Path:
    write_parquet(folder / "a.parquet", made)
    return folder


def labels(answers: Predictions) -> dict[str, list[int]]:
    return {name: answer.labels.tolist() for name, answer in answers.found.items()}


@pytest.mark.parametrize("write", [as_text, as_parquet])
@pytest.mark.parametrize(
    ("names", "side", "expected"),
    [
        (["a"], RIGHT, {"a": MAIN}),
        (["a", "a_right"], RIGHT, {"a": MAIN, "a_right": SECOND}),
        (["a", "a_right"], LEFT, {"a": MAIN, "a_right": SECOND}),
        (["a_left", "a_right"], RIGHT, {"a_left": MAIN, "a_right": SECOND}),
        (["a_left", "a_right"], LEFT, {"a_left": SECOND, "a_right": MAIN}),
        (["a_left"], RIGHT, {"a_left": MAIN}),
        (["a_left"], LEFT, {"a_left": SECOND}),
        (["b", "a"], RIGHT, {"a": MAIN}),
    ],
)
def test_names_and_sides_decide_who_answers(
    tmp_path: Path, write: object, names: list[str], side: float, expected: dict[str, list[int]]
) -> None:
    folder = write(tmp_path, annotation(MAIN, SECOND, side))  # type: ignore[operator]
    assert labels(read_answers(folder, names)) == expected


@pytest.mark.parametrize("write", [as_text, as_parquet])
def test_a_side_without_a_second_person_is_remarked_on(tmp_path: Path, write: object) -> None:
    answers = read_answers(write(tmp_path, annotation(MAIN)), ["a_left"])  # type: ignore[operator]
    assert labels(answers) == {"a_left": MAIN}
    assert any("a_left" in note for note in answers.notes)


def test_a_name_that_no_video_has_is_left_out(tmp_path: Path) -> None:
    as_text(tmp_path, annotation(MAIN))
    assert labels(read_answers(tmp_path, ["b", "b_left", "ab_left"])) == {}


def test_a_video_whose_own_name_has_a_side_is_itself(tmp_path: Path) -> None:
    as_text(tmp_path, annotation(MAIN))
    write_labels(tmp_path / "a_left.txt", np.array([3, 3]))
    assert labels(read_answers(tmp_path, ["a", "a_left"])) == {"a": MAIN, "a_left": [3, 3]}


GAPS = [None, 1, None, None, None, 2, None]


def test_frames_without_a_face_are_those_of_annotate(tmp_path: Path) -> None:
    made = annotation(GAPS)
    answer = read_answers(as_parquet(tmp_path, made), ["a"]).found["a"]
    assert answer.labels.tolist() == frame_labels(made, 0, "fill").tolist()
    assert answer.filled.tolist() == [label is None for label in GAPS]


@pytest.mark.parametrize("names", [["a"], ["a", "a_right"], ["a_left", "a_right"]])
def test_gaps_that_annotate_was_told_to_leave_are_filled_as_it_fills_them(
    tmp_path: Path, names: list[str]
) -> None:
    seconds = [5, None, 6, None, 6, 6, None]
    filled = read_answers(as_parquet(tmp_path / "fill", annotation(GAPS, seconds)), names).found
    left = annotation(GAPS, seconds, missing="none")
    found = read_answers(as_parquet(tmp_path / "none", left), names).found
    assert list(found) == names
    for name in names:
        assert found[name].labels.tolist() == filled[name].labels.tolist()
        assert found[name].filled.tolist() == filled[name].filled.tolist()


def test_gaps_of_text_take_the_nearest_label(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.txt", np.array([-1, 1, -1, -1, -1, 2, -1]))
    write_labels(tmp_path / "b.txt", np.array([-1, -1]))
    answers = read_answers(tmp_path, ["a", "b"])
    assert labels(answers) == {"a": [1, 1, 1, 1, 2, 2, 2], "b": [0, 0]}
    assert answers.found["a"].filled.tolist() == [True, False, True, True, True, False, True]
    assert any("does not tell in which frames nobody was seen" in one for one in answers.notes)


def test_frames_before_a_start_take_the_nearest_label(tmp_path: Path) -> None:
    answer = read_answers(as_parquet(tmp_path, annotation([4, 5], first_frame=3)), ["a"]).found["a"]
    assert answer.labels.tolist() == [4, 4, 4, 4, 5]
    assert answer.filled.tolist() == [True] * 3 + [False] * 2


def test_a_predictions_file_is_read(tmp_path: Path) -> None:
    block = Block("a", np.arange(3), np.array([1, -1, 2]))
    write_predictions(tmp_path / "p.txt", [block])
    assert labels(read_answers(tmp_path / "p.txt", ["a"])) == {"a": [1, 1, 2]}
