"""Training on windows: what it learns, what it leaves, and that a killed run loses nothing."""

import json
import multiprocessing
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from training import first_step, killed_run, small_tree, train_small
from trees import write_crop

import videxpr
from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import (
    CheckpointError,
    FormatError,
    TrainingError,
    UsageError,
    VidexprError,
)
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import read_affwild2
from videxpr.datasets.clips import read_crops
from videxpr.datasets.options import SamplingOptions
from videxpr.datasets.votes import one_hot
from videxpr.evaluation.calibration import (
    TEMPERATURES,
    choose_temperature,
    log_likelihoods,
)
from videxpr.evaluation.metrics import confusion_matrix, macro_f1
from videxpr.formats.frame_labels import EXPRESSIONS
from videxpr.model.checkpoint import load_checkpoint, save_checkpoint
from videxpr.model.header import TrainingSummary, read_card
from videxpr.model.inference import embed_crops, predict_sequence, sequence_logits
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.clips.module import draw_length
from videxpr.training.clips.options import RECIPES, ClipTrainingOptions

pytestmark = pytest.mark.slow

ONE_EPOCH = {"epochs": 1}
CACHED_FEATURES = {"freeze": "block4", "augment": "none"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of an unbroken run."""
    output = tmp_path_factory.mktemp("whole") / "m.safetensors"
    train_small(tree, output, choices={"plateau": True})
    return output


def record(output: Path) -> dict:
    return json.loads(output.with_suffix(".training.json").read_text())


def test_a_run_leaves_a_checkpoint_a_readable_file_and_logs(whole: Path) -> None:
    written = record(whole)
    card = read_card(whole)
    assert written["options"] == card.training.options
    assert written["options"]["loss.gamma"] == "2.0" and written["options"]["optimizer"] == "adam"
    assert [epoch["epoch"] for epoch in written["epochs"]] == [1, 2, 3]
    best = max(written["epochs"], key=lambda epoch: epoch["macro_f1"])
    assert card.training.validation_macro_f1 == best["macro_f1"]
    assert card.training.epochs == best["epoch"]
    assert card.config.logit_adjustment == best["logit_adjustment"]
    assert card.config.temperature == best["temperature"] != 1
    assert (card.config.crop.name, card.config.crop.size) == ("unverified", 32)
    assert card.config.trained_expressions == EXPRESSIONS[:5]
    assert sum(card.config.class_shares) == pytest.approx(1, abs=1e-5)
    assert list(whole.with_suffix(".run").rglob("events.out.tfevents*"))
    assert all(epoch["frames"] == 160 for epoch in written["epochs"])


def test_the_kept_model_answers_as_validation_measured(tree: Path, whole: Path) -> None:
    """The checkpoint, read again and run as `annotate` runs it, has the macro F1 that was said."""
    checkpoint = load_checkpoint(whole)
    confusion = np.zeros((8, 9), np.int64)
    for video in read_affwild2(find_layout(tree)).videos["validation"]:
        crops = read_crops(video, 0, len(video), 32)
        features = embed_crops(checkpoint.model, list(crops), 64)
        answers = predict_sequence(checkpoint.model, features, RECIPES["paper"].validation)
        found = np.nanargmax(answers, axis=1)
        confusion += confusion_matrix(video.labels.astype(np.int64), found)
    said = checkpoint.training.validation_macro_f1
    assert float(macro_f1(confusion)) == pytest.approx(said, abs=1e-9)


def test_a_run_killed_at_three_points_ends_like_an_unbroken_one(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["videxpr.training.clips.fit"])  # it knows no path of the tests
    output = tmp_path / "m.safetensors"
    for point in (("step", 0, 1), ("validation", 1, 1), ("saving", 2, 0)):
        process = context.Process(target=killed_run, args=(tree, output, *point))
        process.start()
        process.join(120)
        assert process.exitcode == -9, point
    process = context.Process(target=killed_run, args=(tree, output, "never", 0, 0))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert record(output)["epochs"] == record(whole)["epochs"]
    ours, theirs = load_checkpoint(output).model, load_checkpoint(whole).model
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name


def test_the_same_seed_gives_the_same_first_epoch_and_another_does_not(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    first = record(whole)["epochs"][0]
    again = train_small(tree, tmp_path / "a.safetensors", choices={"plateau": True} | ONE_EPOCH)
    assert vars(again) | {"epochs": 3} == first
    read_by_others = train_small(
        tree, tmp_path / "b.safetensors", choices={"plateau": True} | ONE_EPOCH, workers=1
    )
    assert read_by_others == again
    other = train_small(tree, tmp_path / "c.safetensors", choices=ONE_EPOCH | {"seed": 1})
    assert other.loss != again.loss


def test_two_processes_take_the_same_first_step_as_one(tree: Path, tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "support" / "training.py"
    first_step(tree, tmp_path, devices=1)
    done = subprocess.run(
        [sys.executable, script, "first-step", tree, tmp_path, "2"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / f"gradients{n}.pt", weights_only=True) for n in "12")
    assert set(one) == set(two) and len(one) > 100
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-4)
    assert max(float(value.abs().max()) for value in one.values()) > 1e-2


def striped_tree(root: Path) -> Path:
    """A small tree in which stripes mean classes."""
    small_tree(root)
    for videos in read_affwild2(find_layout(root)).videos.values():
        for video in videos:
            for position, label in enumerate(video.labels.tolist()):
                waves = np.sin(np.arange(32) * (0.3 + 0.4 * label) + position)
                stripes = np.broadcast_to(120 + 100 * waves[:, None, None], (32, 32, 3))
                write_crop(video.path(position), stripes.astype(np.uint8))
    return root


def test_it_learns_what_a_crop_shows(tmp_path: Path) -> None:
    """On the starter's features."""
    root = striped_tree(tmp_path / "tree")
    starter = resources.files("videxpr") / "weights" / "starter-1.safetensors"
    choices = {"backbone": "regnet_y_1_6gf", "backbone-weights": str(starter), "epochs": 30}
    best = train_small(
        root,
        tmp_path / "m.safetensors",
        choices=CACHED_FEATURES | choices | {"learning-rate": 3e-3},
    )
    assert best.accuracy > 0.9
    assert best.macro_f1 == pytest.approx(3 / 8, abs=0.05)  # 3 of 8 classes are there


def test_an_earlier_run_is_not_overwritten_unasked(tree: Path, whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(UsageError, match=r"is there already: --resume goes on .* --overwrite"):
        train_small(tree, whole)
    with pytest.raises(UsageError, match=r"dropout was 0\.5 and is 0\.1\); give"):
        train_small(tree, whole, choices={"plateau": True, "dropout": 0.1}, resume=True)
    assert whole.read_bytes() == before
    finished = train_small(tree, whole, choices={"plateau": True}, resume=True)
    assert vars(finished) == max(record(whole)["epochs"], key=lambda epoch: epoch["macro_f1"])


def test_a_call_that_cannot_begin_leaves_no_file_and_removes_none(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    output = tmp_path / "m.safetensors"
    for choices in ({"feature-noise": 0.7}, {"freeze": "block9"}, {"backbone-weights": "typo.pth"}):
        with pytest.raises(VidexprError):
            train_small(tree, output, choices=choices)
        assert list(tmp_path.iterdir()) == []
    before = {path: path.read_bytes() for path in (whole, whole.with_suffix(".training.json"))}
    with pytest.raises(UsageError, match="is what training starts from; give its result another"):
        train_small(tree, whole, choices={"backbone-weights": str(whole)}, overwrite=True)
    with pytest.raises(CheckpointError, match="typo.safetensors"):
        train_small(tree, whole, choices={"backbone-weights": "typo.safetensors"}, overwrite=True)
    assert {path: path.read_bytes() for path in before} == before
    assert whole.with_suffix(".run").is_dir()


def test_a_complete_run_is_not_embedded_again_and_its_checkpoint_must_be_there(
    tree: Path, tmp_path: Path
) -> None:
    output, seen = tmp_path / "m.safetensors", []
    choices = CACHED_FEATURES | ONE_EPOCH
    first = train_small(tree, output, choices=choices)

    def progress(completed: int, total: int) -> None:
        seen.append((completed, total))

    assert train_small(tree, output, choices=choices, resume=True, progress=progress) == first
    assert seen == []
    output.unlink()
    with pytest.raises(UsageError, match=r"is complete, but .*m.safetensors is gone; --overwrite"):
        train_small(tree, output, choices=choices, resume=True)


def test_a_finished_run_can_be_given_more_epochs(tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    train_small(tree, output, choices=ONE_EPOCH)
    train_small(tree, output, choices={"epochs": 2}, resume=True)
    assert [epoch["epoch"] for epoch in record(output)["epochs"]] == [1, 2]


def test_a_broken_record_is_named(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "m.training.json").write_text("{}")
    with pytest.raises(FormatError, match=r"m\.training\.json is no record of a training run"):
        train_small(tree, tmp_path / "m.safetensors", resume=True)


def test_a_loss_that_is_no_number_says_where(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"the loss is nan in epoch 1, step \d+, .*windows of v"
    ):
        train_small(
            tree,
            tmp_path / "m.safetensors",
            choices={"learning-rate": 0.9, "optimizer": "adamw", "weight-decay": 1e30},
        )
    assert not (tmp_path / "m.safetensors").exists()


def test_the_finder_finds_a_rate_and_a_resumed_run_keeps_it(tree: Path, tmp_path: Path) -> None:
    output, said = tmp_path / "m.safetensors", []
    choices = CACHED_FEATURES | ONE_EPOCH | {"learning-rate": None}
    train_small(tree, output, choices=choices, notify=said.append)
    found = record(output)["learning_rate_found"]
    assert 1e-6 < found < 0.1 and said.count(f"learning rate found: {found:.3g}") == 1
    train_small(tree, output, choices=choices | {"epochs": 2}, resume=True, notify=said.append)
    assert said.count(f"learning rate found: {found:.3g}") == 2
    assert said.count("looking for a learning rate, in 100 steps") == 1
    assert record(output)["learning_rate_found"] == found
    assert record(output)["epochs"][1]["learning_rate"] == found


def test_windows_are_cut_to_lengths_that_are_drawn_log_uniformly() -> None:
    assert draw_length(64, None) == draw_length(64, 64) == draw_length(64, 100) == 64
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = np.array([draw_length(64, 1) for _ in range(4000)])
    assert drawn.min() == 1 and drawn.max() == 64
    for low, high in ((1, 8), (8, 65)):  # as many of 1 to 7 as of 8 to 64
        assert abs(((drawn >= low) & (drawn < high)).mean() - 0.5) < 0.03


def test_a_run_with_cut_windows_ends(tree: Path, tmp_path: Path) -> None:
    choices = {"shortest-window": 1, "epochs": 1, "position": "learned"}
    report = train_small(tree, tmp_path / "m.safetensors", choices=choices)
    assert report.frames == 160 and np.isfinite(report.loss)
    with pytest.raises(UsageError, match="--shortest-window must be at least 1, not 0"):
        SamplingOptions(shortest=0)


def test_an_encoder_learns_to_distrust_its_backbone_and_keeps_single_frames(
    tree: Path, tmp_path: Path
) -> None:
    start = tmp_path / "start.safetensors"
    config = ModelConfig(backbone="regnet_y_400mf", variant="backbone", input_size=32)
    summary = TrainingSummary("made up", "none", 0, 0)
    save_checkpoint(start, ExpressionModel(config), summary, "CC0")
    output = tmp_path / "m.safetensors"
    unseen = {"feature-noise": 0.7, "single-frames": 1.0, "backbone-weights": str(start)}
    report = train_small(tree, output, choices=CACHED_FEATURES | ONE_EPOCH | unseen)
    assert np.isfinite(report.loss)
    assert record(output)["options"]["feature_noise"] == "0.7"
    assert load_checkpoint(output).model.config.variant == "transformer"
    with pytest.raises(UsageError, match="--feature-noise .* freeze it whole"):
        train_small(tree, tmp_path / "a.safetensors", choices={"feature-noise": 0.7})
    with pytest.raises(UsageError, match="--single-frames .* 'none' is none"):
        train_small(tree, tmp_path / "b.safetensors", choices={"single-frames": 1.0})
    with pytest.raises(
        UsageError, match="--feature-noise must be at least 0 and at most 10, not -1.0"
    ):
        ClipTrainingOptions(feature_noise=-1.0)


def test_the_temperature_makes_neither_windows_nor_frames_by_themselves_too_sure(
    tmp_path: Path,
) -> None:
    """Learned from a head that knows nothing of single frames: of these the answers are less sure."""
    root, start = striped_tree(tmp_path / "tree"), tmp_path / "start.safetensors"
    alone = ExpressionModel(ModelConfig(variant="backbone", input_size=32))
    starter = load_checkpoint(
        resources.files("videxpr") / "weights" / "starter-1.safetensors"
    ).model
    alone.backbone.load_state_dict(starter.backbone.state_dict())
    torch.nn.init.zeros_(alone.head.weight)
    torch.nn.init.zeros_(alone.head.bias)
    save_checkpoint(start, alone, TrainingSummary("made up", "none", 0, 0), "CC0")
    output = tmp_path / "m.safetensors"
    choices = {"backbone": "regnet_y_1_6gf", "backbone-weights": str(start), "single-frames": 1.0,
               "learning-rate": 3e-3, "epochs": 4}  # fmt: skip
    train_small(root, output, choices=CACHED_FEATURES | choices)
    model = load_checkpoint(output).model
    windows, frames = np.zeros((2, len(TEMPERATURES)))
    for video in read_affwild2(find_layout(root)).videos["validation"]:
        features = embed_crops(model, list(read_crops(video, 0, len(video), 32)), 64)
        labels = video.labels.astype(np.int64)
        together = sequence_logits(model, features, RECIPES["paper"].validation)
        with torch.inference_mode():
            by_themselves = model.classify(torch.from_numpy(features)[:, None])[:, 0].numpy()
        windows += log_likelihoods(together, one_hot(labels))
        frames += log_likelihoods(by_themselves, one_hot(labels))
    found = sorted((choose_temperature(windows), choose_temperature(frames)))
    assert found[0] < 0.99 and found[1] == pytest.approx(1)  # on top of the stored one


def test_patience_ends_a_run_early(tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    train_small(
        tree, output, choices=CACHED_FEATURES | {"learning-rate": 1e-12, "epochs": 9, "patience": 2}
    )
    epochs = record(output)["epochs"]
    best = max(epochs, key=lambda epoch: epoch["macro_f1"])["epoch"]
    assert len(epochs) == best + 2 < 9


def test_features_of_a_frozen_backbone_are_kept_and_train_the_rest(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    output = tmp_path / "m.safetensors"
    train_small(
        tree,
        output,
        choices=CACHED_FEATURES | {"backbone-weights": str(whole)},
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1][0] == seen[-1][1] == 4 * 64 + 9 * 6 + 160
    ours, theirs = load_checkpoint(output).model, load_checkpoint(whole).model
    for name, value in theirs.backbone.state_dict().items():
        assert torch.equal(ours.backbone.state_dict()[name], value), name
    assert not torch.equal(ours.head.weight, theirs.head.weight)
    training, earlier = read_card(output).training, read_card(whole).training
    assert training.recipe.startswith(f"{earlier.recipe}; transformer on regnet_y_400mf")
    assert training.options["backbone_weights"] == whole.name


def test_frozen_stages_keep_their_weights_and_move_their_statistics(
    tree: Path, whole: Path, tmp_path: Path
) -> None:
    output = tmp_path / "m.safetensors"
    train_small(
        tree, output, choices=ONE_EPOCH | {"backbone-weights": str(whole), "freeze": "block1"}
    )
    ours = load_checkpoint(output).model.backbone.state_dict()
    theirs = load_checkpoint(whole).model.backbone.state_dict()
    same = {name for name, value in ours.items() if torch.equal(value, theirs[name])}
    frozen = {
        name
        for name in ours
        if name.startswith(("stem", "trunk_output.block1"))
        and not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    }
    assert frozen <= same
    assert "stem.1.running_mean" not in same
    assert "trunk_output.block2.block2-0.proj.0.weight" not in same


def test_a_geometry_is_stored_and_must_fit(tree: Path, tmp_path: Path) -> None:
    points = tuple((x / 3.5 + 1, y / 3.5) for x, y in ARCFACE.landmarks)
    measured = CropTemplate("measured", 32, points)
    output = tmp_path / "m.safetensors"
    train_small(tree, output, choices=ONE_EPOCH, geometry=measured)
    assert videxpr.load_model(output).config.crop == measured
    with pytest.raises(UsageError, match="--geometry is of crops of 112 pixels"):
        train_small(tree, tmp_path / "n.safetensors", geometry=ARCFACE)


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        (
            {"freeze": "block9"},
            UsageError,
            "no stage 'block9' to freeze; choose none, stem, block1",
        ),
        (
            {"backbone-weights": "nowhere.pth"},
            CheckpointError,
            "no model 'nowhere.pth': there is no such file",
        ),
        ({"backbone": "resnet18"}, CheckpointError, "unknown backbone 'resnet18'"),
        ({"position": "learned", "variant": "backbone"}, CheckpointError, "positions are for"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    tree: Path, tmp_path: Path, choices: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train_small(tree, tmp_path / "m.safetensors", choices=choices)


def test_a_run_is_not_resumed_with_other_data(tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    train_small(tree, output, choices=CACHED_FEATURES | ONE_EPOCH)
    other = small_tree(tmp_path / "tree")
    labels = next(other.rglob("w0.txt"))
    labels.write_text(labels.read_text().replace("\n1", "\n2", 1))
    with pytest.raises(UsageError, match=r"labels and crops was \w+ and is \w+\); give the same"):
        train_small(other, output, choices=CACHED_FEATURES | {"epochs": 2}, resume=True)
