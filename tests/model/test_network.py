"""The model against numbers of the authors' own modules, and what it takes and refuses.

The reference was made with the authors' code; its weights bear the authors' names.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import needs_shared
from PIL import Image
from reference import TOLERANCE, expected, reference_features, reference_model
from torch import Tensor
from torch.nn import functional

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.backbones import memory_format_for, stages
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import VARIANTS, Variant


def deviation(variant: Variant) -> float:
    """Largest difference between our logits and the reference's."""
    model = reference_model(variant)
    found = model.classify(reference_features(model)).numpy()
    return float(np.abs(found - expected(variant, "logits")).max())


@needs_shared
@pytest.mark.parametrize("variant", VARIANTS)
def test_features_are_those_of_the_authors(variant: Variant) -> None:
    features = reference_features(reference_model(variant))
    first8 = expected(variant, "features_first8")
    np.testing.assert_allclose(features[..., :8].numpy(), first8, rtol=0, atol=TOLERANCE)


@needs_shared
@pytest.mark.parametrize("variant", VARIANTS)
def test_logits_are_those_of_the_authors(variant: Variant) -> None:
    assert deviation(variant) < TOLERANCE


attend = functional.scaled_dot_product_attention


def uniform(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return value.mean(dim=-2, keepdim=True).expand_as(value)


def unscaled(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value, scale=1.0)


def scaled_by_the_input_width(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value, scale=888**-0.5)


def scaled_by_the_width_of_all_heads(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return attend(query, key, value, scale=128**-0.5)


def over_heads(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Heads attend to each other instead of frames."""
    turned = (tensor.transpose(1, 2) for tensor in (query, key, value))
    return attend(*turned).transpose(1, 2)


@needs_shared
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "backbone"])
@pytest.mark.parametrize(
    "wrong",
    [
        uniform,
        unscaled,
        scaled_by_the_input_width,
        scaled_by_the_width_of_all_heads,
        over_heads,
    ],
)
def test_a_wrong_attention_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, variant: Variant, wrong: Callable[..., Tensor]
) -> None:
    assert deviation(variant) < TOLERANCE
    monkeypatch.setattr("videxpr.model.network.functional.scaled_dot_product_attention", wrong)
    assert deviation(variant) > 10 * TOLERANCE


@needs_shared
def test_without_attention_a_wrong_one_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videxpr.model.network.functional.scaled_dot_product_attention", uniform)
    assert deviation("backbone") < TOLERANCE


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    """A model with drawn weights that was never trained on Disgust and Other."""
    trained = tuple(name for name in EXPRESSIONS if name not in ("Disgust", "Other"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = ExpressionModel(ModelConfig(trained_expressions=trained))
    return drawn.eval().requires_grad_(False)


def crops(count: int, size: int = 112) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def test_a_tensor_and_an_array_of_crops_give_the_same(model: ExpressionModel) -> None:
    array = crops(2)
    features = model.embed(array)
    assert features.shape == (2, 888) and features.dtype == torch.float32
    assert torch.equal(features, model.embed(torch.from_numpy(array)))


def test_mirrored_arrays_are_taken_as_opencv_users_make_them(model: ExpressionModel) -> None:
    array = crops(1)
    assert torch.equal(model.embed(array[..., ::-1]), model.embed(array[..., ::-1].copy()))


def test_a_crop_has_the_same_features_in_any_batch(model: ExpressionModel) -> None:
    array = crops(3)
    one_by_one = torch.cat([model.embed(array[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(model.embed(array), one_by_one, rtol=1e-4, atol=1e-5)


def test_embedding_normalizes_the_pixels(model: ExpressionModel) -> None:
    array = crops(1)
    scaled = torch.from_numpy(array).permute(0, 3, 1, 2) / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    expected = model.backbone((scaled - mean) / std)
    torch.testing.assert_close(model.embed(array), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.features(scaled), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (crops(1).astype(np.float32), r"torch.float32 of shape \(1, 112, 112, 3\)"),
        (crops(1).astype(np.int64), r"torch.int64 of shape \(1, 112, 112, 3\)"),
        (crops(1, 64), r"torch.uint8 of shape \(1, 64, 64, 3\)"),
        (crops(1)[0], r"torch.uint8 of shape \(112, 112, 3\)"),
        (np.ascontiguousarray(crops(1).transpose(0, 3, 1, 2)), r"of shape \(1, 3, 112, 112\)"),
        (torch.zeros((1, 112, 112, 1), dtype=torch.uint8), r"of shape \(1, 112, 112, 1\)"),
        (torch.zeros((1, 112, 112, 3)), r"torch.float32"),
    ],
)
def test_crops_of_another_shape_or_type_are_refused(
    model: ExpressionModel, wrong: np.ndarray | Tensor, named: str
) -> None:
    with pytest.raises(ValueError, match=rf"uint8 of shape \(N, 112, 112, 3\), not .*{named}"):
        model.embed(wrong)


def test_untrained_classes_are_masked_and_the_others_are_not(model: ExpressionModel) -> None:
    windows = np.random.default_rng(0).standard_normal((2, 5, 888)).astype(np.float32)
    logits = model.classify(windows)
    assert logits.shape == (2, 5, 8) and logits.dtype == torch.float32
    masked = torch.tensor([name in ("Disgust", "Other") for name in EXPRESSIONS])
    assert torch.isneginf(logits[..., masked]).all()
    assert torch.equal(logits[..., ~masked], model.logits(torch.from_numpy(windows))[..., ~masked])
    assert torch.isfinite(logits[..., ~masked]).all()
    assert torch.equal(logits, model.classify(torch.from_numpy(windows)))
    assert torch.equal(logits, model.classify(windows.astype(np.float64)))  # numpy's own default


def test_a_temperature_divides_the_logits_that_answer_and_not_those_that_train(
    model: ExpressionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = torch.randn(2, 5, 888)
    plain, raw = model.classify(windows), model.logits(windows)
    monkeypatch.setattr(model, "config", replace(model.config, temperature=2.5))
    torch.testing.assert_close(model.classify(windows), plain / 2.5)
    assert torch.equal(model.logits(windows), raw)


def test_a_window_is_a_set_of_frames(model: ExpressionModel) -> None:
    windows = torch.from_numpy(
        np.random.default_rng(1).standard_normal((1, 9, 888)).astype(np.float32)
    )
    order = torch.tensor([4, 0, 8, 2, 6, 1, 7, 3, 5])
    turned = model.logits(windows[:, order])
    torch.testing.assert_close(turned, model.logits(windows)[:, order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 888), (1, 5, 887), (1, 1, 5, 888)])
def test_windows_of_another_shape_are_refused(
    model: ExpressionModel, shape: tuple[int, ...]
) -> None:
    named = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"\(W, T, 888\), not {named}"):
        model.classify(np.zeros(shape, np.float32))


def test_a_model_knows_its_width_its_device_and_what_it_was_not_trained_on(
    model: ExpressionModel,
) -> None:
    assert (model.width, model.device) == (888, torch.device("cpu"))
    assert model.config.untrained_expressions == ("Disgust", "Other")
    assert ModelConfig().untrained_expressions == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variant": "only_transformer"}, "variant 'only_transformer'; known are transformer"),
        ({"backbone": "resnet18"}, "backbone 'resnet18'; known are regnet_y_400mf"),
        ({"expressions": tuple(sorted(EXPRESSIONS))}, "classes are Anger, Disgust, .* this order"),
        ({"expressions": EXPRESSIONS[:7]}, "classes are Neutral, .*, Surprise, but"),
        ({"trained_expressions": ("Neutral", "Contempt")}, "Contempt.* are not among"),
        ({"trained_expressions": ()}, "trained classes"),
        ({"position": "sine"}, "unknown position 'sine'; known are none, learned"),
        ({"position": "learned", "variant": "backbone"}, "positions are for an encoder"),
        ({"class_shares": (0.5, 0.5)}, "class shares .* are not one for each"),
        ({"temperature": 0.0}, "temperature 0.0 is not a positive number"),
        ({"window": 0}, "window 0"),
        ({"crop": CropTemplate("tiny", 16, ARCFACE.landmarks)}, "crop size 16"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(change: dict, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        ModelConfig(**change)


def test_crops_are_brought_to_the_size_that_the_backbone_was_trained_at():
    torch.manual_seed(0)
    small = ExpressionModel(ModelConfig(variant="backbone", input_size=48)).eval()
    crop = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)
    shrunk = np.asarray(Image.fromarray(crop[0]).resize((48, 48), Image.Resampling.BILINEAR))
    pixels = torch.from_numpy(shrunk.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        difference = small.embed(crop) - small.features(pixels)
        whole = small.features(torch.from_numpy(crop).permute(0, 3, 1, 2).float() / 255)
        assert difference.abs().max() < 0.05 * (small.embed(crop) - whole).abs().max()


def test_gray_model_does_not_see_color():
    torch.manual_seed(0)
    gray = ExpressionModel(ModelConfig(variant="backbone", color=False)).eval()
    crop = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)
    with torch.inference_mode():
        one, swapped = gray.embed(crop), gray.embed(crop[..., ::-1].copy())
    assert torch.allclose(one, swapped, atol=1e-5)
    assert one.std() > 0


@pytest.mark.parametrize(
    ("backbone", "width"),
    [("regnet_y_400mf", 440), ("regnet_y_800mf", 784), ("regnet_y_3_2gf", 1512), ("vgg16", 4096)],
)
def test_other_backbones_give_their_own_width(backbone: str, width: int) -> None:
    variant = "backbone" if backbone == "vgg16" else "both"
    model = ExpressionModel(ModelConfig(variant=variant, backbone=backbone, input_size=32)).eval()
    with torch.inference_mode():
        features = model.embed(crops(2))
        assert features.shape == (2, width) and model.width == width
        assert model.classify(features[None]).shape == (1, 2, 8)
    assert list(stages(model.backbone)) == (
        [f"block{n}" for n in range(1, 6)]
        if backbone == "vgg16"
        else ["stem", "block1", "block2", "block3", "block4"]
    )


def test_learned_positions_make_a_window_a_sequence() -> None:
    torch.manual_seed(0)
    config = ModelConfig(backbone="regnet_y_400mf", position="learned", window=8)
    model = ExpressionModel(config).eval().requires_grad_(False)
    windows = torch.randn(1, 8, model.width)
    turned = windows.flip(1)
    as_a_set = model.logits(windows)
    torch.testing.assert_close(model.logits(turned), as_a_set.flip(1))  # they begin at zero
    torch.nn.init.normal_(model.position)
    assert (model.logits(turned) - model.logits(windows).flip(1)).abs().max() > 0.01
    torch.testing.assert_close(model.logits(windows[:, :5]).shape, torch.Size([1, 5, 8]))
    with pytest.raises(ValueError, match="knows 8 places of a window, not 9"):
        model.classify(torch.randn(1, 9, model.width))


def test_weights_lie_as_is_fastest_on_their_device() -> None:
    model = ExpressionModel(ModelConfig(backbone="regnet_y_400mf", variant="backbone"))
    weights = model.backbone.trunk_output[0][0].f.b[0].weight
    assert weights.is_contiguous(memory_format=torch.channels_last)
    assert memory_format_for(torch.device("cuda:1")) == torch.contiguous_format
    model.backbone.to(memory_format=torch.contiguous_format)
    assert not weights.is_contiguous(memory_format=torch.channels_last)
    model.to("cpu")
    assert weights.is_contiguous(memory_format=torch.channels_last)
