"""Training on images, end to end, on pictures that can be learned in seconds."""

import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from embedded import face_crops, model_of
from lightning.pytorch.callbacks import Callback
from PIL import Image

from videxpr.core.errors import CheckpointError, FormatError, UsageError, VidexprError
from videxpr.datasets.image_folder import LabeledImage, find_images, read_split
from videxpr.model.checkpoint import load_checkpoint, save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.images import fit, loaders
from videxpr.training.images.fit import train_on_images
from videxpr.training.images.init import initialize
from videxpr.training.images.module import ImageModule, mixup
from videxpr.training.images.options import ImageTrainingOptions, StartOptions
from videxpr.training.options import Augmentation, CheckpointOptions, Machine, as_text
from videxpr.training.run import EpochReport
from videxpr.video.images import read_image, resize

pytestmark = pytest.mark.slow

OPTIONS = ImageTrainingOptions(epochs=2, size=32, gray=True, batch_size=16, learning_rate=2e-3)
MACHINE = Machine("cpu", threads=1)
OF_CHECKPOINT = {"data", "license", "dtype", "resume", "overwrite"}
OF_START = {"initial", "backbone_weights", "teachers"}


@pytest.fixture(scope="module", autouse=True)
def small_backbone():
    """A quarter of the weights of the one that training on images takes, and so of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "ModelConfig", partial(ModelConfig, backbone="regnet_y_400mf"))
        yield


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Bright happiness, dark Sadness: 48 train, 12 validation, and a test part that is no picture."""
    folder = tmp_path_factory.mktemp("faces")
    random = np.random.default_rng(0)
    rows = ["image,split"]
    for number in range(64):
        name, base = (("happiness", 190), ("Sadness", 60))[number % 2]
        part = "train" if number < 48 else "validation" if number < 60 else "test"
        path = folder / name / f"{number:03d}.png"
        path.parent.mkdir(exist_ok=True)
        if part == "test":
            path.write_bytes(b"must not be read")
        else:
            noise = random.integers(-40, 40, (48, 48, 3))
            Image.fromarray((base + noise).clip(0, 255).astype(np.uint8)).save(path)
        rows.append(f"faces/{name}/{number:03d}.png,{part}")
    (folder / "split.csv").write_text("\n".join(rows) + "\n")
    return folder


def train_on(faces, output, *, options=OPTIONS, machine=MACHINE, **choices):
    def taken(names):
        return {name: choices.pop(name) for name in names & choices.keys()}

    last = train_on_images(
        read_split(faces / "split.csv", find_images(faces)),
        CheckpointOptions(output, **{"dtype": "float16"} | taken(OF_CHECKPOINT)),
        start=StartOptions(**taken(OF_START)),
        options=options,
        machine=machine,
        **choices,
    )
    return Result(output, last)


@dataclass(frozen=True)
class Result:
    """What a run left: its checkpoint, and the report of its last epoch."""

    checkpoint: Path
    last: EpochReport


@pytest.fixture(scope="module")
def trained(faces):
    reports = []
    report = train_on(
        faces,
        faces / "model.safetensors",
        options=OPTIONS,
        data="bright and dark squares",
        license="free",
        on_epoch=reports.append,
    )
    return report, reports


@pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers and log intervals
def test_checkpoint_says_what_it_was_trained_on(trained):
    report, reports = trained
    assert [one.epoch for one in reports] == [1, 2]
    assert all(np.isfinite(one.loss) for one in reports)
    checkpoint = load_checkpoint(report.checkpoint)
    assert checkpoint.model.config.variant == "backbone"
    assert checkpoint.model.config.input_size == 32
    assert checkpoint.model.config.color is False
    assert checkpoint.model.config.trained_expressions == ("Happiness", "Sadness")
    assert checkpoint.training.data == "bright and dark squares"
    assert checkpoint.training.epochs == 2
    assert checkpoint.training.options == as_text(OPTIONS)
    assert checkpoint.training.options["augmentation.flip"] == "0.5"
    assert checkpoint.license == "free"
    assert checkpoint.training.images == 48
    assert checkpoint.training.validation_accuracy == reports[-1].accuracy
    assert checkpoint.model.config.temperature == reports[-1].temperature != 1


