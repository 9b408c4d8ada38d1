"""Weights on disk: what is saved comes back, and whatever else is a named error."""

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import CheckpointError, DeviceError, OutputError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.checkpoint import load_checkpoint, load_model, save_checkpoint
from videxpr.model.header import TrainingSummary, read_card
from videxpr.model.network import ExpressionModel, ModelConfig

CONFIG = ModelConfig(
    variant="attention",
    trained_expressions=EXPRESSIONS[:7],
    crop=CropTemplate("loose", 96, ARCFACE.landmarks),
    mean=(0.5, 0.25, 0.125),
    window=32,
)
TRAINING = TrainingSummary("some faces", "some recipe", 28_709, 12, 0.71)


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = ExpressionModel(CONFIG)
    drawn.backbone.stem[1].num_batches_tracked += 70_000
    return drawn


@pytest.fixture(scope="module")
def saved(model: ExpressionModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_checkpoint(path, model, TRAINING, "CC BY 4.0")
    return path


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_what_is_saved_comes_back(
    model: ExpressionModel, tmp_path: Path, dtype: torch.dtype
) -> None:
    path = tmp_path / "new" / "mine.safetensors"
    save_checkpoint(path, model, TRAINING, "CC BY 4.0", dtype)
    found = load_checkpoint(path)
    assert (found.name, found.training, found.license) == ("mine", TRAINING, "CC BY 4.0")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.model.config == CONFIG
    expected, read = model.state_dict(), found.model.state_dict()
    assert list(read) == list(expected)
    for name, value in expected.items():
        rounded = value.to(dtype).float() if value.is_floating_point() else value
        assert read[name].dtype == value.dtype and torch.equal(read[name], rounded), name


def test_a_loaded_model_is_ready_to_use(saved: Path) -> None:
    loaded = load_model(saved)
    assert not loaded.training and not any(module.training for module in loaded.modules())
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        logits = loaded.classify(loaded.embed(torch.zeros((1, 96, 96, 3), dtype=torch.uint8))[None])
    assert logits.isneginf().tolist() == [[[False] * 7 + [True]]]


def test_a_device_that_is_not_there_is_said_as_by_the_command_line(saved: Path) -> None:
    with pytest.raises(DeviceError, match="cuda:99"):
        load_model(saved, device="cuda:99")


def test_half_precision_is_the_default_and_halves_the_file(
    model: ExpressionModel, saved: Path, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path / "full.safetensors", model, TRAINING, "", torch.float32)
    full = (tmp_path / "full.safetensors").stat().st_size
    assert 0.49 < saved.stat().st_size / full < 0.52
    save_checkpoint(tmp_path / "again.safetensors", model, TRAINING, "CC BY 4.0")
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_a_card_says_what_the_checkpoint_says(saved: Path) -> None:
    card = read_card(str(saved))
    assert (card.name, card.path, card.config) == ("mine", saved, CONFIG)
    assert (card.training, card.license) == (TRAINING, "CC BY 4.0")
    assert card.sha256 == hashlib.sha256(saved.read_bytes()).hexdigest()


Header = dict[str, Any]


def header_of(path: Path) -> Header:
    with safe_open(path, framework="pt") as archive:
        header: Header = json.loads(archive.metadata()["videxpr"])
    return header


def with_header(saved: Path, path: Path, text: str | None) -> Path:
    """A checkpoint that says this of itself; its weights do not matter."""
    metadata = {"format": "pt"} if text is None else {"videxpr": text}
    save_file({"head.bias": torch.zeros(8)}, path, metadata=metadata)
    return path


def refused(path: Path, message: str) -> None:
    """Both ways of reading name the file and the reason."""
    for read in (read_card, load_checkpoint):
        with pytest.raises(CheckpointError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '"text"', "null", "[]"])
def test_weights_that_say_nothing_readable_of_themselves_are_refused(
    saved: Path, tmp_path: Path, text: str | None
) -> None:
    message = "says nothing of its classes" if text != "[]" else "format None"
    refused(with_header(saved, tmp_path / "odd.safetensors", text), message)


def without(*path: str) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        for key in path[:-1]:
            header = header[key]
        del header[path[-1]]

    return change


