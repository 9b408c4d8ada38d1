"""What training on images begins with, and who teaches."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from videxpr.core.errors import UsageError
from videxpr.model.checkpoint import Checkpoint, load_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import NONE, backbone_start
from videxpr.training.images.options import StartOptions


def initialize(model: ExpressionModel, start: StartOptions) -> TrainingSummary:
    """Fill a model with the mean of checkpoints' weights, or its backbone with others.

    The mean of networks that were trained on from one and the same is often better than each of them
    (Wortsman et al., "Model soups", ICML 2022). Encoders are left out: of a fused head only the part
    that is on the backbone's features is taken.

    Args:
        model: without an encoder.
        start: the checkpoints or the backbone's weights, not both.

    Returns:
        How the weights came about; an empty recipe if they are random.

    Raises:
        CheckpointError: one cannot be read.
        DownloadError: ImageNet's weights are not here and cannot be fetched.
        UsageError: one is of another network, or saw other crops; or there are both.
    """
    if not start.initial:
        return _initialize_backbone(model, start.backbone_weights)
    if start.backbone_weights != NONE:
        raise UsageError("--initial and --backbone-weights both say what to start from; give one")
    checkpoints = [_read(path, model.config) for path in start.initial]
    weights = [_weights(one.model, model.width) for one in checkpoints]
    model.load_state_dict({name: _mean([one[name] for one in weights]) for name in weights[0]})
    trainings = [one.training for one in checkpoints]
    if len(trainings) == 1:
        return trainings[0]
    return TrainingSummary(
        data=trainings[0].data,
        recipe="mean of the weights of " + " and ".join(f"({one.recipe})" for one in trainings),
        images=max(one.images for one in trainings),
        epochs=max(one.epochs for one in trainings),
    )


def read_teacher(path: Path, config: ModelConfig) -> ExpressionModel:
    """Read a model whose predictions can be mixed with labels.

    Args:
        path: of its checkpoint.
        config: of the model that learns from it.

    Raises:
        CheckpointError: it cannot be read.
        UsageError: it knows other expressions than the model that learns from it.
    """
    teacher = load_checkpoint(path).model
    known = teacher.config.trained_expressions
    if known != config.trained_expressions:
        raise UsageError(
            f"{path} knows {', '.join(known)}, the training images show "
            f"{', '.join(config.trained_expressions)}; a teacher knows the same expressions"
        )
    return teacher


def _initialize_backbone(model: ExpressionModel, source: str) -> TrainingSummary:
    start = backbone_start(source, model.config)
    if start.is_model:
        raise UsageError(f"{source} is a whole model: on images, start from it with --initial")
    start.apply(model)
    recipe = "" if start.weights is None else f"from {start.description}"
    return TrainingSummary(data="", recipe=recipe, images=0, epochs=0)


def _read(path: Path, config: ModelConfig) -> Checkpoint:
    checkpoint = load_checkpoint(path)
    theirs = checkpoint.model.config
    for name in ("backbone", "crop", "mean", "std"):
        if getattr(theirs, name) != getattr(config, name):
            raise UsageError(
                f"{path} has {name} {getattr(theirs, name)}, and training on images wants "
                f"{getattr(config, name)}; start from another checkpoint, or leave out --initial"
            )
    return checkpoint


def _weights(model: ExpressionModel, width: int) -> dict[str, Tensor]:
    """Return those of a model without an encoder."""
    backbone = {f"backbone.{name}": value for name, value in model.backbone.state_dict().items()}
    head = {"head.weight": model.head.weight[:, :width], "head.bias": model.head.bias}
    return {**backbone, **head}


def _mean(values: Sequence[Tensor]) -> Tensor:
    """Return the mean of numbers; of counts the first."""
    return torch.stack(list(values)).mean(dim=0) if values[0].is_floating_point() else values[0]
