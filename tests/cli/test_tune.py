"""``videxpr tune`` as users run it, and annotate with what it wrote."""

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch
from annotated import SHARES, annotation, guessed, segments, write_video
from conftest import SHARED, needs_shared
from PIL import Image
from pipeline import picture

from videxpr.evaluation.tune.data import read_tuning_data
from videxpr.evaluation.tune.options import TuneOptions
from videxpr.evaluation.tune.restride import restride
from videxpr.evaluation.tune.tune import relabel, smooth_tracks, tune
from videxpr.evaluation.videos import evaluate
from videxpr.formats.affwild2 import read_labels, write_labels
from videxpr.formats.parquet import read_annotation
from videxpr.model.checkpoint import load_checkpoint, save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel, ModelConfig

TARGET = ("--stride", "4", "--smooth", "1.5", "--logit-adjustment", "0.75")
FEW = ("--smooth", "0,0.5,1.5,3", "--logit-adjustment", "0,0.75", "--stride", "4,16")


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Six videos with long segments under noise, from a model that leans to frequent classes."""
    folder = tmp_path_factory.mktemp("made up")
    for seed in range(6):
        labels = segments(600, 80, seed, SHARES)
        rows = guessed(labels, seed, noise=1.5, shares=SHARES, bias=1.0)
        write_video(folder, annotation(f"v{seed}", rows, shares=SHARES), labels)
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small model of random weights whose answers differ from frame to frame and from window to
    window: its logits on some noise have mean 0 and deviation 1."""
    torch.manual_seed(11)
    config = ModelConfig(backbone="regnet_y_400mf", input_size=32, window=16, class_shares=SHARES)
    model = ExpressionModel(config).eval()
    noise = np.random.default_rng(0).integers(0, 256, (64, 4, 4, 3), np.uint8)
    with torch.no_grad():
        model.transformer.attention.to_out.weight.mul_(10)
        features = model.embed(noise.repeat(28, axis=1).repeat(28, axis=2))
        logits = model.logits(features.reshape(4, 16, -1)).flatten(0, 1)
        model.head.weight.div_(logits.std(dim=0)[:, None])
        logits = model.logits(features.reshape(4, 16, -1)).flatten(0, 1)
        model.head.bias.sub_(logits.mean(dim=0))
    path = tmp_path_factory.mktemp("weights") / "light.safetensors"
    save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none")
    return path


def test_help_is_instant_and_names_what_is_tried():
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "tune", "--help"]
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for words in ("--smooth", "--logit-adjustment", "--stride", "--folds", "tuned.toml", "1.5"):
        assert words in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "pandas", "pyarrow", "scipy"}


def test_table_and_settings_are_written_without_torch(made_up, tmp_path):
    program = (
        "import sys; from videxpr.cli import main\n"
        "try:\n    main()\nfinally:\n    print('torch' in sys.modules)"
    )
    arguments = ("tune", made_up / "predictions", made_up / "labels", "-o", tmp_path / "s.toml")
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    assert "Macro F1 at stride 16" in done.stdout
    assert "choosing gains +" in done.stdout
    assert "6 source videos, 3,600 labeled frames" in done.stdout
    settings = tomllib.loads((tmp_path / "s.toml").read_text())
    assert settings["smooth"] >= 0.5
    assert settings["logit-adjustment"] > 0
    assert (settings["model"], settings["model-sha256"]) == (["made up"], ["ab" * 32])
    said = (tmp_path / "s.toml").read_text()
    assert "# 6 source videos, 3600 labeled frames\n" in said
    after, before = re.search(r"# macro F1 (0\.\d{4}), before (0\.\d{4})", said).groups()
    assert float(after) > float(before)
    assert re.search(r"# cross-validated gain \+0\.\d{4}\n", said)


