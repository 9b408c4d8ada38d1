"""The pictures: whole PNG files that say what the evaluation says."""

from pathlib import Path

import numpy as np
import pytest
from evaluations import write
from PIL import Image

from videxpr.core.errors import OutputError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.plots import confusion_figure, per_class_figure, write_plots
from videxpr.evaluation.report import Evaluation
from videxpr.evaluation.videos import evaluate


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    labels = write(tmp_path / "labels", a=[0] * 3000 + [1, 1], b=[4, 4, 4])
    return evaluate(write(tmp_path / "mine", a=[0] * 3000 + [1, 3], b=[4, 0, 0]), labels)


def test_two_pictures_are_written(evaluation: Evaluation, tmp_path: Path) -> None:
    paths = write_plots(tmp_path / "new" / "plots", evaluation)
    assert [path.name for path in paths] == ["confusion.png", "per_class.png"]
    assert sorted((tmp_path / "new" / "plots").iterdir()) == paths
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert min(pixels.shape) > 600
        edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert pixels.std() > 10 and edges.min() == 255  # drawn on, and nothing is cut off


def test_the_matrix_says_counts_and_shares(evaluation: Evaluation) -> None:
    (axes, _) = confusion_figure(evaluation).axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert len(cells) == 64
    assert cells[0, 0] == "100%\n3,000" and cells[3, 1] == "50%\n1" and cells[2, 1] == "0"
    assert [text.get_text() for text in axes.get_yticklabels()] == list(EXPRESSIONS)
    assert [text.get_text() for text in axes.get_xticklabels()] == list(EXPRESSIONS)
    assert axes.get_title().startswith("mine: macro F1 0.271 (95 %: ")


def test_the_matrix_has_a_column_for_what_is_missing(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 0], b=[1])
    (axes, _) = confusion_figure(evaluate(write(tmp_path / "mine", a=[0, -1]), labels)).axes
    assert [text.get_text() for text in axes.get_xticklabels()][-1] == "no\nprediction"
    assert axes.texts[8].get_text() == "50%\n1"


def test_the_bars_are_the_figures(evaluation: Evaluation) -> None:
    (axes,) = per_class_figure(evaluation).axes
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    found = evaluation.scores
    for ours, theirs in zip(heights, (found.precision, found.recall, found.f1), strict=True):
        np.testing.assert_allclose(ours, theirs)
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels[0] == "Neutral\n3,000"


def test_a_folder_that_cannot_be_made_is_named(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/confusion.png"):
        write_plots(tmp_path / "file", evaluation)
