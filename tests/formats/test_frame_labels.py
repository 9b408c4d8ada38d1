"""One label a frame, from made-up rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import changed, record_of

from videxpr.formats.frame_labels import (
    Missing,
    frame_labels,
    frame_probabilities,
    padded_labels,
    second_side,
    with_smoothed,
)
from videxpr.formats.record import Annotation, FaceRows

nan = float("nan")
Rows = list[tuple[int, int, int, float]]
"""Frame, rank, label and horizontal middle (NaN if bridged) of each face."""


def annotation(
    rows: Rows, count: int, first_frame: int = 0, shots: list[int] | None = None
) -> Annotation:
    """A video in which each row's label is rather sure; `probabilities` say something else."""
    frames, ranks, labels, middles = (
        np.array(column) for column in (zip(*rows, strict=True) if rows else ([], [], [], []))
    )
    smoothed = np.full((len(rows), 8), 0.05, np.float32)
    smoothed[np.arange(len(rows)), labels.astype(np.int64)] = 0.65
    boxes = np.column_stack([middles - 40, middles * 0, middles + 40, middles * 0 + 80])
    faces = FaceRows(
        frame=frames.astype(np.int64),
        track=ranks.astype(np.int64) + 1,
        person=ranks.astype(np.int64) + 1,
        rank=ranks.astype(np.int64),
        bbox=boxes.astype(np.float32).reshape(len(rows), 4),
        landmarks=np.full((len(rows), 10), nan, np.float32),
        score=np.full(len(rows), 0.9, np.float32),
        bridged=np.isnan(middles.astype(np.float64)),
        probabilities=smoothed[:, ::-1].copy(),
        smoothed=smoothed,
    )
    return record_of(
        video="a.mp4",
        first_frame=first_frame,
        pts_seconds=(first_frame + np.arange(count)) / 25,
        seconds=np.arange(count) / 25,
        shots=np.array(shots or [0] * count),
        faces=faces,
    )


def one_person(*labels: int | None, **others: int | list[int] | None) -> Annotation:
    """A label for each frame in which the main person was seen."""
    first = others.get("first_frame") or 0
    assert isinstance(first, int)
    rows = [(first + n, 0, label, 100.0) for n, label in enumerate(labels) if label is not None]
    return annotation(rows, len(labels), **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["fill", "none"])
def test_every_frame_that_was_seen_has_the_most_probable_smoothed_expression(
    missing: Missing,
) -> None:
    labels = list(range(8))
    assert frame_labels(one_person(*labels), 0, missing).tolist() == labels


@pytest.mark.parametrize(
    ("people", "labels"),
    [([1, 1, 2], [0] * 5 + [1] * 3), ([1, 1, 1], [0] * 6 + [1] * 2)],
)
def test_between_two_persons_the_nearer_one_is_taken_and_nothing_interpolated(
    people: list[int], labels: list[int]
) -> None:
    made = annotation([(0, 0, 0, 100.0), (1, 0, 0, 100.0), (7, 0, 1, 400.0)], 8)
    faces = replace(made.faces, person=np.array(people))
    weaker = faces.smoothed.copy()
    weaker[2, 1] = 0.3  # so that halfway the first one's label is still the largest
    made = changed(made, faces=replace(faces, smoothed=weaker))
    assert frame_labels(made, 0, "fill").tolist() == labels


def test_a_person_who_comes_after_a_cut_has_the_whole_shot() -> None:
    rows = [(0, 0, 3, 100.0), (7, 0, 5, 400.0)]
    made = annotation(rows, 8, shots=[0, 0, 0, 1, 1, 1, 1, 1])
    made = changed(made, faces=replace(made.faces, person=np.array([1, 2])))
    assert frame_labels(made, 0, "fill").tolist() == [3] * 3 + [5] * 5


def test_none_gives_minus_one_to_frames_without_the_person() -> None:
    gaps = one_person(None, 3, None, None, 5, None)
    assert frame_labels(gaps, 0, "none").tolist() == [-1, 3, -1, -1, 5, -1]


def test_fill_interpolates_inside_a_shot_and_holds_at_its_edges() -> None:
    gaps = one_person(None, 3, None, None, 5, None)
    assert frame_labels(gaps, 0, "fill").tolist() == [3, 3, 3, 5, 5, 5]


def test_fill_goes_by_time_and_not_by_count() -> None:
    gaps = one_person(3, None, None, 5)
    times = np.array([0.0, 0.1, 0.2, 1.0])
    late = changed(gaps, pts_seconds=times, seconds=times)
    assert frame_labels(late, 0, "fill").tolist() == [3, 3, 3, 5]
    unknown = changed(gaps, pts_seconds=np.full(4, nan), seconds=np.arange(4) / 30)
    assert frame_labels(unknown, 0, "fill").tolist() == [3, 3, 5, 5]


