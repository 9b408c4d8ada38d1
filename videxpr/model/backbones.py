"""The backbones: torchvision's networks without their classifiers, and their stages."""

from typing import Final, cast

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import VGG, RegNet
from torchvision.models.regnet import BottleneckTransform, ResBottleneckBlock
from torchvision.ops import SqueezeExcitation

__all__ = ["VGG", "BottleneckTransform", "RegNet", "ResBottleneckBlock", "SqueezeExcitation"]
"""Layers of torchvision, for those who must know them without knowing torchvision."""

CLASSIFIERS: Final = {"vgg16": "classifier.6"}
"""The last layer, which is left out; ``fc`` in all other networks."""


def build_backbone(name: str) -> tuple[nn.Module, int]:
    """Build a network of random weights without its classifier; return it and its number of features.

    RegNetY gives what comes out of its flatten layer (888 features for ``regnet_y_1_6gf``), VGG16
    what goes into its last layer (4096).
    """
    network = models.get_model(name, weights=None)
    if name == "vgg16":
        last, network.classifier[6] = network.classifier[6], nn.Identity()
    else:
        last, network.fc = network.fc, nn.Identity()
    layout = memory_format_for(torch.device("cpu"))
    return network.to(memory_format=layout), cast(int, last.in_features)


def memory_format_for(device: torch.device) -> torch.memory_format:
    """Return how a backbone's weights and pixels lie in a device's memory: as it is fastest there.

    On GPUs by timm's published tables (regnety_016, mixed precision).
    """
    return torch.contiguous_format if device.type == "cuda" else torch.channels_last


def stages(network: nn.Module) -> dict[str, nn.Module]:
    """Return parts of a backbone from its input on: ``stem``, ``block1``, ...; for freezing."""
    if isinstance(network, models.VGG):
        return _vgg_blocks(network)
    trunk = cast(nn.Sequential, network.trunk_output)
    return {"stem": cast(nn.Module, network.stem), **dict(trunk.named_children())}


def imagenet_weights(name: str) -> dict[str, Tensor]:
    """Return torchvision's first ImageNet weights of a network, classifier included; fetched once.

    Raises:
        OSError: they are not here and cannot be fetched.
        RuntimeError: what was fetched has another hash.
    """
    weights = models.get_model_weights(name)["IMAGENET1K_V1"]
    tensors: dict[str, Tensor] = weights.get_state_dict(
        progress=False, check_hash=True, weights_only=True, map_location="cpu"
    )
    return tensors


def zero_init_residual(network: nn.Module) -> None:
    """Let every residual block begin as the identity, for training from scratch.

    Without it the first thousand steps teach nothing (Goyal et al., "Accurate, Large Minibatch SGD",
    2017, section 5.1).
    """
    for name, module in network.named_modules():
        if name.endswith(".f.c.1"):
            nn.init.zeros_(cast(Tensor, module.weight))


def _vgg_blocks(network: models.VGG) -> dict[str, nn.Module]:
    """Return VGG's five groups of convolutions, each up to its pooling."""
    blocks: dict[str, nn.Module] = {}
    group: list[nn.Module] = []
    for layer in network.features:
        group.append(layer)
        if isinstance(layer, nn.MaxPool2d):
            blocks[f"block{len(blocks) + 1}"] = nn.Sequential(*group)
            group = []
    return blocks