def test_no_gain_is_said_and_the_current_settings_are_kept(videxpr, tmp_path):
    for seed in range(4):
        labels = segments(300, 1, seed)
        rows = guessed(labels, seed, lead=4.0)
        write_video(tmp_path, annotation(f"v{seed}", rows, smooth=0.0), labels)
    code, out, err = videxpr(
        "tune", tmp_path / "predictions", tmp_path / "labels", "-o", tmp_path / "s.toml"
    )
    assert code == 0
    assert "no gain: keep the current settings" in out
    assert "note: logit adjustment was not tried" in err
    assert tomllib.loads((tmp_path / "s.toml").read_text())["smooth"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--smooth", "0,long"], "--smooth must be a number, not 'long'"),
        (["--smooth", "-1"], "--smooth must be at least 0, not -1"),
        (["--smooth", "inf"], "--smooth must be at least 0, not inf"),
        (["--stride", "1.5"], "--stride must be a whole number, not '1.5'"),
        (["--logit-adjustment", ""], "--logit-adjustment must be a number, not ''"),
        (["--folds", "1"], "--folds must be at least 2, not 1"),
        (["-m", "nosuch"], "nosuch"),
        (["-m", "starter"], "made by model made up"),
    ],
)
def test_wrong_usage_is_exit_code_two_and_one_line(videxpr, made_up, tmp_path, arguments, words):
    out = ("-o", tmp_path / "s.toml")
    code, _, err = videxpr("tune", made_up / "predictions", made_up / "labels", *out, *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_settings_that_are_there_are_replaced_only_when_asked(videxpr, made_up, tmp_path):
    (tmp_path / "s.toml").write_text("mine")
    run = ("tune", made_up / "predictions", made_up / "labels", "-o", tmp_path / "s.toml")
    code, _, err = videxpr(*run, "--smooth", "0,0.5")
    assert code == 2 and "s.toml is there already; --overwrite replaces it" in err
    assert (tmp_path / "s.toml").read_text() == "mine"
    assert videxpr(*run, "--smooth", "0,0.5", "--overwrite")[0] == 0
    assert tomllib.loads((tmp_path / "s.toml").read_text())["stride"] == 16


def test_labels_of_other_frames_give_no_settings(videxpr, tmp_path):
    """The names are the same, but every frame that is labeled comes after the last face."""
    for name in ("a", "b"):
        made = annotation(name, guessed(segments(60, 20, 0), 0))
        made = replace(made, faces=made.faces.select(np.arange(40)))
        write_video(tmp_path, made, np.array([-1] * 40 + [3] * 20))
    places = tmp_path / "predictions", tmp_path / "labels"
    code, _, err = videxpr("tune", *places, "-o", tmp_path / "s.toml")
    assert code == 2 and not (tmp_path / "s.toml").exists()
    assert f"no labeled frame of {places[1]} has probabilities in {places[0]}" in err
    code, _, err = videxpr("tune", *reversed(places), "-o", tmp_path / "s.toml")
    assert code == 2 and "give PREDICTIONS first, then LABELS" in err


def test_what_is_not_there_or_cannot_be_written_is_said(videxpr, made_up, tmp_path):
    places = made_up / "predictions", made_up / "labels"
    for pair in ((tmp_path / "nosuch", places[1]), (places[0], tmp_path), (places[1], places[1])):
        code, _, err = videxpr("tune", *pair)
        assert (code, err.count("\n")) == (2, 1)
    (tmp_path / "file").write_text("")
    code, _, err = videxpr("tune", *places, "-o", tmp_path / "file" / "s.toml", "--smooth", "0")
    assert code == 2
    assert "s.toml cannot be written" in err


def write_crops(folder):
    """Three folders of noisy crops with a gap that is bridged, or not."""
    drawn = np.random.default_rng(2)
    for length, name in ((8, "a"), (16, "b"), (24, "c")):
        (folder / name).mkdir(parents=True)
        for number in range(1, 100):
            if number not in range(30, 30 + length):
                noise = drawn.integers(-40, 40, (112, 112, 3))
                image = np.clip(picture(10 * number, size=(112, 112)) + noise, 0, 255)
                Image.fromarray(image.astype(np.uint8)).save(folder / name / f"{number:05d}.png")


def test_annotate_with_the_settings_gives_what_tune_scored(videxpr, weights, tmp_path):
    """Plant the labels that annotate writes with certain settings: tune finds those, and annotate
    with the file it writes gives what it scored."""
    write_crops(tmp_path / "crops")
    sources, model, formats = (
        [tmp_path / "crops"],
        ("-m", weights),
        ("-f", "parquet", "-f", "features"),
    )
    truth, there, again = tmp_path / "truth", tmp_path / "there", tmp_path / "again"
    assert videxpr("annotate", *sources, *model, *TARGET, "-o", truth, "-f", "aff-wild2")[0] == 0
    labels = tmp_path / "labels"
    for path in truth.glob("*.txt"):
        write_labels(labels / path.name, read_labels(path))
    assert videxpr("annotate", *sources, *model, *formats, "-o", there)[0] == 0
    code, out, err = videxpr(
        *("tune", there, labels, "-m", weights, *FEW, "--folds", "9", "-o", tmp_path / "s.toml")
    )
    assert (code, err) == (0, "")
    assert "Macro F1 at stride 4" in out
    settings = tomllib.loads((tmp_path / "s.toml").read_text())
    assert [settings[name] for name in ("stride", "smooth", "logit-adjustment")] == [4, 1.5, 0.75]
    assert settings["model"] == [str(weights)]
    code, _, err = videxpr("annotate", *sources, "--config", tmp_path / "s.toml", "-o", again)
    assert code == 0
    assert "the configuration was made with" not in err
    scored, before = evaluate(again, labels), evaluate(there, labels)
    assert scored.scores.accuracy == 1
    options = TuneOptions((0.0, 0.5, 1.5, 3.0), (0.0, 0.75), (4, 16))
    report = tune(there, labels, load_checkpoint(weights), options)
    assert scored.scores.macro_f1 == report.recommended.macro_f1
    assert before.scores.macro_f1 == pytest.approx(report.current.macro_f1, abs=1e-12)
    assert (
        f"{scored.scores.macro_f1:.4f}, before {before.scores.macro_f1:.4f}"
        in (tmp_path / "s.toml").read_text()
    )
    other = ("-m", "starter", "-o", tmp_path / "other")
    code, _, err = videxpr("annotate", *sources, "--config", tmp_path / "s.toml", *other)
    assert code == 0
    assert "the configuration was made with" in err


@needs_shared
def test_annotate_with_settings_gives_what_tune_scores_of_a_real_clip(videxpr, weights, tmp_path):
    """A part of a clip of uneven times, whose second half shows nobody."""
    name = "face-then-none-vfr-hevc"
    detector = ("--detector-dir", SHARED / "models" / "insightface")
    part = ("--start", "1", "--end", "3.5", "-m", weights, *detector)
    run = ("annotate", SHARED / "data" / "clips" / f"{name}.mov", *part)
    plain, again = tmp_path / "plain", tmp_path / "again"
    assert videxpr(*run, "-f", "parquet", "-f", "features", "-o", plain)[0] == 0
    (tmp_path / "s.toml").write_text("stride = 4\nsmooth = 1.5\nlogit-adjustment = 0.75\n")
    formats = ("-f", "parquet", "-f", "aff-wild2")
    assert videxpr(*run, *formats, "--config", tmp_path / "s.toml", "-o", again)[0] == 0

    data = read_tuning_data(plain, again / f"{name}.txt")
    (person,) = data.people
    assert person.truth[0] == -1
    (rows,) = restride(data, load_checkpoint(weights), (4,))[4]
    assert len(rows) > 20
    scored = adjusted(rows, data.settings.class_shares, 0.75)
    written = read_annotation(again / f"{name}.parquet").faces.probabilities
    np.testing.assert_array_equal(scored, written)
    predicted = relabel(person.annotation, 0, "fill", scored, 1.5)
    np.testing.assert_array_equal(predicted, person.truth)
    smoothed = smooth_tracks(person.annotation, scored, 1.5)
    confidence = pandas.read_parquet(again / f"{name}.parquet")["confidence"].dropna()
    np.testing.assert_array_equal(smoothed.max(axis=1), confidence.to_numpy(np.float32))
