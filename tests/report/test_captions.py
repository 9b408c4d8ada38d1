"""What is said of frames."""

import numpy as np
import pytest
from records import annotation, changed, clock

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.intervals import frame_edges
from videxpr.report.captions import captions, clock_text, shown_name


def test_each_frame_has_its_time_and_its_faces_by_rank() -> None:
    record = (
        annotation()
    )  # frames 5 to 9: one face, two, nobody, one bridged without a time, nobody
    found = list(captions(record, "clip.mp4"))
    assert [one.frame for one in found] == [5, 6, 7, 8, 9]
    assert [len(one.faces) for one in found] == [1, 2, 0, 1, 0]
    assert [one.person for one in found[1].faces] == [1, 2]
    assert found[3].faces[0].box is None and found[0].faces[0].box.shape == (4,)
    assert all(one.video == "clip.mp4" for one in found)
    face = found[0].faces[0]
    assert face.expression == EXPRESSIONS[record.faces.label[0]]
    assert face.confidence == pytest.approx(np.nanmax(record.faces.smoothed[0]))


def test_times_are_those_of_intervals_and_rise_where_the_files_own_do_not() -> None:
    # the fourth frame has no time of its own
    untimed = changed(annotation(), container_start_seconds=0.1)
    pts = np.array([0.2, 0.24, 0.28, 0.1, 0.14])
    back = changed(untimed, pts_seconds=pts, seconds=clock(pts))
    for record in (untimed, back):
        found = [one.seconds for one in captions(record, "")]
        assert found == frame_edges(record)[:-1].tolist()
        assert found == pytest.approx([0.1, 0.14, 0.18, 0.22, 0.26])


def test_a_stretch_is_named() -> None:
    assert shown_name(annotation()) == "folder/clip.mp4"
    part = changed(annotation(), provenance={"segment": "film"})
    assert shown_name(part) == "folder/clip.mp4 (film)"
    assert shown_name(changed(annotation(), video="two\nlines")) == "two\\nlines"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.000"),
        (4.92, "0:04.920"),
        (59.9996, "1:00.000"),
        (3723.004, "1:02:03.004"),
    ],
)
def test_times_for_people(seconds, text) -> None:
    assert clock_text(seconds) == text
