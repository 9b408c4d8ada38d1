"""Model weights on disk: safetensors, with the model's configuration in the same file.

No pickle is ever read.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from videxpr.core.device import resolve_device
from videxpr.core.errors import CheckpointError
from videxpr.core.files import atomic_write
from videxpr.model.header import KEY, TrainingSummary, header_of, read_card
from videxpr.model.hub.resolve import A_FILE, ModelFile
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import STARTER


@dataclass(frozen=True)
class Checkpoint:
    """Weights that were read, and where they came from.

    Attributes:
        name: what it is called: ``starter`` or another registered name, a file's name, or ``hf:...``.
        sha256: of the file, as hexadecimal digits.
        model: in evaluation mode, without gradients.
        training: how it came about.
        license: under which terms it may be used.
        origin: where the file came from, as `ModelFile` has it.
    """

    name: str
    sha256: str
    model: ExpressionModel
    training: TrainingSummary
    license: str
    origin: str = A_FILE


def load_model(
    path: str | Path | ModelFile = STARTER, device: str | int | torch.device = "cpu"
) -> ExpressionModel:
    """Read a model, ready to use: evaluation mode, no gradients, float32.

    Args:
        path: a ``.safetensors`` file of videxpr, a packed folder, ``"starter"`` for the weights in
            the package, another registered name, or ``"hf:OWNER/REPO[@REVISION]"``.
        device: where to put it: ``cpu``, ``auto``, ``cuda``, ``cuda:N``, ``N`` (the same) or ``mps``.

    Raises:
        DeviceError: the device is not usable.
        CheckpointError: the file is missing, is no videxpr checkpoint, or does not fit.
        DownloadError: it is not on this machine and cannot be fetched.
    """
    return load_checkpoint(path, device).model


def load_checkpoint(
    path: str | Path | ModelFile, device: str | int | torch.device = "cpu"
) -> Checkpoint:
    """Read a model together with its name, hash, training summary and license.

    Args:
        path: as `load_model` takes it.
        device: where to put the model.

    Raises:
        DeviceError: the device is not usable.
        CheckpointError: the file is missing, is no videxpr checkpoint, or does not fit.
        DownloadError: it is not on this machine and cannot be fetched.
    """
    card, place = read_card(path), resolve_device(device)
    model = ExpressionModel(card.config)
    try:
        model.load_state_dict(load_file(card.path), strict=True)
    except (RuntimeError, SafetensorError, OSError) as exc:
        raise CheckpointError(
            f"{card.path} does not hold the weights it says it holds: {exc}"
        ) from exc
    model.requires_grad_(False)
    model.eval().to(place)
    return Checkpoint(card.name, card.sha256, model, card.training, card.license, card.origin)


def save_checkpoint(
    path: Path,
    model: ExpressionModel,
    training: TrainingSummary,
    license: str,
    dtype: torch.dtype = torch.float16,
    *,
    config: ModelConfig | None = None,
) -> None:
    """Write a model whole or not at all.

    Args:
        path: of the file.
        model: its weights.
        training: how they came about.
        license: under which terms they may be used.
        dtype: as which floating-point weights are stored.
        config: what is stored as the model's configuration, if it is not the model's own: a
            temperature, say, that was found and must not change the training.

    Raises:
        OutputError: the file cannot be written.
    """
    header = header_of(config or model.config, training, license)
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous().cpu()
        for name, value in model.state_dict().items()
    }
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(weights, metadata={KEY: json.dumps(header)}))
