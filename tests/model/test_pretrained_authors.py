"""The authors' checkpoints: what comes out of them, and what is refused."""

import argparse
import collections
import os
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from conftest import needs_shared
from reference import TOLERANCE, authors_weights, expected, recipe, reference_features
from torch import Tensor
from typer.testing import CliRunner

import videxpr
from videxpr.cli import app
from videxpr.core.crop_template import ARCFACE, UNVERIFIED, CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.config import PAPER_NAMES
from videxpr.model.header import read_card
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import VARIANTS, Variant
from videxpr.model.pretrained import import_checkpoint, paper_key, videxpr_key

Weights = dict[str, Tensor]


def drawn(variant: Variant) -> Weights:
    """Weights by their names in the authors' checkpoints, counters included."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ExpressionModel(ModelConfig(variant=variant))
    return {paper_key(variant, name): value for name, value in model.state_dict().items()}


def lightning(weights: Weights, **more: object) -> dict[str, object]:
    """What Lightning puts into a file beside the weights."""
    return {
        "epoch": 17,
        "global_step": 900,
        "pytorch-lightning_version": "1.5.10",
        "state_dict": collections.OrderedDict(weights),
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.3), "dirpath": "x"}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": []}],
        "lr_schedulers": [],
        **more,
    }


@pytest.fixture(scope="module")
def weights() -> Weights:
    return drawn("attention")


@needs_shared
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_imported_checkpoint_gives_the_authors_logits(tmp_path: Path, variant: Variant) -> None:
    source, output = tmp_path / "theirs.ckpt", tmp_path / "ours.safetensors"
    surplus = {"feed.0.weight": torch.ones(3), "feed.0.bias": torch.ones(1)}
    theirs = authors_weights(variant) | surplus | {"cls_weights": torch.ones(8)}
    torch.save(lightning(theirs), source)
    result = CliRunner().invoke(
        app, ["models", "import", str(source), str(output)], catch_exceptions=False
    )
    assert result.exit_code == 0
    for name in ("feed.0.weight", "feed.0.bias", "cls_weights"):
        assert f"dropped: {name}," in result.output
    assert f"variant: {variant} ({PAPER_NAMES[variant]} in the authors' code)" in result.output
    assert "unverified" in result.output
    model = videxpr.load_model(output)
    features = model.embed(recipe()["make_crops"]()[1, :8])[:, :8].numpy()
    first8, logits = expected(variant, "features_first8"), expected(variant, "logits")
    np.testing.assert_allclose(features, first8[1, :8], rtol=0, atol=TOLERANCE)
    found = model.classify(reference_features(model)).numpy()
    np.testing.assert_allclose(found, logits, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("variant", VARIANTS)
def test_names_lead_there_and_back(variant: Variant) -> None:
    theirs = drawn(variant)
    ours = {videxpr_key(variant, name): value for name, value in theirs.items()}
    model = ExpressionModel(ModelConfig(variant=variant))
    model.load_state_dict(ours)
    assert [paper_key(variant, name) for name in ours] == list(theirs)
    prefixes = {name.split(".")[0] for name in theirs} - {"backbone"}
    assert (
        prefixes
        == {
            "transformer": {"trans3", "fc3"},
            "attention": {"att2", "fc2"},
            "both": {"att", "trans", "fc"},
            "backbone": {"fc1"},
        }[variant]
    )


def test_a_checkpoint_says_where_it_comes_from(weights: Weights, tmp_path: Path) -> None:
    torch.save(lightning(weights), tmp_path / "best.ckpt")
    dropped = import_checkpoint(tmp_path / "best.ckpt", tmp_path / "ours.safetensors")
    found = load_checkpoint(tmp_path / "ours.safetensors")
    assert dropped == ()
    assert found.model.config == ModelConfig(variant="attention", crop=UNVERIFIED)
    assert found.training.data == "Aff-Wild2, imported from best.ckpt"
    assert "only_att" in found.training.recipe and found.training.epochs == 17
    assert "carries no license" in found.license
    read = found.model.state_dict()
    for name, value in weights.items():
        assert torch.equal(read[videxpr_key("attention", name)], value), name


def test_template_and_precision_can_be_given(weights: Weights, tmp_path: Path) -> None:
    torch.save({"state_dict": weights}, tmp_path / "t.ckpt")
    crop = CropTemplate("measured", 112, tuple((x + 1, y) for x, y in ARCFACE.landmarks))
    half = tmp_path / "half.safetensors"
    import_checkpoint(tmp_path / "t.ckpt", half, crop, torch.float16)
    found = load_checkpoint(half)
    assert found.model.config.crop == crop and found.training.epochs == 0
    import_checkpoint(tmp_path / "t.ckpt", tmp_path / "full.safetensors")
    assert half.stat().st_size < 0.52 * (tmp_path / "full.safetensors").stat().st_size


def test_counters_may_be_missing_and_half_precision_is_taken(
    weights: Weights, tmp_path: Path
) -> None:
    old = {name: value.half() for name, value in weights.items() if "num_batches" not in name}
    torch.save({"state_dict": old}, tmp_path / "t.ckpt")
    import_checkpoint(tmp_path / "t.ckpt", tmp_path / "o.safetensors")
    read = load_checkpoint(tmp_path / "o.safetensors").model.state_dict()
    assert torch.equal(read["head.bias"], weights["fc2.bias"].half().float())


def refused(source: Path) -> str:
    output = source.with_suffix(".safetensors")
    with pytest.raises(CheckpointError) as caught:
        import_checkpoint(source, output)
    assert not output.exists() and str(source) in str(caught.value)
    return str(caught.value)


def test_everything_that_does_not_fit_is_named(weights: Weights, tmp_path: Path) -> None:
    odd = dict(weights)
    del odd["att2.to_out.0.bias"], odd["fc2.weight"]
    odd |= {
        "backbone.fc.weight": torch.zeros(1000, 888),
        "feeding.weight": torch.zeros(1),
        "fc2.bias": torch.zeros(7),
        "att2.to_qkv.weight": weights["att2.to_qkv.weight"] * float("nan"),
    }
    torch.save({"state_dict": odd}, tmp_path / "odd.ckpt")
    message = refused(tmp_path / "odd.ckpt")
    for words in (
        "parameters of only_att",
        "missing: att2.to_out.0.bias, fc2.weight;",
        "surplus: backbone.fc.weight, feeding.weight;",
        "of another shape: fc2.bias (7,) instead of (8,);",
        "not finite: att2.to_qkv.weight",
    ):
        assert words in message


def test_another_variants_parameters_are_surplus(weights: Weights, tmp_path: Path) -> None:
    torch.save({"state_dict": weights | {"fc1.bias": torch.zeros(8)}}, tmp_path / "t.ckpt")
    assert "only_att; surplus: fc1.bias" in refused(tmp_path / "t.ckpt")


class Harm:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch harmed",)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "old format"])
def test_no_object_is_unpickled(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    content = lightning(weights, hyper_parameters=Harm())
    torch.save(content, "harm.ckpt", _use_new_zipfile_serialization=new)
    message = refused(Path("harm.ckpt"))
    assert "does not unpickle them" in message
    assert not (tmp_path / "harmed").exists()
    torch.load("harm.ckpt", weights_only=False)
    assert (tmp_path / "harmed").exists()  # so it would have been noticed


def test_the_error_says_how_to_strip_a_file_and_that_works(
    weights: Weights, tmp_path: Path
) -> None:
    source = tmp_path / "it's.ckpt"
    more = {"hyper_parameters": argparse.Namespace(lr=1), "path": PurePosixPath("x")}
    torch.save(lightning(weights, **more), source)
    message = refused(source)
    assert "argparse.Namespace" in message and "pathlib.PurePosixPath" in message
    first, *code = message.splitlines()
    assert "If you trust the file" in first and len(code) == 2
    exec("\n".join(line.strip() for line in code), {})
    import_checkpoint(tmp_path / "it's-stripped.ckpt", tmp_path / "o.safetensors")
    assert read_card(tmp_path / "o.safetensors").config.variant == "attention"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], r"no mapping of parameter names .* 'state_dict' or 'model', but \[1\];"),
        ({"model": {}}, r"no mapping of parameter names .* but \{\};"),
        ({"state_dict": {}}, r"no mapping of parameter names .* but \{\};"),
        ({"state_dict": {"fc2.bias": 1}}, r"no mapping of .* but \{'fc2.bias': 1\};"),
        (
            {"state_dict": {"layer.bias": torch.zeros(1)}},
            "none of the authors' models: .* layer.bia",
        ),
    ],
)
def test_what_is_no_lightning_checkpoint_is_refused(
    tmp_path: Path, content: object, message: str
) -> None:
    torch.save(content, tmp_path / "odd.ckpt")
    with pytest.raises(CheckpointError, match=message):
        import_checkpoint(tmp_path / "odd.ckpt", tmp_path / "o.safetensors")


def test_a_zip_that_unpacks_to_more_than_it_is_is_not_unpacked(
    weights: Weights, tmp_path: Path
) -> None:
    torch.save({"state_dict": weights}, tmp_path / "whole.ckpt")
    with (
        zipfile.ZipFile(tmp_path / "whole.ckpt") as whole,
        zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for entry in whole.infolist():
            bomb.writestr(entry.filename, bytes(entry.file_size))
    assert "bomb.ckpt would unpack to" in refused(tmp_path / "bomb.ckpt")


def test_a_checkpoint_of_videxpr_needs_no_import(tmp_path: Path) -> None:
    (tmp_path / "ours.safetensors").touch()
    with pytest.raises(CheckpointError, match="needs no import: give it to --model"):
        import_checkpoint(tmp_path / "ours.safetensors", tmp_path / "o.safetensors")


def test_files_that_cannot_be_read_are_refused(weights: Weights, tmp_path: Path) -> None:
    torch.save({"state_dict": weights}, tmp_path / "whole.ckpt")
    whole = (tmp_path / "whole.ckpt").read_bytes()
    for name, content in (("cut", whole[:-500]), ("noise", b"noise" * 99), ("empty", b"")):
        (tmp_path / f"{name}.ckpt").write_bytes(content)
        assert "no checkpoint" in refused(tmp_path / f"{name}.ckpt")
    assert "cannot read" in refused(tmp_path / "gone.ckpt")
    assert "cannot read" in refused(tmp_path)
    (tmp_path / "words.txt").write_text("hello\n")
    assert "words.txt is no checkpoint that PyTorch can read" in refused(tmp_path / "words.txt")