@pytest.mark.filterwarnings("ignore")
def test_the_temperature_is_where_the_validation_labels_are_likeliest(trained, faces):
    model = load_checkpoint(trained[0].checkpoint).model
    images = read_split(faces / "split.csv", find_images(faces))["validation"]
    likelihood = {}
    for temperature in (0.9, 1.0, 1.1):  # about the model's own
        answers = [
            torch.log_softmax(
                model.classify(model.embed(resize(read_image(image.path), 112, 112)[None])[None])
                / temperature,
                dim=-1,
            )[0, 0, image.label].item()
            for image in images
        ]
        likelihood[temperature] = sum(answers)
    fitted = model.config.temperature
    edge = fitted == pytest.approx(0.2) or fitted == pytest.approx(5.0)
    assert edge or max(likelihood, key=likelihood.__getitem__) == 1.0


@pytest.mark.filterwarnings("ignore")
def test_training_goes_on_from_a_checkpoint(trained, faces, tmp_path):
    report = train_on(
        faces,
        tmp_path / "more.safetensors",
        initial=[trained[0].checkpoint],
        options=OPTIONS,
    )
    assert load_checkpoint(report.checkpoint).training.epochs == 4


@pytest.mark.filterwarnings("ignore")
def test_images_cached_in_memory_train_as_those_read_anew_do(trained, faces, tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "CACHE_BYTES", 0)
    train_on(
        faces,
        tmp_path / "read.safetensors",
        options=OPTIONS,
    )
    buffered, read = (
        load_checkpoint(path).model.state_dict()
        for path in (trained[0].checkpoint, tmp_path / "read.safetensors")
    )
    for name, value in buffered.items():
        torch.testing.assert_close(read[name], value, rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_a_run_with_all_choices_says_them(trained, faces, tmp_path):
    options = replace(OPTIONS, size=48, first_size=32, mixup=0.4, distillation_weight=0.6)
    report = train_on(
        faces,
        tmp_path / "taught.safetensors",
        teachers=[trained[0].checkpoint] * 2,
        options=options,
    )
    checkpoint = load_checkpoint(report.checkpoint)
    assert checkpoint.model.config.input_size == 48
    for words in ("32 to 48 px", "mixup 0.4", "0.6 of the labels from 2 teachers", "32-true"):
        assert words in checkpoint.training.recipe


@pytest.mark.filterwarnings("ignore")
def test_a_fusion_model_is_a_start_too_and_another_backbone_is_none(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "ModelConfig", ModelConfig)

    def train(config):
        model = ExpressionModel(config)
        start = tmp_path / f"{config.backbone}.safetensors"
        summary = TrainingSummary(data="", recipe="fused", images=1, epochs=3)
        save_checkpoint(start, model, summary, "free", torch.float32)
        options = replace(OPTIONS, epochs=1, learning_rate=1e-9)
        end = tmp_path / f"{config.backbone}.end.safetensors"
        train_on(
            faces,
            end,
            initial=[start],
            options=options,
            dtype="float32",
        )
        return model, load_checkpoint(end)

    fused, made = train(ModelConfig(variant="both"))
    assert made.training.epochs == 4 and made.training.recipe.startswith("fused; 1 epochs")
    assert made.model.config.variant == "backbone"
    torch.testing.assert_close(
        made.model.head.weight, fused.head.weight[:, : fused.width], rtol=0, atol=1e-5
    )
    stem = fused.backbone.stem[0].weight
    torch.testing.assert_close(made.model.backbone.stem[0].weight, stem, rtol=0, atol=1e-5)
    with pytest.raises(UsageError, match="backbone regnet_y_400mf, .* regnet_y_1_6gf; start from"):
        train(ModelConfig(backbone="regnet_y_400mf", variant="backbone"))


def test_a_start_from_several_is_the_mean_of_their_weights(tmp_path):
    paths = []
    for seed in (1, 2, 3):
        model = model_of("regnet_y_1_6gf", seed=seed)
        summary = TrainingSummary(data="d", recipe=f"r{seed}", images=seed, epochs=seed)
        paths.append(tmp_path / f"{seed}.safetensors")
        save_checkpoint(paths[-1], model, summary, "free", torch.float32)
    model = ExpressionModel(ModelConfig(variant="backbone"))
    summary = initialize(model, StartOptions(tuple(paths)))
    assert summary.recipe == "mean of the weights of (r1) and (r2) and (r3)"
    assert (summary.images, summary.epochs) == (3, 3)
    expected = np.mean([load_checkpoint(path).model.head.weight.numpy() for path in paths], axis=0)
    np.testing.assert_allclose(model.head.weight.detach().numpy(), expected, atol=1e-6)
    alone = initialize(model, StartOptions(tuple(paths[1:2])))
    assert alone.recipe == "r2"
    found = model.backbone.stem[1].running_var
    assert torch.equal(found, load_checkpoint(paths[1]).model.backbone.stem[1].running_var)


@pytest.mark.filterwarnings("ignore")
def test_no_epochs_make_a_mean_a_calibrated_checkpoint(trained, faces, tmp_path):
    options = replace(OPTIONS, epochs=0)
    seen = []
    report = train_on(
        faces,
        tmp_path / "mean.safetensors",
        initial=[trained[0].checkpoint] * 2,
        options=options,
        dtype="float32",
        on_epoch=seen.append,
    )
    assert [(one.epoch, one.epochs) for one in seen] == [(0, 0)]
    before, after = (load_checkpoint(one.checkpoint) for one in (trained[0], report))
    for name, weight in before.model.state_dict().items():
        assert torch.equal(weight, after.model.state_dict()[name])
    assert after.training.recipe.startswith("mean of the weights of (2 epochs at 32 px")
    assert after.training.recipe.endswith("seed 0)")
    assert (after.training.epochs, after.training.images) == (2, 48)
    assert after.model.config.temperature == report.last.temperature
    with pytest.raises(UsageError, match="0 epochs of training need a model to start from"):
        train_on(faces, tmp_path / "x.safetensors", options=options)


class Stopped(Callback):
    """Breaks a run off in the middle of an epoch, counted from 0."""

    def __init__(self, epoch, step=1):
        self.point = epoch, step

    def on_train_batch_start(self, trainer, pl_module, batch, step):
        if (trainer.current_epoch, step) == self.point:
            raise RuntimeError("the power is gone")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("seconds", "points"),
    [(300.0, ((1, 1), (2, 1))), (0.0, ((0, 2), (2, 1)))],
    ids=["epochs", "mid"],
)
def test_a_run_that_was_broken_off_twice_ends_like_an_unbroken_one(
    seconds, points, faces, tmp_path, monkeypatch
):
    monkeypatch.setattr(fit, "STATE_SECONDS", seconds)
    said = []

    def train(name, **more):
        reports = []
        train_on(
            faces,
            tmp_path / name,
            options=replace(OPTIONS, epochs=3, size=48, first_size=32, mixup=0.2),
            on_epoch=reports.append,
            notify=said.append,
            **more,
        )
        return reports

    whole = train("whole.safetensors")
    for number, point in enumerate(points):
        with pytest.raises(RuntimeError, match="power"):
            train("broken.safetensors", resume=number > 0, callbacks=[Stopped(*point)])
    assert not (tmp_path / "broken.safetensors").exists()
    assert train("broken.safetensors", resume=True) == whole[2:]
    assert said == [
        "resumed after epoch 1" if seconds else "resumed in epoch 1",
        "resumed after epoch 2",
    ]
    one, other = (
        load_checkpoint(tmp_path / name) for name in ("whole.safetensors", "broken.safetensors")
    )
    assert one.training == other.training
    for name, value in one.model.state_dict().items():
        assert torch.equal(other.model.state_dict()[name], value)
    with pytest.raises(UsageError, match="whole.safetensors is there already: --resume"):
        train("whole.safetensors")
    if seconds:
        assert train("whole.safetensors", overwrite=True) == whole