def changed(value: object, *path: str) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        for key in path[:-1]:
            header = header[key]
        header[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed(1, "format"), "format 1, this version reads 2"),
        (without("format"), "format None"),
        (changed(sorted(EXPRESSIONS), "config", "expressions"), "classes are Anger, .* this order"),
        (changed(["Contempt"], "config", "trained_expressions"), "trained classes"),
        (changed("bigger", "config", "variant"), "unknown variant 'bigger'"),
        (changed("resnet18", "config", "backbone"), "unknown backbone 'resnet18'"),
        (changed("64", "config", "window"), "window '64' is not a whole number from 1 to"),
        (changed(10**12, "config", "window"), "window 1000000000000 is not a whole number"),
        (changed(10**6, "config", "crop", "size"), "crop size 1000000 is not .* to 2048"),
        (changed(10**9, "config", "input_size"), "input size 1000000000 is not .* to 2048"),
        (changed([0.5] * 10**6, "config", "mean"), "mean .* is not three numbers"),
        (changed(1, "config", "surplus"), "cannot be read: .*surplus"),
        (changed([[1, 2]], "config", "crop", "landmarks"), "five .* landmarks"),
        (changed(None, "config", "crop"), "cannot be read"),
        (changed(None, "config"), "cannot be read"),
        (without("config"), "cannot be read: 'config'"),
        (without("training"), "how it was trained .*training"),
        (changed({"data": "x"}, "training"), "how it was trained"),
        (changed(1, "training", "surplus"), "how it was trained .*surplus"),
        (changed(None, "training"), "how it was trained"),
        (without("license"), "license .*license"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    saved: Path, tmp_path: Path, change: Callable[[Header], None], message: str
) -> None:
    header = header_of(saved)
    change(header)
    refused(with_header(saved, tmp_path / "other.safetensors", json.dumps(header)), message)


@pytest.mark.parametrize(
    ("length", "offset", "message"),
    [
        (2**62, 32, "it has no header"),
        (None, 2**40, "its header speaks of 10995116.* bytes, and it has"),
        (None, 10**300, "its header speaks of"),
    ],
)
def test_claims_of_a_header_are_checked_before_memory_is_taken(
    tmp_path: Path, length: int | None, offset: int, message: str
) -> None:
    tensor = {"dtype": "F32", "shape": [offset // 4], "data_offsets": [0, offset]}
    header = json.dumps({"x": tensor}).encode()
    path = tmp_path / "large.safetensors"
    path.write_bytes((length or len(header)).to_bytes(8, "little") + header + bytes(32))
    refused(path, message)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 100_000])
def test_json_too_deep_or_too_long_is_refused(saved: Path, tmp_path: Path, text: str) -> None:
    refused(with_header(saved, tmp_path / "odd.safetensors", text), "says nothing of its classes")


def rewritten(saved: Path, path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    weights = load_file(saved)
    change(weights)
    save_file(weights, path, metadata={"videxpr": json.dumps(header_of(saved))})
    return path


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda weights: weights.pop("attention.to_qkv.weight"), "attention.to_qkv.weight"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "extra"),
        (lambda weights: weights.update({"head.bias": torch.zeros(7)}), "head.bias"),
    ],
    ids=["missing", "surplus", "another shape"],
)
def test_weights_must_be_exactly_those_of_the_model(
    saved: Path, tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], object], named: str
) -> None:
    path = rewritten(saved, tmp_path / "wrong.safetensors", change)
    assert read_card(path).config == CONFIG
    with pytest.raises(
        CheckpointError, match=f"does not hold the weights .*(?s:.*){named}"
    ) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


class Trap:
    """Would leave a trace if anybody unpickled it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_pickle_is_refused_and_never_run(tmp_path: Path, writer: str) -> None:
    path, trace = tmp_path / "model.ckpt", tmp_path / "trace"
    if writer == "pickle":
        path.write_bytes(pickle.dumps(Trap(trace)))
    else:
        torch.save({"state_dict": Trap(trace)}, path)
    refused(path, "is not a safetensors file")
    assert not trace.exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(saved: Path, tmp_path: Path, share: float) -> None:
    content = saved.read_bytes()
    (tmp_path / "half.safetensors").write_bytes(content[: int(share * len(content))])
    refused(tmp_path / "half.safetensors", "is not a safetensors file")
    (tmp_path / "theirs.pth").write_bytes(b"other weights")
    refused(tmp_path / "theirs.pth", "'videxpr models import' makes one")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "no model .*none.safetensors': there is no such file")
    refused(tmp_path, "no model")


def test_saving_where_nothing_can_be_written_names_the_file(
    model: ExpressionModel, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/mine.safetensors"):
        save_checkpoint(tmp_path / "file" / "mine.safetensors", model, TRAINING, "")


def test_a_summary_of_all_fields_comes_back(model: ExpressionModel, tmp_path: Path) -> None:
    full = replace(TRAINING, validation_macro_f1=0.5, data="Gesichter, “gemischt”")
    save_checkpoint(tmp_path / "m.safetensors", model, full, "ein Text")
    card = read_card(tmp_path / "m.safetensors")
    assert (card.training, card.license) == (full, "ein Text")
