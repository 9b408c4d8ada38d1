"""What the tests of embedding share: small models, and crops that are not all noise."""

from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import torch
from skimage import data, transform

from videxpr.core.crop_template import ARCFACE
from videxpr.model.engine.engine import write_graph
from videxpr.model.network import ExpressionModel, ModelConfig


def model_of(backbone: str = "regnet_y_400mf", seed: int = 0, **config) -> ExpressionModel:
    """A model with random weights, whose batch norms have seen something too."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = ExpressionModel(ModelConfig(backbone=backbone, variant="backbone", **config))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 2.0)
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.normal_(module.bias, std=0.1)
    return model.eval().requires_grad_(False)


def face_crops(count: int, size: int = ARCFACE.size) -> list[np.ndarray]:
    """A photographed face, moved a little from crop to crop; the last crop is noise."""
    face = transform.resize(data.astronaut()[20:220, 120:320], (size, size), preserve_range=True)
    crops = [np.roll(face, 3 * shift, axis=1).astype(np.uint8) for shift in range(count - 1)]
    return [*crops, np.random.default_rng(count).integers(0, 256, (size, size, 3), np.uint8)]


def write_graph_often(path: str, content: bytes, times: int, begun: Event) -> None:
    """Write a graph again and again; a process of its own imports this room by its name."""
    begun.set()
    for _ in range(times):
        write_graph(Path(path), content)