@pytest.mark.filterwarnings("ignore")
def test_a_complete_run_that_is_resumed_writes_the_same_averaged_weights(faces, tmp_path):
    output, said = tmp_path / "m.safetensors", []
    first = train_on(faces, output, options=OPTIONS)
    before = output.read_bytes()
    seen = []
    again = train_on(
        faces, output, options=OPTIONS, resume=True, on_epoch=seen.append, notify=said.append
    )
    assert again == first and seen == []
    assert output.read_bytes() == before
    assert said == ["resumed after epoch 2"]
    output.unlink()
    assert train_on(faces, output, options=OPTIONS, resume=True) == first
    assert output.read_bytes() == before


@pytest.mark.filterwarnings("ignore")
def test_where_there_is_nothing_to_resume_training_begins_anew_and_overwrites_nothing(
    trained, faces, tmp_path
):
    output, said = tmp_path / "m.safetensors", []
    (tmp_path / "m.run").mkdir()
    train_on(faces, output, options=replace(OPTIONS, epochs=1), resume=True, notify=said.append)
    assert said == [
        f"there is no state of an earlier run in {tmp_path / 'm.run'}: training begins anew"
    ]
    shutil.rmtree(tmp_path / "m.run")
    before = output.read_bytes()
    with pytest.raises(
        UsageError, match=r"m.safetensors is there, but not .*training.json: .*nothing"
    ):
        train_on(faces, output, options=OPTIONS, resume=True)
    assert output.read_bytes() == before


