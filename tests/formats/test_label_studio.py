"""Label Studio's task: frames from 1, boxes in percent, and no video whose rate varies."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from interval_records import FPS, recording, two_people

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.label_studio import write_configuration, write_task

ONE = {1: [(20, 47, "Fear")]}


def regions(path, annotation):
    write_task(path, annotation)
    (task,) = json.loads(path.read_text(encoding="utf-8"))
    return task["predictions"][0]["result"]


def test_frames_count_from_1_and_tell_the_interval(tmp_path):
    (one,) = regions(tmp_path / "a.json", recording(ONE))
    sequence = one["value"]["sequence"]
    assert (sequence[0]["frame"], sequence[-1]["frame"]) == (21, 47)
    assert sequence[0]["time"] == pytest.approx(21 / FPS)
    assert sequence[-1]["time"] == pytest.approx(47 / FPS)
    assert (one["value"]["framesCount"], one["value"]["duration"]) == (100, 4.0)
    assert one["value"]["labels"] == ["Fear"] and one["score"] == 0.86
    assert one["meta"] == {"text": ["Person 1, 0.800 to 1.880 s"]}


def test_boxes_are_in_percent_and_inside_the_picture(tmp_path):
    (one,) = regions(tmp_path / "a.json", recording(ONE))
    box = {name: one["value"]["sequence"][0][name] for name in ("x", "y", "width", "height")}
    assert box == {"x": 15.625, "y": 13.889, "width": 8.75, "height": 22.222}
    outside = recording(ONE)
    outside.faces.bbox[:, 0] = -50
    (one,) = regions(tmp_path / "b.json", outside)
    assert one["value"]["sequence"][0]["x"] == 0.0


def test_boxes_between_those_that_are_known_lie_on_a_line(tmp_path):
    moving = recording({1: [(0, 11, "Fear"), (11, 12, "Fear")]})
    moving.faces.bbox[:, 0] = np.arange(12)
    moving.faces.bbox[:, 2] = 64 + np.arange(12)
    moving.faces.bridged[4:7] = True
    moving.faces.bbox[4:7] = np.nan
    (one,) = regions(tmp_path / "a.json", moving)
    assert {(row["frame"], row["x"]) for row in one["value"]["sequence"]} == {
        *((1, 0.0), (6, 0.781), (11, 1.562), (12, 1.719))
    }


def test_what_starts_later_has_the_frames_of_the_file(tmp_path):
    (one,) = regions(tmp_path / "a.json", recording(ONE, first_frame=50))
    assert one["value"]["sequence"][0]["frame"] == 71
    assert one["value"]["framesCount"] == 150


@pytest.mark.parametrize("write", [write_task, write_configuration])
def test_a_varying_rate_is_refused_with_the_way_out(tmp_path, write):
    times = np.arange(100) / FPS
    times[60:] += 0.1
    with pytest.raises(FormatError, match=r"constant rate .*ffmpeg -i IN -fps_mode cfr OUT"):
        write(tmp_path / "a", recording(ONE, pts_seconds=times))


def test_times_that_were_rounded_are_a_constant_rate(tmp_path):
    times = np.round(np.arange(100) / 30, 3)
    (one,) = regions(tmp_path / "a.json", recording(ONE, pts_seconds=times))
    assert one["value"]["sequence"][0]["frame"] == 21


@pytest.mark.parametrize(
    ("provenance", "reason"),
    [
        ({"detector": "none (aligned crops)"}, "crops have none"),
        ({}, "does not say the frame size"),
    ],
)
def test_without_boxes_there_is_nothing_to_write(tmp_path, provenance, reason):
    with pytest.raises(FormatError, match=reason):
        write_task(tmp_path / "a.json", recording(ONE, provenance=provenance))


def test_the_configuration_names_the_rate_and_what_tasks_name(tmp_path):
    write_configuration(tmp_path / "a.xml", two_people())
    view = ET.parse(tmp_path / "a.xml").getroot()
    video, box, labels = view
    assert video.attrib == {"name": "video", "value": "$video", "frameRate": "25"}
    assert (box.attrib["name"], labels.attrib["toName"]) == ("box", "video")
    assert tuple(one.attrib["value"] for one in labels) == EXPRESSIONS
