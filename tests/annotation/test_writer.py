"""Files of intervals among the results of a run: where they are made from, and when made again."""

import re
from dataclasses import replace

import pytest
from interval_records import read_eaf
from stub_runs import run, video

from videxpr.core.errors import UsageError
from videxpr.temporal.options import IntervalOptions

EVERY = IntervalOptions(min_seconds=0.0)
LINK = re.compile('RELATIVE_MEDIA_URL="(.*?)"')


def test_the_video_is_linked_from_where_the_file_will_be(tmp_path):
    source, out = video(tmp_path / "in/a/talk.mp4"), tmp_path / "out"
    run(out, source.parents[1], formats=("eaf", "srt"), intervals=EVERY)
    assert LINK.search((out / "a/talk.eaf").read_text())[1] == "../../in/a/talk.mp4"
    assert read_eaf(out / "a/talk.eaf") == [(0, 120, "Person 1", "Happiness")]
    assert (out / "a/talk.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:00,120\n")


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


def test_what_a_format_cannot_hold_is_that_videos_failure(tmp_path):
    source = video(tmp_path / "talk.mp4")
    said = run(tmp_path / "out", source, formats=("label-studio",), intervals=EVERY).said
    assert "does not say the frame size, which label-studio needs" in said["talk.mp4"]
