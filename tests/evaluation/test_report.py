"""JSON for programs and Markdown for papers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from evaluations import write

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.report import Evaluation, as_json, as_markdown
from videxpr.evaluation.videos import evaluate


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    labels = write(tmp_path / "labels", a=[0, 0, 1, 1], b=[1, 1], c=[4, 4, 4])
    ours = write(tmp_path / "ours", a=[0, -1, 1, 1, 1], c=[4, 4, 0], z=[3])
    theirs = write(tmp_path / "the|irs", a=[1, 1, 1, 1], b=[1, 1], c=[4, 0, 0])
    return evaluate(ours, labels, against=theirs)


def test_json_has_every_figure_under_its_key(evaluation: Evaluation) -> None:
    found = json.loads(as_json(evaluation))
    assert list(found)[:8] == [
        *("macro_f1", "macro_f1_present", "accuracy", "frames", "coverage"),
        *("per_class", "confusion", "videos"),
    ]
    assert found["macro_f1"] == evaluation.scores.macro_f1
    assert found["frames"] == 9 and found["coverage"] == pytest.approx(6 / 9)
    assert found["accuracy"] == pytest.approx(5 / 9)
    assert list(found["per_class"]) == list(EXPRESSIONS)
    assert evaluation.intervals is not None
    ends = evaluation.intervals.f1[1]
    assert ends.low < 2 / 3 < ends.high
    assert found["per_class"]["Anger"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "f1_interval": [ends.low, ends.high],
        "support": 4,
    }
    assert found["confusion"] == evaluation.confusion[:, :8].tolist()
    assert found["unpredicted"] == [1, 2, 0, 0, 0, 0, 0, 0]
    assert sum(map(sum, found["confusion"])) + sum(found["unpredicted"]) == 9
    assert [one["name"] for one in found["videos"]] == ["a", "b", "c"]
    assert [one["length_difference"] for one in found["videos"]] == [1, None, 0]
    assert [one["coverage"] for one in found["videos"]] == [0.75, 0, 1]
    assert found["subsets"]["covered"]["frames"] == 6
    low, high = found["macro_f1_interval"]
    assert low <= found["macro_f1"] <= high
    assert found["unmatched"] == ["z"] and found["notes"] == evaluation.warnings
    against = found["against"]
    assert against["difference"] == pytest.approx(found["macro_f1"] - against["macro_f1"])
    assert against["difference_interval"][0] <= against["difference"]
    assert 0 <= against["share_above"] <= 1 and against["against"] is None


def test_at_a_prompt_it_is_one_line(evaluation: Evaluation) -> None:
    assert repr(evaluation) == f"<Evaluation of ours: 9 frames, macro F1 {evaluation.macro_f1:.3f}>"


def test_json_of_one_video_says_null_where_nothing_varies(evaluation: Evaluation) -> None:
    alone = replace(evaluation, intervals=None, against=None)
    found = json.loads(as_json(alone))
    assert found["macro_f1_interval"] is None and found["against"] is None
    assert found["per_class"]["Anger"]["f1_interval"] is None


def test_markdown_is_a_table_of_percents_and_a_caption(evaluation: Evaluation) -> None:
    head, rule, ours, theirs, gap, caption = as_markdown(evaluation).splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in (head, ours, theirs)]
    assert cells[0] == ["", *EXPRESSIONS, "Macro F1", "95 % interval"]
    assert rule.count("---") == len(cells[0]) and gap == ""
    assert cells[1][0] == "ours" and cells[2][0] == r"the\|irs"
    assert cells[1][1:9] == [f"{100 * value:.2f}" for value in evaluation.scores.f1]
    assert cells[1][9] == f"{100 * evaluation.scores.macro_f1:.2f}"
    assert caption.startswith("F1 x 100 over 9 labeled frames of 3 source videos. 33.33 % of them")
    assert "Intervals by bootstrap over source videos. The first less the second: " in caption


def test_markdown_of_one_video_has_no_interval(evaluation: Evaluation) -> None:
    alone = replace(evaluation, intervals=None, against=None)
    lines = as_markdown(alone).splitlines()
    assert len(lines) == 5 and lines[2].endswith("|  |") and "Intervals" not in lines[4]
