"""What is written again, and what is there already."""

from dataclasses import replace

import pytest
from stub_runs import run, video

from videxpr.core.errors import UsageError
from videxpr.temporal.options import IntervalOptions

EVERY = IntervalOptions(min_seconds=0.0)


def test_other_intervals_are_other_results_where_intervals_were_written(tmp_path):
    source, out = video(tmp_path / "talk.mp4"), tmp_path / "out"
    run(out, source, formats=("srt",), intervals=EVERY)
    assert run(out, source, formats=("srt",), intervals=EVERY).said == {"talk.mp4": "skipped"}
    longer = replace(EVERY, min_seconds=0.5)
    with pytest.raises(UsageError, match=r"with --min-duration 0, not 0\.5"):
        run(out, source, formats=("srt",), intervals=longer)
    run(out, source, formats=("srt",), intervals=longer, redo_changed=True)
    assert (out / "talk.srt").read_text() == ""


def test_intervals_are_no_matter_to_other_formats(tmp_path):
    source, out = video(tmp_path / "talk.mp4"), tmp_path / "out"
    run(out, source, formats=("csv",), intervals=EVERY)
    assert run(out, source, formats=("csv",)).said == {"talk.mp4": "skipped"}