@pytest.mark.filterwarnings("ignore")
def test_a_call_that_cannot_begin_removes_nothing(trained, faces, tmp_path):
    output = tmp_path / "m.safetensors"
    shutil.copy(trained[0].checkpoint, output)
    (tmp_path / "m.run").mkdir()
    before = output.read_bytes()
    other = tmp_path / "other.safetensors"
    for error, message, more in (
        (UsageError, "m.safetensors is what training starts from", {"initial": [output]}),
        (UsageError, "m.safetensors is what training starts from", {"teachers": [output]}),
        (CheckpointError, "other.safetensors", {"initial": [other]}),
        (CheckpointError, "other.safetensors", {"teachers": [other]}),
        (
            UsageError,
            "both say",
            {"initial": [trained[0].checkpoint], "backbone_weights": "imagenet"},
        ),
        (
            UsageError,
            "m.safetensors is a whole model: .* --initial",
            {"backbone_weights": str(output)},
        ),
        (CheckpointError, "no model 'w.pth': there is no such file", {"backbone_weights": "w.pth"}),
    ):
        with pytest.raises(error, match=message):
            train_on(faces, output, options=OPTIONS, overwrite=True, **more)
    assert output.read_bytes() == before and (tmp_path / "m.run").is_dir()


@pytest.mark.filterwarnings("ignore")
def test_a_backbone_begins_with_the_weights_of_a_file(trained, faces, tmp_path):
    weights = load_checkpoint(trained[0].checkpoint).model.backbone.state_dict()
    torch.save(weights, tmp_path / "w.pth")
    report = train_on(
        faces,
        tmp_path / "m.safetensors",
        options=replace(OPTIONS, epochs=1, freeze="block4"),
        backbone_weights=str(tmp_path / "w.pth"),
    )
    checkpoint = load_checkpoint(report.checkpoint)
    for name, value in checkpoint.model.backbone.state_dict().items():
        assert torch.equal(weights[name], value), name
    assert checkpoint.training.recipe.startswith("from w.pth; 1 epochs at 32 px")


