"""Model cards, read again by the Hub's own client."""

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from publish_cards import CONFIG, TRAINING
from publish_reports import ON_STILLS, ON_VIDEOS, written

from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel
from videxpr.model.publish.card import card_text
from videxpr.model.publish.report import read_report


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Checkpoint("mine", "ab" * 32, ExpressionModel(CONFIG), TRAINING, "CC BY 4.0")


def table_of(text: str) -> dict[str, list[str]]:
    """The rows of all tables by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in rows}


def test_the_front_matter_is_what_the_hub_reads(checkpoint: Checkpoint) -> None:
    data = ModelCard(card_text(checkpoint)).data
    assert (data.license, data.library_name) == ("cc-by-4.0", "videxpr")
    assert (data.pipeline_tag, data.model_name) == ("image-classification", "mine")
    assert "facial-expression-recognition" in (data.tags or []) and data.metrics is None
    encoder = replace(checkpoint, model=ExpressionModel(replace(CONFIG, variant="attention")))
    assert ModelCard(card_text(encoder)).data.pipeline_tag == "video-classification"


@pytest.mark.parametrize(
    ("license", "known"),
    [
        *(("Apache-2.0", "apache-2.0"), ("MIT", "mit"), ("CC BY-NC 4.0", "cc-by-nc-4.0")),
        *(("unspecified", "unknown"), ("", "unknown"), ("research only: ask us", "other")),
    ],
)
def test_a_license_is_one_of_the_hubs_or_stated_below(
    checkpoint: Checkpoint, license: str, known: str
) -> None:
    text = card_text(replace(checkpoint, license=license))
    data = ModelCard(text).data
    assert data.license == known
    assert data.get("license_name") == ("as-stated-below" if known == "other" else None)
    assert text.rstrip().endswith(license or "Not stated.")


def test_a_license_that_travels_is_linked(checkpoint: Checkpoint) -> None:
    other = replace(checkpoint, license="ours")
    assert ModelCard(card_text(other, with_license=True)).data.license_link == "WEIGHTS_LICENSE"
    assert ModelCard(card_text(other)).data.get("license_link") is None


def test_a_name_with_odd_characters_breaks_nothing(checkpoint: Checkpoint) -> None:
    odd = replace(checkpoint, name='hf:lab/"ä: #1"')
    assert ModelCard(card_text(odd)).data.model_name == 'lab/"ä: #1"'


def test_the_card_is_filled_from_what_the_checkpoint_says(checkpoint: Checkpoint) -> None:
    text = card_text(checkpoint)
    table = table_of(text)
    assert table["variant"] == ["backbone (no_att_trans in the authors' code)"]
    assert table["backbone"] == ["regnet_y_400mf"] and table["window"] == ["32 frames"]
    assert table["crops"] == ["arcface, 112 x 112 pixels"]
    assert table["landmarks in a crop"][0].startswith("(38.2946, 51.6963), ")
    assert table["trained expressions"] == [", ".join(EXPRESSIONS[:7])]
    assert table["never answered"] == ["Other"]
    assert table["calibration"] == ["temperature 1, which changes nothing"]
    assert table["data"] == ["some \\| faces and more"] and table["recipe"] == ["recipe &lt;b>"]
    assert table["images"] == ["28,709"] and table["epochs"] == ["12"]
    assert table["labels"][0].startswith("Neutral 40.0%, Anger 10.0%")
    assert table["accuracy, validation images"] == ["0.712"] and "macro F1" not in text
    assert "never trained on Other" in text and "decisions about people" in text
    assert "ab" * 32 in text and "-m hf:OWNER/REPO" in text and "Not stated." in text
    whole = replace(CONFIG, trained_expressions=EXPRESSIONS, class_shares=())
    text = card_text(replace(checkpoint, model=ExpressionModel(whole)))
    assert "never trained on" not in text and table_of(text)["never answered"] == ["none"]


def test_a_card_of_windows_says_over_what_and_what_differs(checkpoint: Checkpoint) -> None:
    config = replace(CONFIG, variant="attention", temperature=0.9421)
    options = {"dropout": "0.2", "loss.gamma": "2.0", "epochs": "14"}
    training = TrainingSummary("d", "r", 118_328, 6, 0.66, 0.49, options)
    windows = replace(checkpoint, model=ExpressionModel(config), training=training)
    paper = {"dropout": "0.5", "loss.gamma": "2.0", "epochs": "14"}
    table = table_of(card_text(windows, paper=paper))
    assert table["frames"] == ["118,328"] and table["epochs"] == ["6 of 14"]
    assert table["options unlike the recipe paper's"] == ["dropout 0.2"]
    assert table["calibration"] == ["temperature 0.942, fitted on validation; always applied"]
    assert table["accuracy, validation frames"] == ["0.660"]
    assert table["macro F1 over all eight expressions, validation frames"] == ["0.490"]
    assert table["macro F1 over the 7 trained ones, validation frames"] == ["0.560"]
    table = table_of(card_text(windows, paper=options))
    assert table["options unlike the recipe paper's"] == ["none"]


def test_figures_of_both_kinds_stand_in_tables(checkpoint: Checkpoint, tmp_path: Path) -> None:
    stills = read_report(written(tmp_path / "s.json", ON_STILLS))
    videos = read_report(written(tmp_path / "v.json", ON_VIDEOS))
    text = card_text(checkpoint, [stills, videos])
    assert ModelCard(text).data.metrics == ["f1", "accuracy"]
    first, second = text.split("### labels (text files)")
    assert "### my faces, test part of split.csv" in first
    table = table_of(first.partition("### ")[2])
    found = ON_STILLS.scores
    assert table["macro F1 over eight expressions"] == [f"{found.macro_f1:.3f}"]
    assert table["95 % interval of it, by bootstrap"] == ["0.500 to 0.600 (83 images)"]
    assert table["labeled images"] == [str(ON_STILLS.frames)]
    figures = [found.precision[0], found.recall[0], found.f1[0]]
    assert table["Neutral"] == [*(f"{value:.3f}" for value in figures), str(found.support[0])]
    assert table["expected calibration error"] == ["0.062"]
    assert table["of them without a prediction, so wrong"] == ["1"]
    assert "model mine" not in first  # remarks may name anything
    table = table_of(second)
    assert table["95 % interval of it, by bootstrap"] == ["none"]
    assert table["labeled frames"] == [str(ON_VIDEOS.frames)]
    assert "expected calibration error" not in table
    assert not any(word in text for word in ("/home/me", "Anna", "Berta", "Clara"))
