"""Persons under the organizers' names, and rows cut or padded to their counts."""

from typing import Literal

import numpy as np
import pytest

from videxpr.core.errors import FormatError
from videxpr.datasets.affwild2.template import TemplateMatch, fit_labels, match_template
from videxpr.formats.label_runs import TextLabels, runs_of
from videxpr.formats.predictions import Block

Side = Literal["left", "right"] | None


def texts(main: list[int], second: list[int] | None = None, first: int = 0) -> TextLabels:
    """The labels of the main and of the second person in every frame."""
    runs = [runs_of(np.array(labels)) if labels else "" for labels in (main, second)]
    return TextLabels(first, runs[0], runs[1], "left" if second else None)


def rows(name: str, frames: list[int]) -> Block:
    return Block(name, np.array(frames, np.int64), np.zeros(len(frames), np.int64))


def written(block: Block) -> tuple[str, list[int], list[int]]:
    assert block.frames is not None and block.labels is not None
    return block.name, block.frames.tolist(), block.labels.tolist()


def fitted(
    match: TemplateMatch, labels: TextLabels, force: bool = False
) -> tuple[Block, list[str]]:
    fit = match.fit(labels, force, open_end=False)
    return fit.block, fit.notes


LABELS = [3, 4, 5, 6, 7]


@pytest.mark.parametrize("wanted", [None, Block("a", None, None)], ids=["none", "list of names"])
def test_without_rows_every_frame_is_written(wanted: Block | None) -> None:
    match = TemplateMatch("a", 0, "", wanted)
    block, notes = fitted(match, texts(LABELS))
    assert written(block) == ("a", [0, 1, 2, 3, 4], LABELS) and notes == []
    late, notes = fitted(match, texts(LABELS, first=10))
    assert written(late) == ("a", [10, 11, 12, 13, 14], LABELS) and notes == []


@pytest.mark.parametrize(
    ("count", "expected", "note"),
    [
        (5, [3, 4, 5, 6, 7], None),
        (6, [3, 4, 5, 6, 7, 7], "a: 1 frames padded by the nearest label"),
        (7, [3, 4, 5, 6, 7, 7, 7], "a: 2 frames padded by the nearest label"),
        (4, [3, 4, 5, 6], "a: 1 frames cut"),
        (3, [3, 4, 5], "a: 2 frames cut"),
    ],
)
def test_up_to_two_frames_are_padded_or_cut_and_it_is_said(
    count: int, expected: list[int], note: str | None
) -> None:
    match = TemplateMatch("a", 0, "", rows("a", list(range(count))))
    block, notes = fitted(match, texts(LABELS))
    assert written(block) == ("a", list(range(count)), expected)
    assert notes == ([] if note is None else [f"{note} to fit the template"])


@pytest.mark.parametrize(
    ("count", "expected"), [(2, [3, 4]), (8, [3, 4, 5, 6, 7, 7, 7, 7]), (1, [3])]
)
def test_a_larger_difference_is_an_error_unless_forced(count: int, expected: list[int]) -> None:
    match = TemplateMatch("a", 0, "", rows("a", list(range(count))))
    with pytest.raises(FormatError, match=f"wants {count} frames of a, but 5 are annotated"):
        fitted(match, texts(LABELS))
    block, notes = fitted(match, texts(LABELS), force=True)
    assert written(block) == ("a", list(range(count)), expected)
    assert len(notes) == 1 and notes[0].startswith(f"a: {abs(count - 5)} frames ")


def test_rows_keep_the_order_and_the_gaps_of_the_template() -> None:
    match = TemplateMatch("a", 0, "", rows("a", [4, 0, 2]))
    block, notes = fitted(match, texts(LABELS))
    assert written(block) == ("a", [4, 0, 2], [7, 3, 5]) and notes == []


def test_frames_before_a_start_do_not_shift_the_others() -> None:
    match = TemplateMatch("a", 0, "", rows("a", list(range(7))))
    block, _ = fitted(match, texts(LABELS, first=2))
    assert written(block) == ("a", list(range(7)), [3, 3, 3, 4, 5, 6, 7])


def test_every_frame_that_is_padded_or_cut_is_known() -> None:
    padded = fit_labels("a", np.array(LABELS), rows("a", [6, 0, 5, 2]), 0, force=False)
    assert written(padded.block) == ("a", [6, 0, 5, 2], [7, 3, 7, 5])
    assert (padded.padded.tolist(), padded.cut.tolist()) == ([5, 6], [])
    late = fit_labels("a", np.array(LABELS), rows("a", [0, 1, 2, 3]), 2, force=False)
    assert (late.padded.tolist(), late.cut.tolist()) == ([0, 1], [4, 5, 6])
    whole = fit_labels("a", np.array(LABELS), None, 0, force=False)
    assert (whole.padded.tolist(), whole.cut.tolist()) == ([], [])


def test_nothing_can_be_padded_with_nothing() -> None:
    with pytest.raises(FormatError, match="wants 1 frames of a, but 0"):
        fit_labels("a", np.zeros(0, np.int64), rows("a", [0]), 0, force=True)


def test_a_second_person_has_labels_of_their_own() -> None:
    match = TemplateMatch("a_left", 1, "_left", rows("a_left", [0, 1, 2]))
    block, _ = fitted(match, texts([1, 1, 1], second=[6, 6, -1]))
    assert written(block) == ("a_left", [0, 1, 2], [6, 6, -1])


def found(template: list[str], second: Side) -> tuple[dict[str, int], list[str]]:
    """Ranks by name, for the video ``a``; the rows behind them are those of the template."""
    blocks = [rows(name, [0]) for name in template]
    matches, notes = match_template("a", blocks, second)
    for match in matches:
        assert match.name == f"a{match.side}"
        assert match.wanted is next((one for one in blocks if one.name == match.name), None)
    return {match.name: match.rank for match in matches}, notes


@pytest.mark.parametrize(
    ("template", "second", "expected"),
    [
        (["b", "a"], None, {"a": 0}),
        (["b", "a"], "left", {"a": 0}),
        (["a_left"], "right", {"a_left": 0}),
        (["a_left"], "left", {"a_left": 1}),
        (["a_left", "a_right"], "left", {"a_left": 1, "a_right": 0}),
        (["a_right", "a_left"], "right", {"a_left": 0, "a_right": 1}),
        (["a", "a_right"], "right", {"a": 0, "a_right": 1}),
        (["a", "a_right"], "left", {"a": 0, "a_right": 1}),
    ],
)
def test_names_mean_the_main_person_or_the_one_on_their_side(
    template: list[str], second: Side, expected: dict[str, int]
) -> None:
    assert found(template, second) == (expected, [])


@pytest.mark.parametrize("template", [["a_left"], ["a", "a_right"], ["a_left", "a_right"]])
def test_a_side_without_a_second_person_is_remarked_on(template: list[str]) -> None:
    ranks, notes = found(template, None)
    assert ranks == dict.fromkeys(template, 0)
    assert len(notes) == 1 and "asks for a side of a" in notes[0] and "--people 2" in notes[0]


@pytest.mark.parametrize("template", [[], ["b", "ab", "a_middle", "b_left"]])
def test_a_video_that_the_template_does_not_know_is_remarked_on(template: list[str]) -> None:
    assert found(template, "left") == ({"a": 0}, ["the template does not name a"])