@pytest.mark.filterwarnings("ignore")
def test_a_run_is_not_resumed_as_another_one(trained, faces, tmp_path):
    output = trained[0].checkpoint
    other = Path(shutil.copy(output, tmp_path))
    for choices, more, message in (
        (
            {"mixup": 0.3},
            {},
            r"training.json had other options or data \(mixup was 0.0 and is 0.3\); give",
        ),
        ({"dropout": 0.1}, {}, r"\(dropout was 0.2 and is 0.1\)"),
        ({}, {"initial": [other]}, r"\(initial was  and is [0-9a-f]{64}\)"),
        ({}, {"teachers": [other]}, r"\(teachers was  and is [0-9a-f]{64}\)"),
    ):
        with pytest.raises(UsageError, match=message):
            train_on(faces, output, options=replace(OPTIONS, **choices), resume=True, **more)


@pytest.mark.filterwarnings("ignore")
def test_a_state_that_cannot_be_read_is_named(faces, tmp_path):
    output = tmp_path / "m.safetensors"
    train_on(faces, output, options=replace(OPTIONS, epochs=1))
    output.unlink()
    state, record = (tmp_path / "m.run" / name for name in ("last.ckpt", "training.json"))
    torch.save({"state_dict": {}}, tmp_path / "empty.pt")

    def resume():
        train_on(faces, output, options=replace(OPTIONS, epochs=1), resume=True)

    for content in (b"", b"no state", (tmp_path / "empty.pt").read_bytes()):
        state.write_bytes(content)
        with pytest.raises(
            FormatError, match=r"last.ckpt is no state of a training run .it is damaged.; --over"
        ):
            resume()
    for content in ("", "[]", "{}"):
        record.write_text(content)
        with pytest.raises(FormatError, match=r"training.json is no record of a training run"):
            resume()
    record.unlink()
    with pytest.raises(UsageError, match=r"m.run is there, but not .*training.json: .*nothing"):
        resume()
    assert state.exists()


def test_rare_classes_are_drawn_as_often_as_asked_for_and_each_epoch_anew():
    common = [LabeledImage(Path(), str(number), 0) for number in range(900)]
    rare = [LabeledImage(Path(), str(number), 4) for number in range(100)]

    def drawn(balance, epoch=0):
        sampler = loaders.ClassSampler(common + rare, balance, seed=1)
        sampler.set_epoch(epoch)
        return list(sampler)

    shares = {balance: np.mean(np.array(drawn(balance)) >= 900) for balance in (0, 0.5, 1)}
    assert shares == pytest.approx({0: 0.1, 0.5: 0.25, 1: 0.5}, abs=0.05)
    assert drawn(0.5) == drawn(0.5) != drawn(0.5, epoch=1)


def test_images_of_an_oversampled_source_are_drawn_so_many_times_as_often():
    images = [LabeledImage(Path(f"{source}_{n}.png"), "", 0) for source in "ab" for n in range(500)]
    sampler = loaders.ClassSampler(images, 0.5, 1, [("b_*", 4.0), ("?_1.png", 0.0001)])
    drawn = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        drawn += sampler
    assert np.mean(np.array(drawn) >= 500) == pytest.approx(0.8, abs=0.04)
    assert not np.isin(drawn, [1, 501]).any()


@pytest.mark.filterwarnings("ignore")
def test_a_frozen_backbone_stays_and_its_head_learns_on_moved_features(trained, faces, tmp_path):
    choices = {"freeze": "block4", "feature_noise": 0.5, "oversample": (("00?.png", 2.0),)}
    report = train_on(
        faces,
        tmp_path / "head.safetensors",
        initial=[trained[0].checkpoint],
        options=replace(OPTIONS, **choices),
        dtype="float32",
    )
    checkpoint = load_checkpoint(report.checkpoint)
    before = load_checkpoint(trained[0].checkpoint).model.state_dict()
    after = checkpoint.model.state_dict()
    changed = {
        name  # averaging the same weights over and over rounds them
        for name, value in before.items()
        if not torch.allclose(after[name], value, rtol=1e-5, atol=1e-6)
    }
    assert changed == {"head.weight", "head.bias"}  # no statistic of a norm either
    said = "00?.png 2 times as often, backbone frozen up to block4, features moved by 0.5, "
    assert said in checkpoint.training.recipe


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"feature_noise": 0.5}, r"freeze it whole \(--freeze block4\)"),
        ({"feature_noise": 0.5, "freeze": "block3"}, r"freeze it whole"),
        ({"freeze": "block9"}, r"no stage 'block9' to freeze; choose none, stem, block1"),
        (
            {"oversample": (("web_*", 5.0),)},
            r"none of the 48 training images is named 'web_\*'; .*png",
        ),
    ],
)
def test_what_cannot_be_done_with_these_images_is_refused(faces, tmp_path, choices, message):
    with pytest.raises(UsageError, match=message):
        train_on(faces, tmp_path / "m.safetensors", options=replace(OPTIONS, **choices))


