"""Rows, order and counts are the template's, and every frame that is not as annotated is named."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submissions import annotation, template

from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import FormatError, SourceError
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, read_predictions, write_predictions
from videxpr.submission.build import ChangedFrames, Submission, build_submission
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
    options = OutputOptions(folder, ("predictions",))
    source = Source(Path("a.mp4"), "video", PurePosixPath("a.mp4"), "a")
    outputs = Outputs(options)
    outputs.template = wanted
    outputs.write(source, annotation(main, second))
    outputs.finish()
    write_parquet(folder / "p" / "a.parquet", annotation(main, second, missing=missing))
    submission = build_submission(folder / "p", wanted, EDITIONS[6])
    write_predictions(folder / "mine.txt", submission.blocks)
    assert (folder / "mine.txt").read_bytes() == (folder / "predictions.txt").read_bytes()
    assert all(min(one.labels) >= 0 for one in read_predictions(folder / "mine.txt"))
