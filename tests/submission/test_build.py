"""Rows, order and counts are the template's, and every frame that is not as annotated is named; whose
labels stand under a template's names, and what fills frames without a face."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submissions import LEFT, RIGHT, annotation, template

from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import FormatError, SourceError
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.frame_labels import frame_labels, padded_labels, second_side
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, read_predictions, write_predictions
from videxpr.formats.record import Annotation
from videxpr.submission.build import (
    ChangedFrames,
    Predictions,
    Submission,
    build_submission,
    read_template_predictions,
)
from videxpr.submission.editions import EDITIONS
from videxpr.video.sources import Source


def texts(folder: Path, **labels: list[int]) -> Path:
    for name, each in labels.items():
        write_labels(folder / f"{name}.txt", np.array(each))
    return folder


def written(submission: Submission) -> list[tuple[str, list[int], list[int]]]:
    return [(one.name, one.frames.tolist(), one.labels.tolist()) for one in submission.blocks]


def test_rows_are_the_templates(tmp_path: Path) -> None:
    folder = texts(tmp_path, a=[1, 2, 3], b=[4, 5], c=[6])
    wanted = [Block("b", np.array([1, 0]), np.array([-1, -1])), *template(a=3)]
    submission = build_submission(folder, wanted, EDITIONS[6])
    assert written(submission) == [("b", [1, 0], [5, 4]), ("a", [0, 1, 2], [1, 2, 3])]
    assert submission.changes == () and submission.rows == 5
    in_texts = build_submission(folder, wanted, EDITIONS[3])
    assert written(in_texts) == [("b", [0, 1], [4, 5]), ("a", [0, 1, 2], [1, 2, 3])]


@pytest.mark.parametrize(
    ("count", "labels", "changes"),
    [
        (5, [1, 2, 3, 3, 3], [ChangedFrames("a", "padded", 3, 2)]),
        (4, [1, 2, 3, 3], [ChangedFrames("a", "padded", 3, 1)]),
        (1, [1], [ChangedFrames("a", "cut", 1, 2)]),
    ],
)
def test_ends_are_padded_or_cut_by_up_to_two_frames(
    tmp_path: Path, count: int, labels: list[int], changes: list[ChangedFrames]
) -> None:
    folder = texts(tmp_path, a=[1, 2, 3])
    submission = build_submission(folder, template(a=count), EDITIONS[6])
    assert written(submission) == [("a", list(range(count)), labels)]
    assert list(submission.changes) == changes


def test_filled_frames_are_named_in_runs(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", annotation([1, None, None, 2, None]))
    submission = build_submission(tmp_path, template(a=6), EDITIONS[6])
    assert submission.changes == (
        ChangedFrames("a", "filled", 1, 2),
        ChangedFrames("a", "filled", 4, 1),
        ChangedFrames("a", "padded", 5, 1),
    )
    assert submission.notes == ()


def test_names_alone_take_the_annotations_counts(tmp_path: Path) -> None:
    folder = texts(tmp_path, a=[1, 2, 3], b=[4])
    for number in (3, 6):
        submission = build_submission(folder, template(b=None, a=None), EDITIONS[number])
        assert written(submission) == [("b", [0], [4]), ("a", [0, 1, 2], [1, 2, 3])]


def test_everything_that_is_missing_or_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    folder = texts(tmp_path, a=[1] * 9, b=[4], d=[1] * 6, empty=[])
    wanted = template(a=3, b=1, c=1, d=9, e_left=1, empty=2)
    with pytest.raises(FormatError) as caught:
        build_submission(folder, wanted, EDITIONS[6])
    text = str(caught.value)
    assert f"3 of the template's 6 videos are not in {folder}: c, e_left, empty; " in text
    assert "wants 3 frames of a, but 9" in text and "wants 9 frames of d, but 6" in text
    assert " b" not in text.replace(" bu", "") and "nothing was written" in text
    forced = build_submission(folder, template(a=3, d=9), EDITIONS[6], force=True)
    assert written(forced) == [("a", [0, 1, 2], [1] * 3), ("d", list(range(9)), [1] * 9)]
    assert [(one.change, one.frames) for one in forced.changes] == [("cut", 6), ("padded", 3)]


def test_the_first_editions_have_no_other(tmp_path: Path) -> None:
    folder = texts(tmp_path, a=[0, 7, 7], b=[6])
    with pytest.raises(FormatError, match=r"edition 2 has no Other, but 2 frames .* a \(2\)"):
        build_submission(folder, template(a=3, b=1), EDITIONS[2])
    assert build_submission(folder, template(b=1), EDITIONS[2]).rows == 1


def test_a_place_without_annotations_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no labels"):
        build_submission(tmp_path, template(a=1), EDITIONS[6])


people = st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=6, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    main=people,
    second=st.one_of(st.none(), people),
    names=st.sets(st.sampled_from(["a", "a_left", "a_right"]), min_size=1),
    count=st.integers(4, 8),
    missing=st.sampled_from(["fill", "none"]),
)
def test_parquet_gives_what_annotate_writes_with_the_template(
    tmp_path_factory: pytest.TempPathFactory,
    main: list[int | None],
    second: list[int | None] | None,
    names: set[str],
    count: int,
    missing: str,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    wanted = template(**dict.fromkeys(sorted(names), count))
    write_predictions(folder / "template.txt", wanted)
    options = OutputOptions(folder, ("predictions",), template=folder / "template.txt")
    source = Source(Path("a.mp4"), "video", PurePosixPath("a.mp4"), "a")
    outputs = Outputs(options)
    outputs.write(source, annotation(main, second), modified_ns=0)
    outputs.finish()
    write_parquet(folder / "p" / "a.parquet", annotation(main, second, missing=missing))
    submission = build_submission(folder / "p", wanted, EDITIONS[6])
    write_predictions(folder / "mine.txt", submission.blocks)
    assert (folder / "mine.txt").read_bytes() == (folder / "predictions.txt").read_bytes()
    assert all(min(one.labels) >= 0 for one in read_predictions(folder / "mine.txt"))


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


def labels(predictions: Predictions) -> dict[str, list[int]]:
    return {name: one.labels.tolist() for name, one in predictions.found.items()}


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
    assert labels(read_template_predictions(folder, names)) == expected


@pytest.mark.parametrize("write", [as_text, as_parquet])
def test_a_side_without_a_second_person_is_noted(tmp_path: Path, write: object) -> None:
    predictions = read_template_predictions(write(tmp_path, annotation(MAIN)), ["a_left"])  # type: ignore[operator]
    assert labels(predictions) == {"a_left": MAIN}
    assert any("a_left" in note for note in predictions.notes)


def test_a_name_that_no_video_has_is_left_out(tmp_path: Path) -> None:
    as_text(tmp_path, annotation(MAIN))
    assert labels(read_template_predictions(tmp_path, ["b", "b_left", "ab_left"])) == {}


def test_a_video_whose_own_name_has_a_side_is_itself(tmp_path: Path) -> None:
    as_text(tmp_path, annotation(MAIN))
    write_labels(tmp_path / "a_left.txt", np.array([3, 3]))
    assert labels(read_template_predictions(tmp_path, ["a", "a_left"])) == {
        "a": MAIN,
        "a_left": [3, 3],
    }


GAPS = [None, 1, None, None, None, 2, None]


def test_frames_without_a_face_are_those_of_annotate(tmp_path: Path) -> None:
    made = annotation(GAPS)
    prediction = read_template_predictions(as_parquet(tmp_path, made), ["a"]).found["a"]
    assert prediction.labels.tolist() == frame_labels(made, 0, "fill").tolist()
    assert prediction.filled.tolist() == [label is None for label in GAPS]


@pytest.mark.parametrize("names", [["a"], ["a", "a_right"], ["a_left", "a_right"]])
def test_gaps_that_annotate_was_told_to_leave_are_filled_as_it_fills_them(
    tmp_path: Path, names: list[str]
) -> None:
    seconds = [5, None, 6, None, 6, 6, None]
    filled = read_template_predictions(
        as_parquet(tmp_path / "fill", annotation(GAPS, seconds)), names
    ).found
    left = annotation(GAPS, seconds, missing="none")
    found = read_template_predictions(as_parquet(tmp_path / "none", left), names).found
    assert list(found) == names
    for name in names:
        assert found[name].labels.tolist() == filled[name].labels.tolist()
        assert found[name].filled.tolist() == filled[name].filled.tolist()


def test_gaps_of_text_take_the_nearest_label(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.txt", np.array([-1, 1, -1, -1, -1, 2, -1]))
    write_labels(tmp_path / "b.txt", np.array([-1, -1]))
    predictions = read_template_predictions(tmp_path, ["a", "b"])
    assert labels(predictions) == {"a": [1, 1, 1, 1, 2, 2, 2], "b": [0, 0]}
    assert predictions.found["a"].filled.tolist() == [True, False, True, True, True, False, True]
    assert any("does not tell in which frames nobody was seen" in one for one in predictions.notes)


def test_frames_before_a_start_take_the_nearest_label(tmp_path: Path) -> None:
    prediction = read_template_predictions(
        as_parquet(tmp_path, annotation([4, 5], first_frame=3)), ["a"]
    ).found["a"]
    assert prediction.labels.tolist() == [4, 4, 4, 4, 5]
    assert prediction.filled.tolist() == [True] * 3 + [False] * 2


def test_a_predictions_file_is_read(tmp_path: Path) -> None:
    block = Block("a", np.arange(3), np.array([1, -1, 2]))
    write_predictions(tmp_path / "p.txt", [block])
    assert labels(read_template_predictions(tmp_path / "p.txt", ["a"])) == {"a": [1, 1, 2]}


def test_names_are_the_templates_however_unicode_spells_them(tmp_path: Path) -> None:
    folder = texts(tmp_path, **{"cafe\u0301": [1, 2], "cafe\u0301_left": [3, 4]})
    wanted = template(**{"caf\u00e9": 2, "caf\u00e9_left": 2})
    submission = build_submission(folder, wanted, EDITIONS[6])
    assert [one.name for one in submission.blocks] == ["caf\u00e9", "caf\u00e9_left"]
