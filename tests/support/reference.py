"""Numbers of the authors' own modules, and weights under the authors' names that give them."""

import json
import runpy
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from conftest import SHARED
from torch import Tensor

from videxpr.model.backbones import build_backbone
from videxpr.model.config import PAPER_NAMES
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import Variant
from videxpr.model.pretrained import videxpr_key

TOLERANCE = 1e-4
FIXTURES = SHARED / "fixtures"


@cache
def recipe() -> dict[str, Callable]:
    return runpy.run_path(str(FIXTURES / "prl_weights.py"))


@cache
def backbone_shapes() -> dict[str, list[int]]:
    network, _ = build_backbone(ModelConfig().backbone)
    return {f"backbone.{name}": list(each.shape) for name, each in network.state_dict().items()}


def authors_weights(variant: Variant) -> dict[str, Tensor]:
    """The reference's weights by their names in the authors' checkpoints."""
    with np.load(FIXTURES / "prl_reference.npz") as numbers:
        keys = json.loads(str(numbers[f"{PAPER_NAMES[variant]}/keys"]))
    weights = recipe()["make_weights"](keys | backbone_shapes())
    return {name: torch.from_numpy(value) for name, value in weights.items()}


def expected(variant: Variant, what: str) -> np.ndarray:
    """The reference's ``logits`` (2, 64, 8) or ``features_first8`` (2, 64, 8)."""
    with np.load(FIXTURES / "prl_reference.npz") as numbers:
        return numbers[f"{PAPER_NAMES[variant]}/{what}"]


@cache
def reference_model(variant: Variant) -> ExpressionModel:
    """Our model with the reference's weights."""
    model = ExpressionModel(ModelConfig(variant=variant)).eval().requires_grad_(False)
    weights = {videxpr_key(variant, name): each for name, each in authors_weights(variant).items()}
    model.load_state_dict(weights)
    return model


_features: dict[bytes, Tensor] = {}


def reference_features(model: ExpressionModel) -> Tensor:
    """Features (2, 64, 888) of the reference's crops, once for each backbone.

    Weights are drawn in the order of all names, so that variants whose names sort in front of
    ``backbone`` have another one; the draws follow each other, so the first weights tell which.
    """
    key = model.state_dict()["backbone.stem.0.weight"].numpy().tobytes()
    if key not in _features:
        crops = recipe()["make_crops"]().reshape(-1, 112, 112, 3)
        parts = [model.embed(part) for part in np.split(crops, 8)]
        _features[key] = torch.cat(parts).view(2, 64, 888)
    return _features[key]
