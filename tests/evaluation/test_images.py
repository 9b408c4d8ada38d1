"""A model on labeled crops: each image by itself."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import f1_score

from videxpr.core.errors import FormatError, SourceError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.image_dataset import corrupt
from videxpr.datasets.image_folder import LabeledImage, find_images, with_votes
from videxpr.evaluation.calibration import measure_reliability
from videxpr.evaluation.images import evaluate_images
from videxpr.evaluation.options import ImageOptions
from videxpr.evaluation.plots import reliability_figure, write_plots
from videxpr.evaluation.report import as_json
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.video.images import read_image, resize

SEEN = tuple(name for name in EXPRESSIONS if name != "Other")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.manual_seed(3)
    config = ModelConfig("transformer", "regnet_y_400mf", trained_expressions=SEEN, input_size=48)
    model = ExpressionModel(config)
    model.requires_grad_(False).eval()
    with torch.no_grad():  # predictions that change from image to image
        model.head.weight.mul_(200)
    return Checkpoint("noise", "f" * 64, model, TrainingSummary("", "", 0, 0), "none")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    random = np.random.default_rng(0)
    for name in ("neutral", "anger", "happiness", "other"):
        for number in range(7):
            path = folder / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            small = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            side = 112 if number else 90
            Image.fromarray(small).resize((side, side)).save(path)
    return folder


def one_by_one(checkpoint: Checkpoint, folder: Path) -> tuple[list[int], list[int]]:
    """Labels and predictions, each image pushed through the model alone."""
    images = find_images(folder)
    predictions = []
    for image in images:
        crop = resize(read_image(image.path), 112, 112)
        logits = checkpoint.model.classify(checkpoint.model.embed(crop[None])[None])
        predictions.append(int(logits[0, 0].argmax()))
    return [image.label for image in images], predictions


def test_figures_are_those_of_the_images_one_by_one(checkpoint: Checkpoint, faces: Path) -> None:
    seen: list[tuple[int, int]] = []
    selection = ImageOptions(batch_size=8)
    found = evaluate_images(
        checkpoint, faces, selection, progress=lambda *counts: seen.append(counts)
    )
    labels, predictions = one_by_one(checkpoint, faces)
    assert len(set(predictions)) > 1
    expected = np.zeros((8, 9), np.int64)
    np.add.at(expected, (labels, predictions), 1)
    assert found.confusion.tolist() == expected.tolist()
    assert found.scores.macro_f1 == pytest.approx(
        f1_score(labels, predictions, labels=list(range(8)), average="macro", zero_division=0)
    )
    assert (found.frames, found.groups, found.unit, found.items) == (28, 28, "images", "images")
    assert found.intervals is not None
    assert found.intervals.macro_f1.low < found.scores.macro_f1
    assert seen == [(8, 28), (16, 28), (24, 28), (28, 28)]


def test_classes_that_were_never_trained_are_said(checkpoint: Checkpoint, faces: Path) -> None:
    found = evaluate_images(checkpoint, faces)
    assert found.notes == (
        "model noise was never trained on Other and never predicts it; 7 images show it",
    )
    assert not found.confusion[:, 7].any()
    assert found.name == "noise" and found.predictions == "model noise (ffffffffffff)"


def test_a_split_chooses_the_images(checkpoint: Checkpoint, faces: Path, tmp_path: Path) -> None:
    split = tmp_path / "split.csv"
    split.write_text("image,split\nanger/1.png,test\nanger/2.png,test\nneutral/1.png,train\n")
    found = evaluate_images(checkpoint, faces, ImageOptions(split))
    assert found.scores.support.tolist() == [0, 2, 0, 0, 0, 0, 0, 0]
    assert found.labels == f"{faces} (test part of {split})"
    with pytest.raises(FormatError, match=r"split.csv names no validation image"):
        evaluate_images(checkpoint, faces, ImageOptions(split, "validation"))


def test_a_pattern_chooses_the_images(checkpoint: Checkpoint, faces: Path) -> None:
    found = evaluate_images(checkpoint, faces, ImageOptions(only="[12].png"))
    assert found.scores.support.tolist() == [2, 2, 0, 0, 2, 0, 0, 2]
    assert found.labels == f"{faces} ([12].png)"
    with pytest.raises(
        SourceError, match=r"none of 28 images of .* is named 'web_\*'; the first is 0"
    ):
        evaluate_images(checkpoint, faces, ImageOptions(only="web_*"))


def file_of_votes(path: Path) -> Path:
    """Of the faces of Neutral and Anger: what most people say is not always their folder."""
    lines = ["image,neutral,anger,happiness,contempt,nf"]
    lines += [f"neutral/{n}.png,{7 - n},{n},0,2,1" for n in range(7)]
    lines += [f"anger/{n}.png,1,0,6,3,0" for n in range(1, 6)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_votes_are_labels_by_majority_and_shares(
    checkpoint: Checkpoint, faces: Path, tmp_path: Path
) -> None:
    votes = file_of_votes(tmp_path / "votes.csv")
    found = evaluate_images(checkpoint, faces, ImageOptions(votes=votes))
    # Neutral leads with 7 to 4 of 10 votes, Anger with 4 to 6; nobody ties, and contempt never leads
    assert found.scores.support.tolist() == [4, 3, 0, 0, 5, 0, 0, 0]
    assert found.labels == f"{faces} (votes of votes.csv)"
    assert found.notes[1:] == ("16 of 28 images have no votes and are left out",)
    images = with_votes(find_images(faces), votes)
    answers = dict(zip(find_images(faces), one_by_one(checkpoint, faces)[1], strict=True))
    predictions = [answers[replace(image, label=label_of(image), votes=None)] for image in images]
    shares = np.array([image.shares for image in images])
    expected = f1_score(
        np.tile(range(8), 12),
        np.repeat(predictions, 8),
        labels=range(7),
        average="macro",
        sample_weight=shares.ravel(),
        zero_division=0,
    )
    assert found.agreement is not None and found.agreement.images == 12
    assert found.agreement.macro_f1 == pytest.approx(expected, abs=1e-6)
    assert json.loads(as_json(found))["agreement"]["macro_f1"] == found.agreement.macro_f1


def label_of(image: LabeledImage) -> int:
    return EXPRESSIONS.index(image.path.parent.name.title())


def test_images_without_a_majority_count_by_votes_alone(
    checkpoint: Checkpoint, faces: Path, tmp_path: Path
) -> None:
    votes = tmp_path / "votes.csv"
    votes.write_text(
        "image,neutral,anger,nf\nneutral/1.png,5,5,0\nneutral/2.png,3,0,7\nanger/1.png,0,9,1\n"
    )
    chosen = ImageOptions(votes=votes, folder_labels="[34].png")
    found = evaluate_images(checkpoint, faces, chosen)
    assert found.scores.support.tolist() == [2, 3, 0, 0, 2, 0, 0, 2]
    assert (found.frames, found.groups) == (9, 9)
    assert found.reliability is not None and found.reliability.counts.sum() == 9
    assert found.agreement is not None and found.agreement.images == 3
    assert found.notes[1:] == (
        "17 of 28 images have no votes and are left out",
        "on 2 of 3 images with votes no expression has a majority: they have no label and count in "
        "the figures by votes alone",
        "8 images without votes count by their folder, and not in the figures by votes",
    )


def test_images_on_which_nobody_agrees_have_no_accuracy(
    checkpoint: Checkpoint, faces: Path, tmp_path: Path
) -> None:
    votes = tmp_path / "votes.csv"
    votes.write_text("image,neutral,anger\nneutral/1.png,5,5\nneutral/2.png,1,1\n")
    found = evaluate_images(checkpoint, faces, ImageOptions(votes=votes))
    assert (found.frames, found.groups, found.intervals) == (0, 0, None)
    assert found.agreement is not None and found.agreement.curve.counts.tolist() == [1, 1]
    assert len(write_plots(tmp_path / "plots", found)) == 3


def test_the_curve_of_the_voters_is_drawn_beside_that_of_the_labels(
    checkpoint: Checkpoint, faces: Path, tmp_path: Path
) -> None:
    votes = ImageOptions(votes=file_of_votes(tmp_path / "votes.csv"))
    found = evaluate_images(checkpoint, faces, votes)
    assert found.agreement is not None and found.reliability is not None
    (axes,) = reliability_figure(found, found.reliability).axes
    curves = {str(line.get_label()): line for line in axes.lines}
    assert set(curves) == {"perfectly calibrated", "accuracy", "share of voters who say the same"}
    drawn = np.array(curves["share of voters who say the same"].get_ydata())
    assert drawn.tolist() == found.agreement.curve.share.tolist()


def test_images_are_made_worse_first(checkpoint: Checkpoint, faces: Path) -> None:
    selection = ImageOptions(corruption="dark")
    found = evaluate_images(checkpoint, faces, selection)
    images = find_images(faces)
    predictions = []
    for position, image in enumerate(images):
        crop = corrupt(resize(read_image(image.path), 112, 112), "dark", position)
        logits = checkpoint.model.classify(checkpoint.model.embed(crop[None])[None])
        predictions.append(torch.softmax(logits[0, 0], dim=0).numpy())
    labels = np.array([image.label for image in images])
    assert found.labels.endswith("(dark)") and found.reliability is not None
    expected = measure_reliability(np.array(predictions), labels)
    assert found.reliability.counts.tolist() == expected.counts.tolist()
    assert found.reliability.expected_error == pytest.approx(expected.expected_error, abs=1e-5)
    plain = evaluate_images(checkpoint, faces)
    assert plain.confusion.tolist() != found.confusion.tolist()


def test_a_folder_without_images_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder .*gone of labeled images"):
        evaluate_images(checkpoint, tmp_path / "gone")
