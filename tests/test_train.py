"""Training on stills, end to end, on pictures that can be learned in seconds."""

import numpy as np
import pytest
import torch
from PIL import Image

from videxpr.checkpoint import load_checkpoint
from videxpr.errors import UsageError, VidexprError
from videxpr.images import read_image, resized
from videxpr.stills import find_stills, read_split
from videxpr.train.options import StillsOptions
from videxpr.train.stills import train_stills

OPTIONS = StillsOptions(epochs=2, size=32, grey=True, batch_size=16, learning_rate=2e-3, threads=1)


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


@pytest.fixture(scope="module")
def trained(faces):
    reports = []
    report = train_stills(
        faces,
        faces / "model.safetensors",
        split=faces / "split.csv",
        options=OPTIONS,
        data="bright and dark squares",
        licence="free",
        on_epoch=reports.append,
    )
    return report, reports


@pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers and log intervals
def test_checkpoint_says_what_it_was_trained_on(trained):
    report, reports = trained
    assert (report.train_images, report.validation_images) == (48, 12)
    assert [one.epoch for one in reports] == [1, 2]
    assert all(np.isfinite(one.loss) for one in reports)
    checkpoint = load_checkpoint(report.checkpoint)
    assert checkpoint.model.config.variant == "backbone"
    assert checkpoint.model.config.input_size == 32
    assert checkpoint.model.config.colour is False
    assert checkpoint.model.config.trained_expressions == ("Happiness", "Sadness")
    assert checkpoint.training.data == "bright and dark squares"
    assert checkpoint.training.epochs == 2
    assert checkpoint.licence == "free"
    assert checkpoint.training.validation_accuracy == reports[-1].accuracy
    assert checkpoint.model.config.temperature == reports[-1].temperature != 1


@pytest.mark.filterwarnings("ignore")
def test_the_temperature_is_where_the_validation_labels_are_likeliest(trained, faces):
    model = load_checkpoint(trained[0].checkpoint).model
    stills = read_split(faces / "split.csv", find_stills(faces))["validation"]
    likelihood = {}
    for temperature in (0.9, 1.0, 1.1):  # about the model's own
        answers = [
            torch.log_softmax(
                model.classify(model.embed(resized(read_image(still.path), 112, 112)[None])[None])
                / temperature,
                dim=-1,
            )[0, 0, still.label].item()
            for still in stills
        ]
        likelihood[temperature] = sum(answers)
    fitted = model.config.temperature
    edge = fitted == pytest.approx(0.2) or fitted == pytest.approx(5.0)
    assert edge or max(likelihood, key=likelihood.__getitem__) == 1.0


@pytest.mark.filterwarnings("ignore")
def test_training_goes_on_from_a_checkpoint(trained, faces, tmp_path):
    report = train_stills(
        faces,
        tmp_path / "more.safetensors",
        split=faces / "split.csv",
        initial=trained[0].checkpoint,
        options=OPTIONS,
    )
    assert load_checkpoint(report.checkpoint).training.epochs == 4


def test_senseless_options_are_wrong_usage():
    with pytest.raises(UsageError, match="epochs"):
        StillsOptions(epochs=0)
    with pytest.raises(UsageError, match="32"):
        StillsOptions(size=8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stills", "nosuch"], "nosuch"),
        (["--stills", ".", "--split", "nosuch.csv"], "expressions"),
    ],
)
def test_command_names_what_is_missing(monkeypatch, videxpr, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = videxpr("train", *arguments)
    assert code == 2
    assert words in err
    assert issubclass(UsageError, VidexprError)
