"""Labels are the same when they are read back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import annotation, annotations, changed, face_rows, nobody

from videxpr.formats.frame_labels import frame_labels, second_side
from videxpr.formats.label_runs import labels_in, runs_of, text_labels


@pytest.mark.parametrize(
    ("labels", "runs"), [([], ""), ([4], "4x1"), ([0, 0, 0, -1, 7, 7], "0x3 -1x1 7x2")]
)
def test_runs_are_a_label_and_how_often_it_comes(labels, runs):
    assert runs_of(np.array(labels, np.int64)) == runs


@given(labels=st.lists(st.integers(-1, 7)))
def test_runs_are_read_back(labels):
    assert labels_in(runs_of(np.array(labels, np.int64))).tolist() == labels


@given(annotated=annotations(), missing=st.sampled_from(["fill", "none"]))
def test_what_text_says_is_kept(annotated, missing):
    found = text_labels(annotated, missing)
    assert found.first_frame == annotated.first_frame
    assert found.of_rank(0).tolist() == frame_labels(annotated, 0, missing).tolist()
    side = second_side(annotated) if annotated.people == 2 else None
    assert found.side == side
    if side is not None:
        assert found.of_rank(1).tolist() == frame_labels(annotated, 1, missing).tolist()


def test_a_second_person_counts_where_two_are_asked_for():
    faces = face_rows([5, 6, 6, 8], [0, 0, 1, 0], [False] * 4)
    two = changed(annotation(), faces=faces)
    assert text_labels(two, "none").second.startswith("-1x1 ")
    assert text_labels(changed(two, people=1), "none").second == ""
    assert text_labels(nobody(), "none").main == "-1x5"
