"""When frames of an overlay are shown."""

from fractions import Fraction

import numpy as np
import pytest
from recorded import rows_of
from records import clock, record_of

from videxpr.core.errors import SourceError
from videxpr.formats.record import Annotation
from videxpr.report.overlay.times import is_stretch, overlay_times

MILLISECONDS = Fraction(1, 1000)


def record(pts: list[float], options: str = "{}", **more) -> Annotation:
    times = np.array(pts)
    fields = {"first_frame": 0, "last_frame_seconds": 0.5, "container_start_seconds": 0.0} | more
    return record_of(
        video="a.mp4",
        pts_seconds=times,
        seconds=clock(times),
        shots=np.zeros(len(pts), np.int64),
        faces=rows_of([]),
        provenance={"options": options},
        **fields,
    )


@pytest.mark.parametrize(
    ("pts", "more", "stamps", "shift"),
    [
        ([0.12, 0.2, 0.31], {}, [120, 200, 310], 0),
        ([10.12, 10.2, 10.31], {"container_start_seconds": 10.05}, [120, 200, 310], 10),
        ([10.12, 10.2, 10.31], {"container_start_seconds": 0.0}, [10120, 10200, 10310], 0),
        ([-0.5, 0.2, 0.31], {}, [500, 1200, 1310], -1),
        ([61.12, 61.2, 61.31], {"options": '{"start": 61.1}'}, [120, 200, 310], 61),
    ],
)
def test_whole_seconds_before_the_start_are_taken_off(pts, more, stamps, shift) -> None:
    times = overlay_times(record(pts, **more), MILLISECONDS)
    assert (times.stamps.tolist(), times.shift_seconds) == (stamps, shift)
    assert times.end == stamps[-1] + 500 and times.time_base == MILLISECONDS
    said = {0: (), -1: ("times are those of the video, plus 1 s",)}
    less = (f"times are those of the video, less {shift} s",)
    assert times.notes == said.get(shift, less) and times.are_sources


def test_ticks_that_mp4_cannot_hold_are_made_ones_that_it_can() -> None:
    times = overlay_times(record([0.0, 0.1]), Fraction(1001, 30000))
    assert times.time_base == Fraction(1, 30000)
    fine = overlay_times(record([0.0, 1e-7, 2e-7, 1.0]), Fraction(1, 10_000_000))
    assert fine.time_base == Fraction(1, 90000)
    assert fine.stamps.tolist() == [0, 1, 2, 90000]  # none stands still


def test_times_that_jump_back_are_those_of_the_clock() -> None:
    for pts in ([0.0, 0.04, 0.02, 0.06], [0.0, np.nan, 0.08, 0.12]):
        made = record(pts, last_frame_seconds=None)
        times = overlay_times(made, MILLISECONDS)
        assert times.stamps.tolist() == np.round(made.seconds * 90000).tolist()
        assert "without rising" in times.notes[0] and times.end > times.stamps[-1]
        assert not times.are_sources


def test_a_gap_that_mp4_cannot_hold_is_an_error_that_names_it() -> None:
    base = Fraction(1, 90000)
    error = r"a\.mp4: frame 1 at 0\.040 s lasts for 23861 s, longer than MP4 can hold"
    with pytest.raises(SourceError, match=error):
        overlay_times(record([0.0, 0.04, 23861.0, 23861.04]), base)
    assert len(overlay_times(record([0.0, 0.04, 23860.0]), base).stamps) == 3


def test_a_frame_alone_lasts_a_while() -> None:
    times = overlay_times(record([0.0], last_frame_seconds=None), MILLISECONDS)
    assert (times.stamps.tolist(), times.end, times.fps) == ([0], 40, pytest.approx(25))


def test_a_stretch_is_known_by_its_options() -> None:
    assert not is_stretch(record([0.0]))
    assert is_stretch(record([0.0], options='{"end": 3.0}'))
    assert is_stretch(record([0.0], first_frame=3))
