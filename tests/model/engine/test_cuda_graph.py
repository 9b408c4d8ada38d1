"""The lean network: the features of the model's own, in other precisions and layouts too."""

import numpy as np
import pytest
import torch
from embedded import face_crops, model_of

from videxpr.model.engine.cuda_graph import CapturedNetwork, fuse_batch_norms, fused_network
from videxpr.model.engine.engine import torch_embedder

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")


def batch(count: int) -> torch.Tensor:
    return torch.from_numpy(np.stack(face_crops(count)))


def off_by(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("backbone", ["regnet_y_400mf", "vgg16"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_features_are_the_models(backbone, layout):
    model = model_of(backbone, input_size=64, color=False)
    lean = fused_network(model, torch.float32, layout)
    assert off_by(lean(batch(4)), model.embed(batch(4))) < 1e-5


def test_half_precision_is_near_and_the_model_stays_as_it_is():
    model = model_of(input_size=32)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = fused_network(model, torch.bfloat16)(batch(4))
    assert found.dtype == torch.float32
    assert 1e-5 < off_by(found, model.embed(batch(4))) < 2e-2
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_no_batch_norm_is_left():
    network = fuse_batch_norms(model_of(input_size=32).backbone)
    assert not [one for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d)]


@on_a_gpu
def test_captured_batches_of_all_sizes_have_the_models_features():
    model = model_of(input_size=64).to("cuda")
    captured = CapturedNetwork(fused_network(model), model.config.crop.size, model.device)
    for count in (1, 3, 4, 7, 3):
        found = captured(face_crops(count))
        expected = model.embed(batch(count)).cpu()
        assert found.shape == (count, model.width)
        assert off_by(torch.from_numpy(found), expected) < 1e-2


@on_a_gpu
def test_an_embedder_on_a_gpu_takes_batches_of_any_size():
    model = model_of(input_size=64).to("cuda")
    crops = face_crops(7)
    found = torch_embedder(model).embed(crops, 4)
    expected = model.embed(batch(7)).cpu()
    assert off_by(torch.from_numpy(found), expected) < 1e-2
