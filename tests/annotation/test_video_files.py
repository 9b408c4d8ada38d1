"""The files of a video: how they see it, and what becomes of those that cannot hold it."""

import csv
import re

from interval_records import read_eaf
from stub_runs import StubAnnotator, run, video

from videxpr.annotation.batch.plan import make_plan
from videxpr.annotation.batch.status import read_status
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.temporal.options import IntervalOptions
from videxpr.video.search import find_sources

EVERY = IntervalOptions(min_seconds=0.0)
LINK = re.compile('RELATIVE_MEDIA_URL="(.*?)"')


def test_the_video_is_linked_from_where_the_file_will_be(tmp_path):
    source, out = video(tmp_path / "in/a/talk.mp4"), tmp_path / "out"
    run(out, source.parents[1], formats=("eaf", "srt"), intervals=EVERY)
    assert LINK.search((out / "a/talk.eaf").read_text())[1] == "../../in/a/talk.mp4"
    assert read_eaf(out / "a/talk.eaf") == [(0, 120, "Person 1", "Happiness")]
    assert (out / "a/talk.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:00,120\n")


REFUSED = "talk.mp4: the record does not say the frame size, which label-studio needs"


def said(out, source, *formats, **options):
    """What a run says of a video, and when its table was written; -1 where there is none."""
    result = run(out, source, formats=formats, intervals=EVERY, **options)
    table = out / "talk.csv"
    return result.said["talk.mp4"], table.stat().st_mtime_ns if table.exists() else -1


def names_in(out):
    return sorted(path.name for path in out.iterdir())


def test_what_a_format_cannot_hold_costs_that_format_alone(tmp_path):
    source, out = video(tmp_path / "talk.mp4"), tmp_path / "out"
    error, written = said(out, source, "csv", "label-studio")
    assert error.startswith(REFUSED)
    assert names_in(out) == ["run.jsonl", "summary.csv", "talk.csv"]
    with (out / "summary.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["frames"], row["error"]) == ("3", error)
    # it is not made again, nor is it passed over in silence
    assert said(out, source, "csv", "label-studio") == (error, written)
    assert said(out, source, "csv") == ("skipped", written)
    again, later = said(out, source, "csv", "label-studio", retry_failed=True)
    assert again == error and later > written


def test_what_no_format_can_hold_is_known_and_other_formats_come_later(tmp_path):
    source, out = video(tmp_path / "talk.mp4"), tmp_path / "out"
    error, _ = said(out, source, "label-studio")
    assert error.startswith(REFUSED) and names_in(out) == ["run.jsonl", "summary.csv"]
    assert said(out, source, "label-studio") == (error, -1)
    done, written = said(out, source, "csv")
    assert done == "done" and written > 0
    assert said(out, source, "csv", "label-studio") == (error, written)


def test_a_plan_and_a_status_say_what_a_format_cannot_hold(tmp_path):
    source, out = video(tmp_path / "talk.mp4"), tmp_path / "out"
    error, _ = said(out, source, "csv", "label-studio")
    options = OutputOptions(out, ("csv", "label-studio"), intervals=EVERY)
    outputs = Outputs(options, StubAnnotator().setup)
    sources = find_sources([str(source)])
    outputs.check(sources)
    (step,) = make_plan(sources, outputs, 1)
    assert (step.action, step.reason) == ("fail", f"{error}; its other files are there")
    assert read_status([out]).refused == (error,)
