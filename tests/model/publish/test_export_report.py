"""Reports as ``videxpr evaluate --json`` writes them, and files that are none."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from publish_reports import ON_IMAGES, ON_VIDEOS, written

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.report import Evaluation, as_json
from videxpr.model.publish.export import Report, read_report


def same(report: Report, evaluation: Evaluation) -> None:
    found = evaluation.scores
    assert report.count == evaluation.frames and report.groups == evaluation.groups
    assert (report.macro_f1, report.accuracy) == (found.macro_f1, found.accuracy)
    assert report.macro_f1_present == found.macro_f1_present
    assert [each.f1 for each in report.classes.values()] == list(found.f1)
    assert [each.precision for each in report.classes.values()] == list(found.precision)
    assert [each.recall for each in report.classes.values()] == list(found.recall)
    assert [each.support for each in report.classes.values()] == list(found.support)
    assert report.warnings == len(evaluation.warnings)
    assert report.unpredicted == evaluation.confusion[:, -1].sum()


def test_a_report_on_images_names_its_model_and_nobodys_folders(tmp_path: Path) -> None:
    report = read_report(written(tmp_path / "r.json", ON_IMAGES))
    same(report, ON_IMAGES)
    assert (report.model, report.counted) == ("0123456789ab", "images")
    assert report.labels == "my faces, test part of split.csv"
    assert report.interval == (0.5, 0.6)
    assert report.calibration_error == pytest.approx(0.25 * 20 / 80)


def test_a_report_on_videos_names_no_model(tmp_path: Path) -> None:
    report = read_report(written(tmp_path / "r.json", ON_VIDEOS))
    same(report, ON_VIDEOS)
    assert (report.model, report.counted, report.interval) == (None, "frames", None)
    assert report.labels == "labels (text files)" and report.calibration_error is None


@pytest.mark.parametrize(
    ("labels", "public"),
    [
        ("/home/me/labels/Anna.txt (text files)", "one video (text files)"),
        ("Anna (text files)", "one video (text files)"),
        (r"C:\me\Anna.txt (text files)", "one video (text files)"),
        ("/home/Anna/predictions.txt (predictions file)", "predictions.txt (predictions file)"),
    ],
)
def test_a_single_videos_name_is_not_told(tmp_path: Path, labels: str, public: str) -> None:
    report = read_report(written(tmp_path / "r.json", replace(ON_VIDEOS, labels=labels)))
    assert report.labels == public
    assert not any(word in repr(report) for word in ("Anna", "Berta", "Clara", "me/"))


def changed(folder: Path, change: dict[str, Any]) -> Path:
    path = folder / "r.json"
    path.write_text(json.dumps(json.loads(as_json(ON_IMAGES)) | change))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"macro_f1": 1.5}, "'macro_f1' is 1.5, not a number from 0 to 1"),
        ({"accuracy": None}, "'accuracy' is None"),
        ({"accuracy": True}, "'accuracy' is True"),
        ({"per_class": {}}, "it has no 'Neutral'"),
        ({"per_class": 3}, "not subscriptable"),
        ({"per_class": {name: {} for name in EXPRESSIONS}}, "it has no 'precision'"),
        ({"macro_f1_interval": [0.1]}, "index out of range"),
        ({"frames": "many"}, "many"),
        ({"predictions": 3}, "expected string"),
        ({"labels": None}, "expected string"),
    ],
)
def test_what_is_wrong_in_a_report_is_said(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(FormatError, match=message) as caught:
        read_report(path)
    assert str(path) in str(caught.value) and "evaluate --json" in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"stride": 3}'])
def test_another_json_is_no_report(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(FormatError, match=r"r\.json is no report of videxpr evaluate"):
        read_report(tmp_path / "r.json")


@pytest.mark.parametrize("content", [b"", b"| a |", b"\xff"])
def test_what_is_no_json_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"cannot read the report .*r\.json"):
        read_report(tmp_path / "r.json")
    with pytest.raises(FormatError, match=r"cannot read the report .*none\.json: No such file"):
        read_report(tmp_path / "none.json")
