"""``videxpr train`` as a user types it: what it says of the data, and what it refuses."""

import re
from pathlib import Path

import pytest
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
    code, said, errors = videxpr("train", tree, *QUICK, "--store", "float16", "-o", output)
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
    code, said, errors = videxpr("train", tree, *QUICK, "-o", output, "--resume")
    assert code == 0 and "resumed after epoch 1" in said
    code, said, errors = videxpr("train", tree, *QUICK, "-o", output)
    assert code == 2 and "--resume goes on with that run, --overwrite begins anew" in errors


def test_a_run_that_is_not_there_to_be_resumed_and_the_search_for_a_rate_are_said(
    videxpr, tree: Path, tmp_path: Path
) -> None:
    searching = [word for word in QUICK if word not in ("--learning-rate", "0.001")]
    code, said, _ = videxpr("train", tree, *searching, "--resume", "-o", tmp_path / "m.safetensors")
    assert code == 0
    assert re.search(r"no whole epoch of an earlier run in .*m\.run: training begins anew", said)
    assert said.index("looking for a learning rate") < said.index("learning rate found: ")


def test_every_trap_of_the_layout_is_listed(videxpr, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", size=32)
    (root / "cropped_aligned" / "test1").mkdir()
    output = tmp_path / "m.safetensors"
    code, said, errors = videxpr("train", root, *QUICK, "--folds", "2/3", "-o", output)
    assert code == 0, errors
    assert "annotated, but without crops: 1: video45_7" in said
    assert "crops without annotation (the test set's have none): 1: test1" in said
    assert "crops beyond the last line of the annotation: 1: video2 (1)" in said


def test_a_template_is_taken_from_beside_the_crops_or_from_the_option(
    videxpr, tmp_path: Path
) -> None:
    root = small_tree(tmp_path / "tree")
    points = tuple((x * 2 / 7, y * 2 / 7 + 1) for x, y in ARCFACE.landmarks)
    write_crop_geometry(root / "crop_geometry.json", CropTemplate("beside", 32, points))
    write_crop_geometry(tmp_path / "other.json", CropTemplate("other", 32, points))
    for more, name in (((), "beside"), (("--template", tmp_path / "other.json"), "other")):
        output = tmp_path / f"{name}.safetensors"
        code, said, errors = videxpr("train", root, *QUICK, *more, "-o", output)
        assert code == 0, errors
        assert "nobody measured" not in said
        assert read_card(output).config.crop.name == name


def test_choices_reach_the_recipe(videxpr, tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    code, _, errors = videxpr(
        "train", tree, *QUICK, "-o", output, "--recipe", "authors", "--gamma", "1.5", "--jitter",
        "0.1,0.2,0.3", "--windows", "sliding", "--stride", "16", "--balance", "0.5", "--seed", "7",
        "--validation-stride", "16", "--variant", "both", "--position", "learned",
        "--shortest-window", "8", "--single-frames", "0",
    )  # fmt: skip
    assert code == 0, errors
    options = read_card(output).training.options
    expected = {
        "optimizer": "adamw", "loss.gamma": "1.5", "loss.divergence": "0.2", "seed": "7",
        "augmentation.contrast": "0.2", "sampling.placement": "sliding", "sampling.stride": "16",
        "sampling.balance": "0.5", "sampling.shortest": "8",
        "single_frames": "0.0", "feature_noise": "0.0",
        "validation.stride": "16", "validation.tail": "aligned",
        "variant": "both", "position": "learned", "augment_per": "none", "learning_rate": "0.001",
    }  # fmt: skip
    assert expected.items() <= options.items()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nowhere",), 2, "no folder nowhere"),
        ((), 2, "name Aff-Wild2's folder, or --annotations and --crops, or --stills"),
        (("TREE", "--gray"), 2, "--gray: only with --stills"),
        (("TREE", "--mixup", "1", "--teacher", "x"), 2, "--mixup, --teacher: only with --stills"),
        (("TREE", "--oversample", "web_*=5"), 2, "--oversample: only with --stills"),
        (
            ("--stills", "TREE", "--oversample", "web_*"),
            2,
            "--oversample 'web_*': write PATTERN=FACTOR",
        ),
        (("TREE", "--stills", "TREE"), 2, "ROOT: not with --stills"),
        (("--stills", "TREE", "--variant", "both", "--gamma", "1"), 2, "--gamma, --variant: not"),
        (("--stills", "TREE", "--recipe", "authors"), 2, "--recipe: not with --stills"),
        (
            ("--stills", "TREE", "--distillation-weight", "0.5"),
            2,
            "--distillation-weight: only with --teacher",
        ),
        (("TREE", "--seed", "-1"), 2, "a seed lies between 0 and 4294967295, not at -1"),
        (("TREE", "--folds", "x"), 2, "--folds 'x': write K/N"),
        (("TREE", "--folds", "9/9"), 2, "there are 2 to 6 folds"),
        (("TREE", "--jitter", "1"), 2, "--jitter '1': write three numbers"),
        (("TREE", "--epochs", "0"), 2, "epochs (0)"),
        (("TREE", "--template", "nowhere.json"), 2, "nowhere.json"),
        (("TREE", "--batch-size", "3", "--devices", "2"), 2, "3 windows cannot be shared by 2"),
        (("TREE", "--backbone-weights", "imagenet"), 1, "cannot fetch torchvision's ImageNet"),
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


def test_a_bad_crop_is_named_without_a_trace(videxpr, tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree")
    bad = root / "cropped_aligned" / "v1" / "00003.jpg"
    bad.write_bytes(b"no picture")
    code, _, errors = videxpr(
        "train", root, *QUICK, "--workers", "1", "-o", tmp_path / "m.safetensors"
    )
    assert code == 2 and "Traceback" not in errors
    assert errors.startswith("error: cannot read the image") and str(bad) in errors


def test_training_that_cannot_go_on_is_a_failure(videxpr, tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    code, _, errors = videxpr(
        "train", tree, *QUICK, "-o", output, "--optimizer", "adamw", "--weight-decay", "1e30",
        "--batch-size", "2",
    )  # fmt: skip
    assert code == 1 and "the loss is nan in epoch 1, step " in errors
    assert not output.exists()
