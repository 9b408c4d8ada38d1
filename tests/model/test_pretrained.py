"""What a backbone begins with: files of several makers, and what is refused."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models

from videxpr.core.errors import CheckpointError, DownloadError
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import Variant
from videxpr.model.pretrained import VGGFACE_NAMES, backbone_start

SMALL = ModelConfig(backbone="regnet_y_400mf")


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(1)
    return models.get_model("regnet_y_400mf", weights=None)


def filled(config: ModelConfig, source: Path) -> ExpressionModel:
    start = backbone_start(str(source), config)
    model = ExpressionModel(start.config)
    start.apply(model)
    return model


@pytest.mark.parametrize("wrapped", [None, "state_dict", "model"])
def test_torchvisions_file_fills_the_backbone(
    network: nn.Module, tmp_path: Path, wrapped: str | None
) -> None:
    file = tmp_path / "w.pth"
    weights = network.state_dict()
    torch.save({wrapped: weights} if wrapped else weights, file)
    own = filled(SMALL, file).backbone.state_dict()
    assert own and all(torch.equal(value, weights[name]) for name, value in own.items())


def test_a_checkpoint_gives_its_backbone_and_how_it_sees(tmp_path: Path) -> None:
    seen = ModelConfig("backbone", "regnet_y_400mf", input_size=48, color=False)
    trained = ExpressionModel(seen)
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, trained, TrainingSummary("faces", "-", 1, 1), "-", torch.float32)
    model = filled(SMALL, file)
    assert (model.config.input_size, model.config.color) == (48, False)
    assert model.config.variant == "transformer"
    own, theirs = model.backbone.state_dict(), trained.backbone.state_dict()
    assert all(torch.equal(own[name], theirs[name]) for name in theirs)
    with pytest.raises(
        CheckpointError, match="has the backbone regnet_y_400mf, not regnet_y_800mf"
    ):
        backbone_start(str(file), ModelConfig(backbone="regnet_y_800mf"))


def test_a_backbone_may_come_from_a_model_by_its_name() -> None:
    start = backbone_start("starter", ModelConfig())
    assert start.description == "backbone of starter-1" and not start.config.color
    with pytest.raises(CheckpointError, match="no model 'startr'; did you mean 'starter-1'"):
        backbone_start("startr", ModelConfig())


@pytest.mark.parametrize("variant", ["backbone", "transformer", "both"])
def test_a_fused_model_begins_with_the_answers_of_the_backbone_that_it_comes_from(
    variant: Variant, tmp_path: Path
) -> None:
    trained = ExpressionModel(ModelConfig("backbone", "regnet_y_400mf"))
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, trained, TrainingSummary("faces", "-", 1, 1), "-", torch.float32)
    model = filled(ModelConfig(variant, "regnet_y_400mf"), file).eval()
    windows = torch.randn(2, 64, model.width)
    torch.testing.assert_close(model.classify(windows), trained.eval().classify(windows))
    assert backbone_start(str(file), SMALL).description == "backbone and head of m"
    fused = ExpressionModel(SMALL)
    save_checkpoint(file, fused, TrainingSummary("faces", "-", 1, 1), "-", torch.float32)
    assert backbone_start(str(file), SMALL).head is None


def test_vggfaces_names_fill_vgg16_and_bring_their_normalization(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = models.get_model("vgg16").state_dict()
    layers = [name.removesuffix(".weight") for name in shapes if name.endswith(".weight")]
    theirs = dict(zip(layers, [*VGGFACE_NAMES, "fc6", "fc7", "fc8"], strict=True))
    weights = {}
    for number, (name, value) in enumerate(shapes.items()):
        layer, _, kind = name.rpartition(".")
        shape = (2622, 4096)[: value.ndim] if layer == "classifier.6" else value.shape
        weights[f"{theirs[layer]}.{kind}"] = torch.full((1,), float(number)).expand(shape)
    file = tmp_path / "vgg_face.pth"
    torch.save(weights, file)
    config = ModelConfig("backbone", "vgg16")
    start = backbone_start(str(file), config)
    assert start.config.mean == pytest.approx((0.5066, 0.4108, 0.3670), abs=1e-4)
    assert start.config.std == (1 / 255, 1 / 255, 1 / 255)
    model = ExpressionModel(start.config)
    start.apply(model)
    assert model.width == 4096
    own = model.backbone.state_dict()
    assert set(own) == {name for name in shapes if not name.startswith("classifier.6")}
    for number, name in enumerate(shapes):
        if name in own:
            assert own[name].flatten()[0] == number, name


def test_random_weights_begin_as_the_identity() -> None:
    start = backbone_start("none", SMALL)
    model = ExpressionModel(SMALL)
    start.apply(model)
    gammas = [p for name, p in model.backbone.named_parameters() if name.endswith("f.c.1.weight")]
    assert gammas and not any(gamma.any() for gamma in gammas)


def test_weights_of_another_network_are_refused_by_name(network: nn.Module, tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    weights = network.state_dict()
    weights["stem.7.weight"] = weights.pop("stem.0.weight")
    weights["stem.1.bias"] = torch.zeros(3)
    torch.save(weights, file)
    with pytest.raises(
        CheckpointError,
        match=r"\(w\.pth\) are not those of regnet_y_400mf; missing: stem\.0\.weight; surplus: "
        r"stem\.7\.weight; of another shape: stem\.1\.bias \(3,\) instead of \(32,\)",
    ):
        filled(SMALL, file)


class Evil:
    """Runs code when it is unpickled; it never may be."""

    def __reduce__(self) -> tuple:
        return (Path("evil").touch, ())


@pytest.mark.parametrize("content", [Evil(), {"state_dict": Evil()}])
def test_no_code_is_run_from_a_file(tmp_path: Path, monkeypatch, content: object) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(
        CheckpointError, match=r"w\.pth holds objects other than tensors .*does not unpickle"
    ):
        backbone_start(str(tmp_path / "w.pth"), SMALL)
    assert not Path("evil").exists()


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}])
def test_what_is_no_mapping_of_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="no mapping of parameter names to tensors"):
        backbone_start(str(tmp_path / "w.pth"), SMALL)


def test_text_is_no_file_of_weights(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_text("weights")
    with pytest.raises(CheckpointError, match=r"w\.pth is no checkpoint .*of PyTorch"):
        backbone_start(str(tmp_path / "w.pth"), SMALL)


def test_imagenets_weights_without_a_network_are_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(
        DownloadError, match=r"cannot fetch .* of regnet_y_400mf .*--backbone-weights"
    ):
        backbone_start("imagenet", SMALL)


def test_imagenets_weights_that_are_here_are_taken(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = models.get_model_weights("regnet_y_400mf")["IMAGENET1K_V1"].url
    file = tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    torch.save(network.state_dict(), file)
    start = backbone_start("imagenet", SMALL)
    assert start.description == "ImageNet's weights"
    model = ExpressionModel(SMALL)
    start.apply(model)
    assert torch.equal(
        model.backbone.state_dict()["stem.0.weight"], network.state_dict()["stem.0.weight"]
    )
