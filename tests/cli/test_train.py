"""``videxpr train`` as a user types it: what it says of the data, and what it refuses."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from faces import write_faces
from training import small_tree
from trees import write_tree

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.datasets.crops.geometry_file import write_crop_geometry
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.header import read_card

QUICK = ("--backbone", "regnet_y_400mf", "--backbone-weights", "none", "--freeze", "block4",
         "--augment", "none", "--learning-rate", "0.001", "--epochs", "1")  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tree(tmp_path_factory.mktemp("tree"))


def test_training_says_what_it_found_and_what_came_out(videxpr, tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    code, said, errors = videxpr("train", "clips", tree, *QUICK, "--dtype", "float16", "-o", output)
    assert code == 0, errors
    parameters = sum(one.numel() for one in load_checkpoint(output).model.parameters())
    assert 2 * parameters < output.stat().st_size < 2.2 * parameters
    assert re.search(r"labeled, with a crop │ +310 │ +160", said)
    assert re.search(r"Happiness +│ +51 │ +0", said)
    assert "nobody measured these crops: the checkpoint will say 'unverified'" in said
    assert "transformer on regnet_y_400mf (random weights)" in said
    assert re.search(r"epoch 1/1: loss \d\.\d+, validation macro F1 0\.\d+", said)
    assert re.search(r"wrote .*m\.safetensors: epoch 1 of 1, validation macro F1", said)
    card = read_card(output)
    assert card.training.data == "4 videos, 310 frames, of EXPR_Recognition_Challenge"
    code, said, errors = videxpr("train", "clips", tree, *QUICK, "-o", output, "--resume")
    assert code == 0 and "resumed after epoch 1" in said
    code, said, errors = videxpr("train", "clips", tree, *QUICK, "-o", output)
    assert code == 2 and "--resume goes on with that run, --overwrite begins anew" in errors
    assert said == ""  # before anything is read
    code, _, errors = videxpr("train", "clips", tree, "-o", output, "--resume", "--overwrite")
    assert (
        code == 2 and "--resume goes on with an earlier run, --overwrite begins it anew" in errors
    )
    code, _, errors = videxpr("train", "clips", tree, "-o", tmp_path / "m.pth")
    assert code == 2 and "m.pth must be the name of a .safetensors file" in errors


def test_a_run_that_is_not_there_to_be_resumed_and_the_search_for_a_rate_are_said(
    videxpr, tree: Path, tmp_path: Path
) -> None:
    searching = [word for word in QUICK if word not in ("--learning-rate", "0.001")]
    searching += ["--batch-size", "1"]  # a hundred steps are taken
    code, said, _ = videxpr(
        "train", "clips", tree, *searching, "--resume", "-o", tmp_path / "m.safetensors"
    )
    assert code == 0
    assert re.search(r"no state of an earlier run in .*m\.run: training begins anew", said)
    assert said.index("looking for a learning rate") < said.index("learning rate found: ")


def test_every_trap_of_the_layout_is_listed(videxpr, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", size=32)
    (root / "cropped_aligned" / "test1").mkdir()
    output = tmp_path / "m.safetensors"
    code, said, errors = videxpr("train", "clips", root, *QUICK, "--folds", "2/3", "-o", output)
    assert code == 0, errors
    assert "annotated, but without crops: 1: video45_7" in said
    assert "crops without annotation (the test set's have none): 1: test1" in said
    assert "crops beyond the last line of the annotation: 1: video2 (1)" in said


def test_a_geometry_is_taken_from_beside_the_crops_or_from_the_option(
    videxpr, tmp_path: Path
) -> None:
    root = small_tree(tmp_path / "tree")
    points = tuple((x * 2 / 7, y * 2 / 7 + 1) for x, y in ARCFACE.landmarks)
    write_crop_geometry(root / "crop_geometry.json", CropTemplate("beside", 32, points))
    write_crop_geometry(tmp_path / "other.json", CropTemplate("other", 32, points))
    for more, name in (((), "beside"), (("--geometry", tmp_path / "other.json"), "other")):
        output = tmp_path / f"{name}.safetensors"
        code, said, errors = videxpr("train", "clips", root, *QUICK, *more, "-o", output)
        assert code == 0, errors
        assert "nobody measured" not in said
        assert read_card(output).config.crop.name == name


def test_choices_reach_the_recipe(videxpr, tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    code, _, errors = videxpr(
        "train", "clips", tree, *QUICK, "-o", output, "--recipe", "authors", "--gamma", "1.5",
        "--brightness", "0.1", "--contrast", "0.2", "--saturation", "0.3", "--flip", "0.25",
        "--windows", "sliding", "--stride", "16", "--balance", "0.5", "--seed", "7",
        "--validation-stride", "16", "--variant", "both", "--position", "learned",
        "--shortest-window", "8", "--single-frames", "0",
    )  # fmt: skip
    assert code == 0, errors
    options = read_card(output).training.options
    expected = {
        "optimizer": "adamw", "loss.gamma": "1.5", "loss.divergence": "0.2", "seed": "7",
        "augmentation.contrast": "0.2", "augmentation.flip": "0.25",
        "augmentation.brightness": "0.1", "augmentation.saturation": "0.3",
        "sampling.placement": "sliding", "sampling.stride": "16",
        "sampling.balance": "0.5", "sampling.shortest": "8",
        "single_frames": "0.0", "feature_noise": "0.0",
        "validation_stride": "16", "plateau": "True",
        "variant": "both", "position": "learned", "augment_per": "none", "learning_rate": "0.001",
    }  # fmt: skip
    assert expected.items() <= options.items()


CLIPS, IMAGES = ("clips", "TREE"), ("images", "TREE")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("clips", "nowhere"), 2, "no folder nowhere"),
        (("clips",), 2, "name the root folder of the data, or both --annotations and --crops"),
        (("images", "nowhere"), 2, "no folder nowhere of labeled images"),
        (("images",), 2, "name FOLDER: videxpr train images faces/"),
        (
            (*IMAGES, "--oversample", "web_*"),
            2,
            "--oversample must be PATTERN=FACTOR, e.g. 'web_*=5', not 'web_*'",
        ),
        (
            (*IMAGES, "--distillation-weight", "0.5"),
            2,
            "--distillation-weight is of a teacher; name one with --teacher",
        ),
        ((*CLIPS, "--seed", "-1"), 2, "--seed must be at least 0 and at most 4294967295, not -1"),
        ((*CLIPS, "--folds", "x"), 2, "--folds must be K/N, e.g. 1/5 for the first of five"),
        ((*CLIPS, "--folds", "9/9"), 2, "there are 2 to 6 folds"),
        ((*CLIPS, "--contrast", "x"), 2, "--contrast must be a number, not 'x'"),
        ((*CLIPS, "--rotation", "181"), 2, "--rotation must be at least 0 and at most 180"),
        ((*CLIPS, "--windows", "slide"), 2, "not 'slide'; did you mean 'sliding'?"),
        ((*CLIPS, "--recipe", "mine"), 2, "--recipe must be one of paper, authors, not 'mine'"),
        ((*CLIPS, "--epochs", "0"), 2, "--epochs must be at least 1, not 0"),
        ((*CLIPS, "--geometry", "nowhere.json"), 2, "nowhere.json"),
        ((*CLIPS, "--batch-size", "3", "--devices", "2"), 2, "3 windows cannot be shared by 2"),
        ((*CLIPS, "--backbone-weights", "imagenet"), 1, "cannot fetch torchvision's ImageNet"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    videxpr,
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    typed = [str(tree) if word == "TREE" else word for word in arguments]
    ended, _, errors = videxpr("train", *typed)
    assert ended == code
    assert errors.startswith("error: ") and message in errors
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        ((*CLIPS, "--gray"), "--gray"),
        ((*CLIPS, "--mixup", "1"), "--mixup"),
        ((*CLIPS, "--oversample", "web_*=5"), "--oversample"),
        ((*IMAGES, "--variant", "both"), "--variant"),
        ((*IMAGES, "--recipe", "authors"), "--recipe"),
    ],
)
def test_options_of_the_other_way_to_train_are_none_of_this_one(
    videxpr, arguments: tuple[str, ...], flag: str
) -> None:
    code, _, errors = videxpr("train", *arguments)
    assert code == 2 and "no such option" in errors and flag in errors


def test_help_tells_each_commands_own_defaults_and_what_the_recipe_changes(
    videxpr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    _, clips, _ = videxpr("train", "clips", "--help")
    _, images, _ = videxpr("train", "images", "--help")
    for shown, flag, default in (
        (clips, "--epochs", "30"),
        (images, "--epochs", "12"),
        (clips, "--brightness", "0.5"),
        (images, "--brightness", "0.25"),
        (clips, "--dtype", "float32"),
        (images, "--dtype", "float16"),
        (clips, "--optimizer", "adam; authors: adamw"),
        (clips, "--learning-rate", "found by Lightning; authors: 0.001"),
        (clips, "--label-smoothing", "0; authors: 0.1"),
        (clips, "--kl-weight", "0; authors: 0.2"),
        (clips, "--plateau", "off; authors: on"),
        (clips, "--augment", "per-window; authors: per-frame"),
        (images, "--balance", "0.5"),
    ):
        line = shown.partition(f"│ {flag} ")[2].partition("[default: ")[2]
        assert line.startswith(f"{default}]"), (flag, line[:60])


def test_the_options_that_would_be_used_can_be_printed_and_read_again(
    videxpr, tree: Path, tmp_path: Path
) -> None:
    words = ("train", "clips", tree, "--recipe", "authors", "--folds", "2/3", "--gamma", "1")
    _, printed, _ = videxpr(*words, "--print-config")
    file = tmp_path / "train.toml"
    file.write_text(printed)
    assert 'folds = "2/3"' in printed and 'optimizer = "adamw"' in printed
    assert "plateau = true" in printed and "gamma = 1.0" in printed
    _, again, _ = videxpr("train", "clips", tree, "--config", file, "--print-config")
    assert again == printed


def test_a_mistake_is_answered_before_torch_is_loaded(tmp_path: Path) -> None:
    words = [("clips", "nowhere"), ("images", "nowhere"), ("clips", ".", "--gamma", "-1")]
    for arguments in words:
        code = f"import sys; sys.argv = ['videxpr', 'train', *{arguments}]\n"
        code += "from videxpr.cli import main\ntry: main()\n"
        code += "finally: print('torch' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 2 and done.stdout == "False\n", done.stderr


def test_training_on_images_starts_from_a_model_by_its_name(videxpr, tmp_path: Path) -> None:
    faces, split = write_faces(tmp_path)
    output = tmp_path / "m.safetensors"
    words = ("--split", split, "--initial", "starter", "--epochs", 0, "-o", output)
    code, said, errors = videxpr("train", "images", faces, *words)
    assert code == 0, errors
    assert "wrote" in said and read_card(output).config.backbone == "regnet_y_1_6gf"


def test_a_bad_crop_is_named_without_a_trace(videxpr, tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree")
    bad = root / "cropped_aligned" / "v1" / "00003.jpg"
    bad.write_bytes(b"no picture")
    code, _, errors = videxpr(
        "train", "clips", root, *QUICK, "--workers", "1", "-o", tmp_path / "m.safetensors"
    )
    assert code == 2 and "Traceback" not in errors
    assert errors.startswith("error: cannot read the image") and str(bad) in errors


def test_training_that_cannot_go_on_is_a_failure(videxpr, tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    code, _, errors = videxpr(
        "train", "clips", tree, *QUICK, "-o", output, "--optimizer", "adamw", "--weight-decay", "1e30",
        "--batch-size", "2",
    )  # fmt: skip
    assert code == 1 and "the loss is nan in epoch 1, step " in errors
    assert not output.exists()
