"""``videxpr synthesize`` as users run it, and training and evaluation on what it made."""

import json
import os
import re
import subprocess
import sys

import pytest
from faces import write_faces

from videxpr.formats.affwild2 import SEVEN_CLASS_HEADER as HEADER

FEW = ("--videos", 2, "--validation-videos", 1, "--seconds", 3)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return write_faces(tmp_path_factory.mktemp("faces"))


def test_help_is_instant_and_names_the_defaults():
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "synthesize", "--help"]
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for words in ("--split", "--part", "--person", "400", "100", "20", "30", "synthesis.json"):
        assert words in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "pandas", "scipy"}


def test_a_tree_is_made_and_its_sets_are_shown(videxpr, faces, tmp_path):
    folder, split = faces
    code, out, err = videxpr("synthesize", folder, "--split", split, "-o", tmp_path / "t", *FEW)
    assert (code, err) == (0, "")
    assert "Train_Set: segments" in out and "Surprise" in out and "Disgust" not in out
    assert "3 sequences, 270 frames" in out and "frames/s" in out
    written = json.loads((tmp_path / "t" / "synthesis.json").read_text())
    assert written["sources"] == {"faces": str(folder), "split": str(split)}
    assert len(list(tmp_path.glob("t/EXPR_Set/Train_Set/train_*.txt"))) == 2


def test_the_options_reach_the_tree(videxpr, faces, tmp_path):
    folder, split = faces
    code, out, _ = videxpr(
        *(
            "synthesize",
            folder,
            "--split",
            split,
            "-o",
            tmp_path / "t",
            *FEW,
            "--fps",
            10,
            "--quiet",
        ),
        *("--part", "test", "--person", r"web_([A-Z][a-z]+)_", "--seed", 8, "--color"),
    )
    assert (code, out) == (0, "")
    written = json.loads((tmp_path / "t" / "synthesis.json").read_text())
    assert [(one["folder"], one["part"]) for one in written["sets"]] == [("Validation_Set", "test")]
    assert {name: written["options"][name] for name in ("fps", "seed", "color")} == {
        "fps": 10,
        "seed": 8,
        "color": True,
    }
    assert list(written["sequences"]) == ["test_0001"]
    assert not (tmp_path / "t" / "EXPR_Set" / "Train_Set").exists()


def test_without_a_split_a_tenth_is_drawn_for_validation(videxpr, faces, tmp_path):
    code, _, _ = videxpr("synthesize", faces[0], "-o", tmp_path / "t", *FEW, "--quiet")
    written = json.loads((tmp_path / "t" / "synthesis.json").read_text())
    counts = [sum(one["images"].values()) for one in written["sets"]]
    assert code == 0 and sum(counts) == 84 and 8 <= counts[1] <= 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--part", "test"), "only a split file tells which images are for the test"),
        (("--seconds", "0"), "--seconds must be above 0"),
        (("--videos", "0"), "--videos must be at least 1, not 0"),
        (("--seed", "-1"), "--seed must be at least 0"),
        (("--split", "nosuch.csv"), "cannot read the split nosuch.csv: No such file or directory"),
        (("--person", "Nobody(.)"), "is in no file's name"),
        (("--one-person", "0.3"), "--one-person needs --person"),
        (("--part", "train"), "--part must be one of validation, test, not 'train'"),
    ],
)
def test_wrong_usage_is_said_and_nothing_is_made(videxpr, faces, tmp_path, arguments, message):
    code, _, err = videxpr("synthesize", faces[0], "-o", tmp_path / "t", *arguments)
    assert code == 2 and message in err
    assert not list(tmp_path.iterdir())


def test_a_tree_that_is_there_and_a_folder_that_is_not(videxpr, faces, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "mine.txt").touch()
    code, _, err = videxpr("synthesize", faces[0], "--split", faces[1], "-o", tmp_path / "t", *FEW)
    assert code == 2 and "is there already, and nothing is overwritten" in err
    code, _, err = videxpr("synthesize", tmp_path / "gone", "-o", tmp_path / "u")
    assert code == 2 and "no folder" in err


def test_votes_go_from_images_through_sequences_into_training(videxpr, faces, tmp_path):
    folder, split = faces
    votes = tmp_path / "votes.csv"
    rows = ["image,neutral,anger,happiness,surprise,unknown"]
    for image in sorted(folder.rglob("some_*.png")):  # those of known people have no votes
        number = int(image.stem[-1])
        kinds = {2: "5,0,5,0,0", 3: "0,0,2,2,6", 4: "1,7,2,0,0"}  # torn, unknown, angry, or happy
        counts = kinds.get(number, "1,2,7,0,0")
        rows.append(f"{image.relative_to(folder)},{counts}")
    votes.write_text("\n".join(rows) + "\n")
    voted = ("--split", split, "--votes", votes)
    code, _, err = videxpr("synthesize", folder, *voted, "-o", tmp_path / "t", *FEW)
    assert (code, err) == (0, "")
    labels = [file.read_text() for file in tmp_path.glob("t/EXPR_Set/Train_Set/train_*.txt")]
    assert len(labels) == 2 == len(list(tmp_path.glob("t/EXPR_Set/Train_Set/*.shares.csv")))
    assert {"1", "4", "-1"} >= set("\n".join(labels).replace(HEADER, "").split())
    small = ("--size", 32, "--epochs", 1, "--batch-size", 4)
    model = tmp_path / "m.safetensors"
    code, out, err = videxpr(
        "train", "images", folder, *voted, "--folder-labels", "web_*", *small, "-o", model
    )
    assert code == 0, err
    assert re.search(
        r"left out of 28 training images: 0 without votes, \d on which most people could not", out
    )
    code, out, err = videxpr("train", "images", folder, *voted, *small, "-o", model, "--overwrite")
    assert code == 0, err
    assert "left out of 28 training images: 8 without votes" in out
    code, _, err = videxpr("train", "images", folder, "--folder-labels", "web_*", "-o", model)
    assert (
        code == 2 and "--folder-labels is of images without votes; name a file with --votes" in err
    )
