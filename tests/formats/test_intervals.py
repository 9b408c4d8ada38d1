"""Intervals of records: times from the start of the file, quality, and one truth in every format."""

import numpy as np
import pytest
from interval_records import FPS, READERS, TWO_PEOPLE, recording, two_people
from records import annotation, changed, nobody

from videxpr.formats.intervals import (
    IntervalSettings,
    frame_edges,
    intervals_of,
    media_of,
    path_from,
    rows_of,
)
from videxpr.formats.writers import FORMATS, format_of
from videxpr.temporal.options import IntervalOptions

PLAIN = IntervalOptions()
nan = float("nan")


def test_every_format_of_intervals_is_read_back_here():
    made = {one.suffix for one in FORMATS if one.scope == "intervals"}
    assert made == {*READERS, ".label-studio.xml"}


@pytest.mark.parametrize("suffix", READERS)
def test_every_format_says_the_same(tmp_path, suffix):
    path = tmp_path / f"talk{suffix}"
    two_people().save(path)
    assert READERS[suffix](path) == TWO_PEOPLE


@pytest.mark.parametrize("suffix", READERS)
def test_nobody_gives_a_file_without_intervals(tmp_path, suffix):
    path = tmp_path / f"talk{suffix}"
    recording({}).save(path)
    assert READERS[suffix](path) == []


def test_times_count_from_the_earliest_sound_or_picture():
    audio_first = recording(
        {1: [(0, 100, "Neutral")]},
        pts_seconds=np.arange(100) / FPS + 0.5,
        container_start_seconds=0.2,
    )
    (one,) = intervals_of(audio_first, PLAIN)
    assert (one.start_seconds, one.end_seconds) == (pytest.approx(0.3), pytest.approx(4.3))


def test_the_last_frame_lasts_as_long_as_the_file_says_or_as_others():
    edges = frame_edges(changed(annotation(), last_frame_seconds=0.5))
    assert edges[-1] - edges[-2] == pytest.approx(0.5)
    edges = frame_edges(changed(annotation(), last_frame_seconds=None))
    assert edges[-1] - edges[-2] == pytest.approx(0.04)


def test_frames_without_times_count_from_the_first_frame_of_the_file():
    frames = {"first_frame": 50, "pts_seconds": np.full(100, nan), "seconds": np.arange(100) / FPS}
    untimed = recording({1: [(0, 100, "Neutral")]}, **frames)
    assert frame_edges(untimed)[[0, -1]] == pytest.approx([2.0, 6.0])


def test_a_start_keeps_the_times_of_the_file():
    late = recording({1: [(0, 100, "Neutral")]}, first_frame=250)
    (one,) = intervals_of(late, PLAIN)
    assert (one.start_seconds, one.end_seconds) == (10.0, pytest.approx(14.0))


def test_quality_is_confidence_less_what_a_small_face_lacks():
    (row,) = rows_of(recording({1: [(0, 100, "Anger")]}), PLAIN)
    assert row == {
        "video": "folder/talk é.mp4",
        **{"start": 0.0, "end": 4.0, "duration": 4.0, "expression": "Anger"},
        **{"mean_probability": 0.86, "peak_probability": 0.86, "person": 1, "shot": 0},
        **{"coverage": 1.0, "quality": 0.4},  # 56 of 112 pixels
    }


def test_quality_of_crops_is_not_known(tmp_path):
    crops = recording({1: [(0, 100, "Anger")]}, provenance={"detector": "none (aligned crops)"})
    crops.faces.bbox[:] = crops.faces.score[:] = nan
    (row,) = rows_of(crops, PLAIN)
    assert row["quality"] is None and media_of(crops, IntervalSettings()) == ""
    crops.save(tmp_path / "talk.intervals.csv")
    assert (tmp_path / "talk.intervals.csv").read_text("utf-8").endswith(",1.0,\n")


def test_a_person_stays_one_whatever_the_rank():
    moved = recording({1: [(0, 100, "Neutral")]})
    moved.faces.rank[50:] = 1
    assert len(intervals_of(moved, PLAIN)) == 1
    assert intervals_of(nobody(), PLAIN) == []


def test_names_that_a_spreadsheet_would_run_are_guarded(tmp_path):
    recording({1: [(0, 50, "Fear")]}, video="=1+2.mp4").save(tmp_path / "a.intervals.csv")
    assert "\n'=1+2.mp4,0.0,2.0,2.0,Fear," in (tmp_path / "a.intervals.csv").read_text()


@pytest.mark.parametrize(
    ("video", "folder", "seen"),
    [
        ("in/a/talk.mp4", "out/a", "../../in/a/talk.mp4"),
        ("in/talk.mp4", "in", "./talk.mp4"),
        ("in/b/talk.mp4", "in", "./b/talk.mp4"),
    ],
)
def test_media_are_named_from_the_folder_of_the_file(tmp_path, video, folder, seen):
    assert path_from(tmp_path / video, tmp_path / folder) == seen


def test_save_knows_the_formats(tmp_path):
    assert format_of(tmp_path / "talk.eaf").name == "eaf"