def test_a_teacher_that_knows_other_expressions_is_refused(faces, tmp_path):
    config = ModelConfig(variant="backbone", trained_expressions=("Neutral", "Fear"))
    summary = TrainingSummary(data="", recipe="", images=1, epochs=1)
    teacher = tmp_path / "teacher.safetensors"
    save_checkpoint(teacher, ExpressionModel(config), summary, "free")
    with pytest.raises(UsageError, match="teacher.* Neutral, Fear, .* Happiness, Sadness"):
        train_on(faces, tmp_path / "m.safetensors", teachers=[teacher])


def test_the_teachers_probabilities_are_those_of_their_calibrated_models_on_average():
    first, second = (model_of(seed=seed, input_size=32) for seed in (1, 2))
    task = ImageModule(model_of(input_size=32), OPTIONS, steps=1, teachers=[first, second])
    crops = np.stack(face_crops(4))
    taught = task._distilled(torch.from_numpy(crops).permute(0, 3, 1, 2) / 255)
    answers = [model.classify(model.embed(crops)[:, None])[:, 0] for model in (first, second)]
    expected = torch.stack(answers).softmax(dim=-1).mean(dim=0)[:, task.trained]
    torch.testing.assert_close(taught, expected / expected.sum(dim=1, keepdim=True))


def test_crops_and_labels_are_mixed_by_the_same_shares():
    pixels = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 8, 8)
    targets = torch.eye(6)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made, labels = mixup(pixels, targets, 0.5)
    torch.testing.assert_close(labels.sum(dim=1), torch.ones(6))
    torch.testing.assert_close(made[:, 0, 0, 0], labels @ torch.arange(6.0))
    shares = labels.diagonal()
    assert len(shares.unique()) == 6 and shares.min() < 0.5 < shares.max()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch"], "nosuch"),
        ([".", "--split", "nosuch.csv"], "expressions"),
    ],
)
def test_command_names_what_is_missing(monkeypatch, videxpr, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = videxpr("train", "images", *arguments)
    assert code == 2
    assert words in err
    assert issubclass(UsageError, VidexprError)


@pytest.mark.filterwarnings("ignore")
def test_the_target_is_the_voters_shares_and_the_weight_what_remains_of_them():
    still = Augmentation(**dict.fromkeys(vars(Augmentation()), 0.0))
    options = replace(OPTIONS, dropout=0, label_smoothing=0, freeze="block4", augmentation=still)
    model = ExpressionModel(ModelConfig("backbone", trained_expressions=("Happiness", "Sadness")))
    task = ImageModule(model, options, steps=1).train()
    task.log = lambda *_: None
    pixels = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8)
    shares = torch.zeros(3, 8)
    shares[0, [4, 5]] = torch.tensor([0.5, 0.3])  # a fifth of the voters said something else
    shares[1, 5] = 1
    shares[2, 1] = 1  # of a class that the model does not have: it says nothing
    with torch.no_grad():
        logits = model.logits(model.features(pixels / 255)[:, None])[:, 0, 4:6].log_softmax(dim=1)
        loss = task.training_step((pixels, torch.tensor([4, 5, -1]), shares), 0)
    expected = -(0.5 * logits[0, 0] + 0.3 * logits[0, 1] + logits[1, 1]) / 1.8
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