def test_fill_does_not_reach_across_a_cut_unless_the_shot_is_empty() -> None:
    cut = one_person(3, None, None, None, None, 5, None, shots=[0, 0, 0, 0, 1, 1, 2])
    assert frame_labels(cut, 0, "fill").tolist() == [3, 3, 3, 3, 5, 5, 5]


def test_a_bridged_frame_counts_as_seen() -> None:
    bridged = annotation([(0, 0, 2, 100.0), (1, 0, 4, nan)], 3)
    assert frame_labels(bridged, 0, "none").tolist() == [2, 4, -1]


def test_a_video_without_anybody_is_neutral_or_minus_one_throughout() -> None:
    assert frame_labels(annotation([], 4), 0, "fill").tolist() == [0, 0, 0, 0]
    assert frame_labels(annotation([], 4), 0, "none").tolist() == [-1, -1, -1, -1]
    assert frame_labels(one_person(3, 3), 1, "fill").tolist() == [0, 0]


def test_a_person_who_was_never_seen_has_no_filled_label_and_is_neutral_in_text_alone() -> None:
    assert annotation([], 3).filled_labels.tolist() == [[-1, -1]] * 3
    assert one_person(3, None).filled_labels.tolist() == [[3, -1], [3, -1]]


def test_what_the_paper_answers_stands_in_every_frame_of_the_main_person() -> None:
    both = annotation([(0, 0, 1, 100.0), (0, 1, 6, 300.0)], 3)
    paper = np.eye(8, dtype=np.float32)[[1, 4, 2]]
    every = changed(both, paper_probabilities=paper)
    assert every.filled_labels.tolist() == [[1, 6], [4, 6], [2, 6]]
    assert frame_labels(every, 0, "fill").tolist() == [1, 4, 2]
    assert frame_labels(every, 0, "none").tolist() == [1, -1, -1]


def test_other_smoothed_probabilities_fill_frames_anew() -> None:
    gap = one_person(3, None, 5)
    other = with_smoothed(gap, gap.faces.smoothed[:, ::-1].copy())
    assert other.filled_labels[:, 0].tolist() == [4, 2, 2]


def test_a_class_that_was_never_trained_is_never_the_answer() -> None:
    known = one_person(3, None, 5)
    smoothed = known.faces.smoothed.copy()
    smoothed[:, [0, 7]] = nan
    known = changed(known, faces=replace(known.faces, smoothed=smoothed))
    assert frame_labels(known, 0, "fill").tolist() == [3, 3, 5]
    assert frame_labels(known, 0, "none").tolist() == [3, -1, 5]


def test_each_person_has_labels_of_their_own() -> None:
    both = annotation([(0, 0, 1, 100.0), (0, 1, 6, 300.0), (2, 1, 6, 300.0)], 3)
    assert frame_labels(both, 0, "none").tolist() == [1, -1, -1]
    assert frame_labels(both, 1, "none").tolist() == [6, -1, 6]
    np.testing.assert_array_equal(
        np.isnan(frame_probabilities(both.faces, 1, 0, 3)).all(axis=1), [False, True, False]
    )


@pytest.mark.parametrize("missing", ["fill", "none"])
def test_frames_before_the_start_are_not_annotated(missing: Missing) -> None:
    late = one_person(4, 5, first_frame=3)
    assert frame_labels(late, 0, missing).tolist() == [4, 5]
    assert padded_labels(late, 0, missing).tolist() == [-1, -1, -1, 4, 5]


@given(st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=1, max_size=40))
def test_filling_keeps_what_was_seen_and_leaves_no_gap(labels: list[int | None]) -> None:
    filled = frame_labels(one_person(*labels), 0, "fill").tolist()
    kept = frame_labels(one_person(*labels), 0, "none").tolist()
    assert kept == [-1 if label is None else label for label in labels]
    seen = [label for label in labels if label is not None]
    assert set(filled) <= set(seen or [0])
    assert all(label in (None, answer) for label, answer in zip(labels, filled, strict=True))


@pytest.mark.parametrize(
    ("main", "second", "side"),
    [
        ([100, 120], [300, 320], "right"),
        ([300, 320], [100, 120], "left"),
        ([200, nan], [150], "left"),
    ],
)
def test_the_second_person_stands_where_their_mean_position_is(
    main: list[float], second: list[float], side: str
) -> None:
    people = [(frame, 0, 1, x) for frame, x in enumerate(main)]
    people += [(frame, 1, 1, x) for frame, x in enumerate(second)]
    assert second_side(annotation(people, 2)) == side


@pytest.mark.parametrize(
    "rows",
    [[], [(0, 0, 1, 100.0)], [(0, 1, 1, 100.0)], [(0, 0, 1, 100.0), (0, 1, 1, nan)]],
    ids=["nobody", "only one", "only the second", "no position"],
)
def test_without_two_positions_there_is_no_side(rows: Rows) -> None:
    assert second_side(annotation(rows, 2)) is None
