"""Weights that a backbone begins with: ImageNet's, a file's, or none."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from videxpr.core.errors import CheckpointError, DownloadError
from videxpr.model.backbones import CLASSIFIERS, imagenet_weights, zero_init_residual
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.network import ExpressionModel, ModelConfig

IMAGENET: Final = "imagenet"
NONE: Final = "none"

NAMED: Final = 8
"""Names that an error lists before it says how many more there are."""

VGG_CONVOLUTIONS: Final = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
VGGFACE_NAMES: Final = tuple(
    f"conv{group}_{number}"
    for group, size in enumerate((2, 2, 3, 3, 3), 1)
    for number in range(1, size + 1)
)
"""What files of VGGFACE's weights (Parkhi et al., "Deep Face Recognition", BMVC 2015) call VGG16's
layers; in torchvision's network they have numbers."""

VGGFACE_MEAN: Final = (129.1863 / 255, 104.7624 / 255, 93.5940 / 255)
VGGFACE_STD: Final = (1 / 255, 1 / 255, 1 / 255)
"""VGGFACE was trained on pixels of 0 to 255 less their mean."""


@dataclass(frozen=True)
class BackboneStart:
    """What a backbone begins with.

    Attributes:
        description: in words, for the model's card.
        weights: parameters and buffers by torchvision's names, the classifier's left out; None for
            random ones.
        config: with the normalization, input size and color that the weights were trained with.
        head: weight (8, F) and bias (8,) of a head on the backbone's features alone, if the weights
            came with one; its logits are calibrated.
        recipe: how the weights were trained, if they came with that.
    """

    description: str
    weights: Mapping[str, Tensor] | None
    config: ModelConfig
    head: tuple[Tensor, Tensor] | None = None
    recipe: str = ""

    def apply(self, model: ExpressionModel) -> None:
        """Fill a model's backbone and, if there is a head, what the model's has for the backbone.

        What the encoder adds then begins at zero.

        Raises:
            CheckpointError: the weights are of another network; differing names are listed.
        """
        if self.weights is None:
            zero_init_residual(model.backbone)
            return
        own = model.backbone.state_dict()
        given = dict(self.weights)
        differences = {
            "missing": sorted(set(own) - set(given)),
            "surplus": sorted(set(given) - set(own)),
            "of another shape": [
                name for name in own if name in given and own[name].shape != given[name].shape
            ],
        }
        if any(differences.values()):
            listed = [_listed(what, names) for what, names in differences.items() if names]
            raise CheckpointError(
                f"the weights ({self.description}) are not those of {model.config.backbone}: "
                + "; ".join(listed)
            )
        model.backbone.load_state_dict(given)
        if self.head is not None:
            weight, bias = self.head
            with torch.no_grad():
                model.head.weight.zero_()[:, : model.width].copy_(weight)
                model.head.bias.copy_(bias)


def backbone_start(source: str, config: ModelConfig) -> BackboneStart:
    """Read what a backbone is to begin with.

    Args:
        source: ``imagenet`` (torchvision fetches it once), ``none``, a videxpr checkpoint
            (``.safetensors``), or a file of tensors as torch writes it (``.pth``), with torchvision's
            names or VGGFACE's.
        config: of the model that is to be trained.

    Raises:
        CheckpointError: the file is missing, no file of weights, or of another network.
        DownloadError: ImageNet's weights are not here and cannot be fetched.
    """
    if source == NONE:
        return BackboneStart("random weights", None, config)
    if source == IMAGENET:
        return BackboneStart("ImageNet's weights", _fetched(config.backbone), config)
    path = Path(source)
    if not path.is_file():
        raise CheckpointError(
            f"no file {source} of backbone weights; give a path, {IMAGENET!r} or {NONE!r}"
        )
    if path.suffix == ".safetensors":
        return _from_checkpoint(path, config)
    return _from_tensors(path, config)


def _listed(what: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what} {', '.join(names[:NAMED])}{more}"


def _fetched(backbone: str) -> Mapping[str, Tensor]:
    try:
        weights = imagenet_weights(backbone)
    except (OSError, RuntimeError) as exc:  # URLError is an OSError; a wrong hash is a RuntimeError
        raise DownloadError(
            f"cannot fetch torchvision's ImageNet weights of {backbone} ({exc}); fetch them on "
            "another machine and give the file with --backbone-weights, or train from random "
            "weights with --backbone-weights none"
        ) from exc
    return _without_classifier(weights, backbone)


def _from_checkpoint(path: Path, config: ModelConfig) -> BackboneStart:
    checkpoint = load_checkpoint(path)
    theirs = checkpoint.model.config
    if theirs.backbone != config.backbone:
        raise CheckpointError(
            f"{path} has the backbone {theirs.backbone}, not {config.backbone}; choose it with "
            "--backbone"
        )
    seen = {name: getattr(theirs, name) for name in ("input_size", "color", "mean", "std")}
    weights, head = checkpoint.model.backbone.state_dict(), checkpoint.model.head
    calibrated = (
        head.weight.detach() / theirs.temperature,
        head.bias.detach() / theirs.temperature,
    )
    alone = theirs.variant == "backbone"
    return BackboneStart(
        f"backbone and head of {path.name}" if alone else f"backbone of {path.name}",
        weights,
        replace(config, **seen),
        calibrated if alone else None,
        checkpoint.training.recipe,
    )


def _from_tensors(path: Path, config: ModelConfig) -> BackboneStart:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as exc:
        raise CheckpointError(
            f"{path} is no file of tensors that can be read without running code from it; save the "
            "network's state_dict() alone, with torch.save"
        ) from exc
    tensors = _tensors(content, path)
    if config.backbone == "vgg16" and "conv1_1.weight" in tensors:
        config = replace(config, mean=VGGFACE_MEAN, std=VGGFACE_STD)
        tensors = _renamed(tensors)
    return BackboneStart(path.name, _without_classifier(tensors, config.backbone), config)


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """Return the mapping of names to tensors in a file, which may be one level down."""
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError(f"{path} holds no mapping of parameter names to tensors")
    return {str(name).removeprefix("backbone."): value for name, value in content.items()}


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors by torchvision's names, from VGGFACE's."""
    places = zip(VGGFACE_NAMES, VGG_CONVOLUTIONS, strict=True)
    names = {theirs: f"features.{number}" for theirs, number in places}
    names |= {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}
    result = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        result[f"{names.get(layer, layer)}.{kind}"] = value
    return result


def _without_classifier(tensors: Mapping[str, Tensor], backbone: str) -> dict[str, Tensor]:
    dropped = CLASSIFIERS.get(backbone, "fc")
    return {name: v for name, v in tensors.items() if not name.startswith(f"{dropped}.")}
