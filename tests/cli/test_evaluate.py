"""``videxpr evaluate`` as a user types it."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
import torch
from conftest import Run
from labels import annotated
from PIL import Image

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, write_predictions
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig

KEYS = {
    *("macro_f1", "macro_f1_present", "accuracy", "frames", "coverage", "per_class"),
    *("confusion", "videos"),
}
LABELS = {"a": [0, 0, 1, 4, -1], "b": [1, 1, 3], "c": [7, 7]}
OURS = {"a": [0, 0, 1, 1, 1], "b": [1, 1], "z": [0]}
THEIRS = {"a": [0, 5, 5, 1, 1], "b": [1, 0, 0], "c": [0, 0]}


@pytest.fixture
def videxpr(videxpr: Run) -> Run:
    """Runs ``videxpr evaluate``."""
    return partial(videxpr, "evaluate")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for folder, files in (("labels", LABELS), ("ours", OURS), ("theirs", THEIRS)):
        for name, values in files.items():
            write_labels(tmp_path / folder / f"{name}.txt", np.array(values, np.int64))
    return tmp_path


def test_tables_go_to_standard_output_and_notes_to_standard_error(
    videxpr: Run, folders: Path
) -> None:
    code, out, err = videxpr(folders / "ours", folders / "labels")
    assert code == 0
    for title in (
        "Videos",
        "Labeled (down) and predicted (across)",
        "Expressions",
        "Which frames",
    ):
        assert title in out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    assert ["a", "4", "100.0%", "0.750", "0.556", ""] in rows
    assert ["b", "3", "100.0%", "0.667", "0.400", "-1"] in rows
    assert ["c", "2", "0.0%", "0.000", "0.000", "no prediction"] in rows
    assert ["Anger", "0.600", "1.000", "0.750", "0.000 to 0.800", "3"] in rows
    assert ["Other", "0", "0", "0", "0", "0", "0", "0", "0", "2"] in rows
    assert ["all labeled", "9", "100.0%", "0.219", "0.350", "0.556"] in rows
    assert ["covered", "7", "77.8%", "0.219", "0.438", "0.714"] in rows
    assert f"{folders / 'ours'} (text files)" in out
    last = out.splitlines()[-1]
    assert last.startswith("macro F1 0.219 (95 %: ") and "3 source videos" in last
    assert last.endswith("9 labeled frames, coverage 77.8%")
    assert "note: nothing is predicted for 1 of 3 names" in err
    assert "note: predicted but not in the labels: z" in err


def test_json_on_standard_output_is_alone_there(videxpr: Run, folders: Path) -> None:
    code, out, err = videxpr(folders / "ours", folders / "labels", "--json", "-")
    found = json.loads(out)
    assert code == 0 and set(found) >= KEYS and "note:" in err
    assert set(found["per_class"]) == set(EXPRESSIONS)
    assert set(found["per_class"]["Fear"]) == {
        "precision",
        "recall",
        "f1",
        "f1_interval",
        "support",
    }
    assert np.shape(found["confusion"]) == (8, 8) and len(found["videos"]) == 3


def test_markdown_on_standard_output_is_alone_there(videxpr: Run, folders: Path) -> None:
    code, out, _ = videxpr(folders / "ours", folders / "labels", "--markdown", "-")
    assert code == 0 and out.startswith("|  | Neutral | Anger |") and len(out.splitlines()) == 5


def test_files_and_pictures_are_written_beside_the_tables(videxpr: Run, folders: Path) -> None:
    out = folders / "new"
    code, shown, _ = videxpr(
        *(folders / "ours", folders / "labels", "--json", out / "a.json"),
        *("--markdown", out / "a.md", "--plots", out / "plots", "--bootstrap", 50, "--seed", 3),
    )
    assert code == 0 and "macro F1" in shown
    assert json.loads((out / "a.json").read_text())["frames"] == 9
    assert (out / "a.md").read_text().startswith("|  | Neutral")
    assert sorted(path.name for path in (out / "plots").iterdir()) == [
        "confusion.png",
        "per_class.png",
    ]


def test_against_shows_both_and_the_difference(videxpr: Run, folders: Path) -> None:
    code, out, err = videxpr(folders / "ours", folders / "labels", "--against", folders / "theirs")
    lines = out.splitlines()
    assert code == 0 and lines[-1].startswith("difference +0.")
    assert "(95 %: " in lines[-1] and "above 0 in " in lines[-1]
    assert lines[-3] == f"against      {folders / 'theirs'} (text files)"
    assert "note: ours: nothing is predicted" in err and "note: theirs: Disgust" in err


def test_parquet_shows_where_labels_come_from(videxpr: Run, folders: Path) -> None:
    write_parquet(folders / "out" / "a.parquet", annotated([[0, 0, 1.5, None, 4]]))
    _, out, _ = videxpr(folders / "out", folders / "labels" / "a.txt")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    assert [row[:3] for row in rows if row and row[0] in ("detected", "bridged", "filled")] == [
        ["detected", "2", "50.0%"],
        ["bridged", "1", "25.0%"],
        ["filled", "1", "25.0%"],
    ]
    assert "no interval: that takes two source videos or more" in out


def test_parquet_is_never_taken_for_labels(videxpr: Run, folders: Path) -> None:
    write_parquet(folders / "out" / "a.parquet", annotated([[0, 0, 1.5, None, 4]]))
    for predictions in ("labels", "out"):
        code, out, err = videxpr(folders / predictions, folders / "out")
        assert (code, out) == (2, "") and "give PREDICTIONS first, then LABELS" in err
        assert str(folders / "out") in err


@pytest.mark.parametrize(
    ("predictions", "labels", "words"),
    [
        ("labels", "ours", "labels leaves frames without a label, and .*ours none"),
        ("EXPR_Set/Validation_Set", "ours", "Validation_Set is one of Aff-Wild2's own sets"),
        ("labels", "predictions.txt", "the labels are from a predictions file"),
    ],
)
def test_what_looks_swapped_is_remarked_on(
    videxpr: Run, folders: Path, predictions: str, labels: str, words: str
) -> None:
    shutil.copytree(folders / "ours", folders / "EXPR_Set" / "Validation_Set")
    block = Block("a", np.arange(5), np.array(OURS["a"]))
    write_predictions(folders / "predictions.txt", [block])
    wrong, right = (
        (folders / predictions, folders / labels),
        (folders / labels, folders / predictions),
    )
    code, _, err = videxpr(*wrong)
    assert code == 0 and re.search(f"note: .*{words}.*: are the two swapped", err)
    assert "swapped" not in videxpr(*right)[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name PREDICTIONS and LABELS, or a folder of crops with --images"),
        (["ours"], "name PREDICTIONS and LABELS"),
        (["ours", "gone"], "no such file or folder: gone"),
        (["ours", "labels", "--strict"], "b.txt has 2 frames of b, but .*b.txt has 3"),
        (["ours", "labels", "--json", "-", "--markdown", "-"], "cannot both be written to -"),
        (["ours", "labels", "--model", "starter"], "go with --images"),
        (["ours", "labels", "--device", "cpu"], "go with --images"),
        (["ours", "--images", "faces"], "leave out PREDICTIONS"),
        (["--images", "faces", "--part", "test"], "add --split FILE"),
        (["ours", "labels", "--votes", "v.csv"], "go with --images"),
        (["ours", "labels", "--folder-labels", "web_*"], "go with --images"),
        (["--images", "faces", "--folder-labels", "web_*"], "name a file with --votes"),
        (["--images", "gone"], "no folder gone"),
        (
            ["ours", "labels", "--against", "empty"],
            "empty holds no labels: .*NAME.txt.*, a predictions.txt, or Parquet",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    videxpr: Run,
    folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(folders)
    (folders / "empty").mkdir()
    code, out, err = videxpr(*words)
    assert code == 2 and out == ""
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(err)
    assert err.startswith("error: ") and len(err.splitlines()) == 1


def test_a_file_that_cannot_be_written_is_said_before_any_work(videxpr: Run, folders: Path) -> None:
    target = folders / "ours" / "a.txt" / "x.json"
    code, _, err = videxpr(folders / "ours", folders / "labels", "--json", target)
    assert code == 2 and "ours/a.txt is a file" in err


@pytest.fixture
def on_stills(tmp_path: Path) -> tuple[str | Path, ...]:
    """Words that name three images and a model without Other."""
    torch.manual_seed(0)
    seen = tuple(name for name in EXPRESSIONS if name != "Other")
    config = ModelConfig("backbone", "regnet_y_400mf", trained_expressions=seen, input_size=32)
    weights = tmp_path / "mine.safetensors"
    save_checkpoint(weights, ExpressionModel(config), TrainingSummary("", "", 0, 0), "none")
    for name, shade in (("fear", 30), ("Sadness", 200), ("other", 90)):
        (tmp_path / "faces" / name).mkdir(parents=True)
        Image.new("RGB", (112, 112), (shade, shade, 90)).save(tmp_path / "faces" / name / "1.png")
    return ("--images", tmp_path / "faces", "-m", weights, "--device", "cpu")


def test_a_model_is_scored_on_stills(
    videxpr: Run, tmp_path: Path, on_stills: tuple[str | Path, ...]
) -> None:
    words = on_stills
    code, out, err = videxpr(*words)
    assert code == 0 and "3 labeled images, coverage 100.0%" in out and "3 images)" in out
    assert "Videos" not in out and "never trained on Other" in err
    code, out, _ = videxpr(*words, "--json", "-")
    found = json.loads(out)
    assert code == 0 and set(found) >= KEYS and found["frames"] == 3 and found["videos"] == []
    assert 0 <= found["calibration"]["expected_error"] <= 1
    low, high = found["calibration"]["error_by_chance"]
    assert 0 < low < high < 1
    assert sum(found["calibration"]["counts"]) == 3
    words = (*words, "--only", "1.*", "--corrupt", "dark", "--plots", tmp_path / "plots")
    code, out, _ = videxpr(*words)
    assert code == 0 and "(1.*, dark)" in out and "expected calibration error 0." in out
    assert "(of a perfectly calibrated model with as many predictions as confident: 0." in out
    assert len(list((tmp_path / "plots").glob("*.png"))) == 3
    code, _, err = videxpr("ours", "labels", "--only", "x")
    assert code == 2 and "--votes, --folder-labels, --corrupt and --device go with" in err


def test_a_model_is_scored_by_votes(
    videxpr: Run, tmp_path: Path, on_stills: tuple[str | Path, ...]
) -> None:
    votes, table = tmp_path / "votes.csv", tmp_path / "a.md"
    votes.write_text("image,fear,sadness,nf\nfear/1.png,4,5,1\nSadness/1.png,3,3,0\n")
    code, out, err = videxpr(*on_stills, "--votes", votes, "--markdown", table)
    assert code == 0 and re.search(r"accuracy [01]\.000, 1 labeled images", out)
    *_, by_votes, confidence = out.splitlines()
    assert re.fullmatch(
        r"vote-weighted macro F1 0\.\d+ \(95 %: 0\.\d+ to 0\.\d+, 2 images\), "
        r"accuracy by FER\+'s protocol [01]\.000 \(1 images\)",
        by_votes,
    )
    assert re.fullmatch(
        r"confidence is 0\.\d+ off the share of voters who say the same; cross-entropy \d\.\d+, "
        r"divergence \d\.\d+",
        confidence,
    )
    assert "note: 1 of 3 images have no votes and are left out" in err
    assert "note: on 1 of 2 images with votes no expression has a majority" in err
    assert "By the votes on 2 images: vote-weighted" in table.read_text()
    found = json.loads(videxpr(*on_stills, "--votes", votes, "--json", "-")[1])["agreement"]
    assert (found["images"], found["ferplus"]["images"]) == (2, 1)
    assert set(found["per_class"]) == set(EXPRESSIONS)
    assert sum(found["calibration"]["counts"]) == 2
    low, high = found["macro_f1_interval"]
    assert 0 <= low <= found["macro_f1"] <= high
    code, _, err = videxpr(*on_stills, "--only", "2.*", "--votes", votes)
    assert code == 2 and "none of 3 images" in err


def test_help_is_light_and_names_every_option() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "evaluate", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "200"}
    )
    for option in (
        *("--against", "--strict", "--json", "--markdown", "--plots", "--images", "--model"),
        *("--split", "--part", "--only", "--corrupt", "--device", "--bootstrap", "--seed"),
        *("--votes", "--folder-labels"),
    ):
        assert option in done.stdout
    assert "[default: 2000]" in done.stdout and "[default: starter-1]" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "pyarrow", "pandas", "matplotlib", "sklearn"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300,000 frames in 60 videos, predicted in text, in one file and in Parquet."""
    top = tmp_path_factory.mktemp("large")
    random = np.random.default_rng(0)
    blocks = []
    for number in range(60):
        truth = random.integers(-1, 8, 250).repeat(20)
        answers = random.integers(0, 8, 500).repeat(10)
        write_labels(top / "labels" / f"{number}.txt", truth)
        write_labels(top / "text" / f"{number}.txt", answers)
        people = [label if frame % 50 else None for frame, label in enumerate(answers.tolist())]
        write_parquet(top / "parquet" / f"{number}.parquet", annotated([people]))
        blocks.append(Block(str(number), np.arange(len(answers)), answers))
    write_predictions(top / "predictions.txt", blocks)
    return top


@pytest.mark.parametrize("kind", ["text", "predictions.txt", "parquet"])
def test_three_hundred_thousand_frames_are_quick_and_need_no_torch(large: Path, kind: str) -> None:
    code = (
        "import sys; from videxpr.cli import app\n"
        f"app(['evaluate', {str(large / kind)!r}, {str(large / 'labels')!r}, '--json', '-'], "
        "standalone_mode=False)\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    begun = perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert perf_counter() - begun < 10
    assert json.loads(done.stdout)["coverage"] == 1
    heavy = {"torch", "torchvision", "lightning", "av", "cv2", "matplotlib"}
    assert not heavy & set(done.stderr.split()) and "numpy" in done.stderr.split()
