"""Model cards, read again by the Hub's own client."""

import html
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from publish_cards import CONFIG, TRAINING
from publish_reports import ON_IMAGES, ON_VIDEOS, written

from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.header import ModelCard as Card
from videxpr.model.header import TrainingSummary
from videxpr.model.publish.export import card_text, read_report


@pytest.fixture(scope="module")
def card() -> Card:
    return Card("mine", Path("m.safetensors"), "ab" * 32, CONFIG, TRAINING, "CC BY 4.0", "a file")


def table_of(text: str) -> dict[str, list[str]]:
    """The rows of all tables by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in rows}


def test_the_front_matter_is_what_the_hub_reads(card: Card) -> None:
    data = ModelCard(card_text(card)).data
    assert (data.license, data.library_name) == ("cc-by-4.0", "videxpr")
    assert (data.pipeline_tag, data.model_name) == ("image-classification", "mine")
    assert "facial-expression-recognition" in (data.tags or []) and data.metrics is None
    encoder = replace(card, config=replace(CONFIG, variant="attention"))
    assert ModelCard(card_text(encoder)).data.pipeline_tag == "video-classification"


@pytest.mark.parametrize(
    ("license", "known"),
    [
        *(("Apache-2.0", "apache-2.0"), ("MIT", "mit"), ("CC BY-NC 4.0", "cc-by-nc-4.0")),
        *(("unspecified", "unknown"), ("", "unknown"), ("research only: ask us", "other")),
    ],
)
def test_a_license_is_one_of_the_hubs_or_stated_below(card: Card, license: str, known: str) -> None:
    text = card_text(replace(card, license=license))
    data = ModelCard(text).data
    assert data.license == known
    assert data.get("license_name") == ("as-stated-below" if known == "other" else None)
    assert text.rstrip().endswith(license or "Not stated.")


def test_a_license_that_travels_is_linked(card: Card) -> None:
    other = replace(card, license="ours")
    assert ModelCard(card_text(other, with_license=True)).data.license_link == "WEIGHTS_LICENSE"
    assert ModelCard(card_text(other)).data.get("license_link") is None


def test_a_name_with_odd_characters_breaks_nothing(card: Card) -> None:
    odd = replace(card, name='hf:lab/"ä: #1"')
    assert ModelCard(card_text(odd)).data.model_name == 'lab/"ä: #1"'


def test_the_card_is_filled_from_what_the_checkpoint_says(card: Card) -> None:
    text = card_text(card)
    table = table_of(text)
    assert table["variant"] == ["backbone (no_att_trans in the authors' code)"]
    assert table["backbone"] == ["regnet_y_400mf"] and table["window"] == ["32 frames"]
    assert table["crop"] == ["arcface, 112 x 112 pixels"]
    assert table["landmarks"][0].startswith("(38.2946, 51.6963), ")
    assert table["trained"] == [", ".join(EXPRESSIONS[:7])]
    assert table["untrained"] == ["Other"]
    assert table["calibrated"] == ["temperature 1, which changes nothing"]
    assert table["data"] == ["some \\| faces and more"] and table["recipe"] == ["recipe \\<b\\>"]
    assert table["images"] == ["28,709"] and table["epochs"] == ["12"]
    assert table["labels"][0].startswith("Neutral 40.0%, Anger 10.0%")
    assert table["accuracy"] == ["0.712, on the validation part's images"]
    assert table["macro F1"] == ["not measured"]
    assert "never trained on Other" in text and "decisions about people" in text
    assert "ab" * 32 in text and "-m hf:OWNER/REPO" in text and "Not stated." in text
    whole = replace(CONFIG, trained_expressions=EXPRESSIONS, class_shares=())
    text = card_text(replace(card, config=whole))
    assert "never trained on" not in text and table_of(text)["untrained"] == ["none"]


def test_words_of_the_owner_are_words_and_no_markdown(card: Card) -> None:
    data = "my [faces](https://example.org) `a` *b* ![c](d) &copy;"
    text = card_text(replace(card, training=replace(card.training, data=data)))
    shown = MarkdownIt().enable("table").render(text.split("---\n", 2)[2])
    assert f"<td>{html.escape(data)}</td>" in shown


def test_a_card_of_windows_says_over_what_and_what_differs(card: Card) -> None:
    config = replace(CONFIG, variant="attention", temperature=0.9421)
    options = {"dropout": "0.2", "loss.gamma": "2.0", "epochs": "14"}
    training = TrainingSummary("d", "r", 118_328, 6, 0.66, 0.49, options)
    windows = replace(card, config=config, training=training)
    paper = {"dropout": "0.5", "loss.gamma": "2.0", "epochs": "14"}
    table = table_of(card_text(windows, paper=paper))
    assert table["frames"] == ["118,328"] and table["epochs"] == ["6 of 14"]
    assert table["options unlike the recipe paper's"] == ["dropout 0.2"]
    assert table["calibrated"] == ["temperature 0.942, fitted on validation; always applied"]
    assert table["accuracy"] == ["0.660, on the validation part's frames"]
    assert table["macro F1"] == [
        "0.490 over all eight expressions, 0.560 over the 7 trained ones, "
        "on the validation part's frames"
    ]
    table = table_of(card_text(windows, paper=options))
    assert table["options unlike the recipe paper's"] == ["none"]


def test_metrics_of_both_kinds_stand_in_tables(card: Card, tmp_path: Path) -> None:
    images = read_report(written(tmp_path / "s.json", ON_IMAGES))
    videos = read_report(written(tmp_path / "v.json", ON_VIDEOS))
    text = card_text(card, [images, videos])
    data = ModelCard(text).data
    assert data.metrics == ["f1", "accuracy"] and data.model_name == "mine"
    results = data.eval_results or []
    assert [(one.dataset_name, one.metric_type) for one in results] == [
        *(("my faces, test part of split.csv", kind) for kind in ("f1", "accuracy")),
        *(("labels (text files)", kind) for kind in ("f1", "accuracy")),
    ]
    assert results[0].metric_value == ON_IMAGES.scores.macro_f1
    first, second = text.split("### labels (text files)")
    assert "### my faces, test part of split.csv" in first
    table = table_of(first.partition("### ")[2])
    found = ON_IMAGES.scores
    assert table["macro F1 over eight expressions"] == [f"{found.macro_f1:.3f}"]
    assert table["95 % interval of it, by bootstrap"] == ["0.500 to 0.600 (83 images)"]
    assert table["labeled images"] == [str(ON_IMAGES.frames)]
    metrics = [found.precision[0], found.recall[0], found.f1[0]]
    assert table["Neutral"] == [*(f"{value:.3f}" for value in metrics), str(found.support[0])]
    assert table["expected calibration error"] == ["0.062"]
    assert table["of them without a prediction, so wrong"] == ["1"]
    assert "model mine" not in first  # warnings may name anything
    table = table_of(second)
    assert table["95 % interval of it, by bootstrap"] == ["none"]
    assert table["labeled frames"] == [str(ON_VIDEOS.frames)]
    assert "expected calibration error" not in table
    assert not any(word in text for word in ("/home/me", "Anna", "Berta", "Clara"))
