"""Graphs against the models of which they are drawn."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from embedded import face_crops, model_of
from torchvision.models.regnet import BottleneckTransform

from videxpr.core.crop_template import ARCFACE
from videxpr.core.onnx_runtime import open_session
from videxpr.model.checkpoint import load_model
from videxpr.model.engine.onnx_export import CROPS, feature_graph, widen_groups
from videxpr.model.options import BACKBONES


def agree(model, counts, size=ARCFACE.size, tolerance=1e-5):
    """Check that every crop's features are torch's, up to float noise, in batches of `counts`."""
    session = open_session(feature_graph(model), 1)
    for number in counts:
        crops = np.stack(face_crops(number, size))
        expected = model.embed(crops).numpy()
        (found,) = session.run(None, {CROPS: crops})
        assert found.shape == (number, model.width) and found.dtype == np.float32
        distance = np.linalg.norm(found - expected, axis=1)
        assert (distance <= tolerance * np.linalg.norm(expected, axis=1)).all()
        assert expected.std(axis=0).max() > 1e-3 * np.abs(expected).max() or number == 1


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_agrees_with_torch(backbone):
    agree(model_of(backbone, input_size=64), (1, 5))


@pytest.mark.parametrize("input_size", [64, 112, 144])
@pytest.mark.parametrize("color", [True, False])
def test_every_geometry_and_color_agrees_with_torch(input_size, color):
    agree(model_of(input_size=input_size, color=color), (1, 5))


def test_crops_of_another_size_and_other_means_agree_with_torch():
    other = replace(ARCFACE.resized(96), name="small")
    agree(model_of(crop=other, input_size=50, mean=(0.1, 0.5, 0.9), std=(0.5, 0.2, 0.1)), (3,), 96)


def test_the_starter_agrees_with_torch():
    agree(load_model("starter"), (1, 5, 16))


def test_a_graph_is_valid_and_the_same_every_time():
    graph = feature_graph(model_of())
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    assert graph == feature_graph(model_of())
    assert graph != feature_graph(model_of(seed=1))


@pytest.mark.parametrize("capability", ["DEFAULT", "AVX512"])
def test_graphs_of_every_processor_agree_with_torch(capability, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    model = model_of("regnet_y_1_6gf", input_size=64)
    agree(model, (3,))
    groups = {
        attribute.i
        for node in onnx.load_from_string(feature_graph(model)).graph.node
        for attribute in node.attribute
        if attribute.name == "group"
    }
    assert groups == ({1, 2, 5, 14, 37} if capability == "DEFAULT" else {1, 3, 7, 19})


@pytest.mark.parametrize(
    ("channels", "groups", "wider", "inner"), [(8, 6, 3, 48), (24, 5, 3, 144), (16, 3, 3, 48)]
)
def test_wider_groups_compute_the_same(channels, groups, wider, inner):
    torch.manual_seed(0)
    block = BottleneckTransform(
        12, 20, 2, torch.nn.BatchNorm2d, torch.nn.ReLU, channels, groups * channels / 20, 0.25
    )
    x = torch.randn(3, 12, 9, 9)
    block(x)  # so that the norms know something
    block.eval()
    wide = widen_groups(block, 16)
    grouped = wide.b[0]
    assert (grouped.groups, grouped.out_channels) == (wider, inner)
    assert grouped.weight.shape[1] % 16 == 0
    torch.testing.assert_close(wide(x), block(x), atol=1e-5, rtol=1e-5)
    assert block.b[0].groups == groups


def test_a_layer_that_is_not_known_is_refused():
    model = model_of()
    model.backbone.stem[2] = torch.nn.Hardswish()
    with pytest.raises(ValueError, match="Hardswish"):
        feature_graph(model)
