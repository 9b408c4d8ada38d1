"""BORIS's project and rows: what its own check of a project looks at, and what its pasting refuses."""

import json
from collections import Counter

from interval_records import recording, two_people

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.boris import write_project, write_rows
from videxpr.formats.intervals import IntervalSettings


def project(path, annotation, media="../in/talk.mp4"):
    write_project(path, annotation, IntervalSettings(media=media))
    return json.loads(path.read_text(encoding="ascii"))


def test_codes_and_subjects_of_events_are_those_of_the_project(tmp_path):
    found = project(tmp_path / "talk.boris", two_people())
    assert found["project_format_version"] == "7.0"
    (observation,) = found["observations"].values()
    codes = [one["code"] for one in found["behaviors_conf"].values()]
    assert tuple(codes) == EXPRESSIONS
    assert {one["type"] for one in found["behaviors_conf"].values()} == {"State event"}
    keys = [one["key"] for one in found["behaviors_conf"].values()]
    assert len(set(keys)) == 8 and all(len(key) == 1 for key in keys)
    subjects = {one["name"] for one in found["subjects_conf"].values()}
    assert {event[1] for event in observation["events"]} == subjects == {"Person 1", "Person 2"}
    assert {event[2] for event in observation["events"]} <= set(codes)


def test_an_expression_excludes_the_others(tmp_path):
    anger = project(tmp_path / "talk.boris", two_people())["behaviors_conf"]["1"]
    assert anger["excluded"] == "Neutral,Disgust,Fear,Happiness,Sadness,Surprise,Other"


def test_the_video_is_named_everywhere_by_one_path(tmp_path):
    found = project(tmp_path / "talk.boris", two_people(), "./talk é.mp4")
    (observation,) = found["observations"].values()
    assert observation["file"] == {"1": ["talk é.mp4"]} | {player: [] for player in "2345678"}
    assert observation["media_info"]["length"] == {"talk é.mp4": 4.0}
    assert observation["media_info"]["fps"] == {"talk é.mp4": 25.0}


def test_crops_are_an_observation_without_a_video(tmp_path):
    crops = recording(
        {1: [(0, 50, "Fear")]}, provenance={"detector": "none (aligned crops)"}, video="talk"
    )
    (observation,) = project(tmp_path / "talk.boris", crops)["observations"].values()
    assert observation["type"] == "LIVE" and observation["media_info"] == {}
    assert {len(event) for event in observation["events"]} == {5}


def test_stops_stand_before_starts_at_equal_times(tmp_path):
    write_rows(tmp_path / "talk.tsv", two_people())
    rows = [line.split("\t") for line in (tmp_path / "talk.tsv").read_text().split("\n")]
    assert [row[2] for row in rows if row[:2] == ["1.200", "Person 1"]] == ["Neutral", "Happiness"]
    at_the_cut = [row for row in rows if row[:2] == ["2.000", "Person 1"]]
    assert [row[4] for row in at_the_cut] == ["", "mean probability 0.86"]


def test_pasting_takes_the_rows(tmp_path):
    """As BORIS does: six columns in every line, and no two lines are equal."""
    write_rows(tmp_path / "talk.tsv", two_people())
    lines = (tmp_path / "talk.tsv").read_text(encoding="utf-8").split("\n")
    assert {len(line.split("\t")) for line in lines} == {6}
    assert max(Counter(lines).values()) == 1
    assert lines[0] == "0.000\tPerson 1\tNeutral\t\tmean probability 0.86\tNA"
