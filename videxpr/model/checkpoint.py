"""Model weights on disk: safetensors, with the model's configuration in the same file.

The file's metadata hold one JSON text under ``videxpr``: what the model is (`ModelConfig`), how it
was trained (`TrainingSummary`), and under which license it may be used. No pickle is ever read.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.core.files import atomic_write
from videxpr.model.config import AUTHORS_NAMES
from videxpr.model.hub.resolve import A_FILE, ModelFile, resolve_model
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import STARTER

FORMAT: Final = 2


@dataclass(frozen=True)
class TrainingSummary:
    """How weights came about, for people who must decide whether to trust them.

    Attributes:
        data: what it was trained on, in words.
        recipe: the options that made it, in words.
        images: number of training images, or of labeled frames in windows of videos.
        epochs: passes over them: of images all stages together, of windows up to the best one, an
            earlier training of the backbone left out.
        validation_accuracy: share of the validation part that is right, or None.
        validation_macro_f1: mean F1 on the validation part, or None: of images over the trained
            classes that occur in it, of windows over all eight, of which untrained ones count 0.
        options: every choice of the recipe, as text.
    """

    data: str
    recipe: str
    images: int
    epochs: int
    validation_accuracy: float | None = None
    validation_macro_f1: float | None = None
    options: dict[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class ModelCard:
    """What a checkpoint says of itself, its model not built; fields as in `Checkpoint`."""

    name: str
    path: Path
    sha256: str
    config: ModelConfig
    training: TrainingSummary
    license: str
    origin: str


def load_model(
    path: str | Path | ModelFile = STARTER, device: str | torch.device = "cpu"
) -> ExpressionModel:
    """Read a model, ready to use: evaluation mode, no gradients, float32.

    Args:
        path: a ``.safetensors`` file of videxpr, a packed folder, ``"starter"`` for the weights in
            the package, another registered name, or ``"hf:OWNER/REPO[@REVISION]"``.
        device: where to put it, e.g. ``"cpu"`` or ``"cuda:0"``.

    Raises:
        CheckpointError: the file is missing, is no videxpr checkpoint, or does not fit.
        DownloadError: it is not on this machine and cannot be fetched.
    """
    return load_checkpoint(path, device).model


def load_checkpoint(path: str | Path | ModelFile, device: str | torch.device = "cpu") -> Checkpoint:
    """Read a model together with its name, hash, training summary and license."""
    card, weights = _open(path)
    model = ExpressionModel(card.config)
    _fill(model, weights, card.path)
    model.requires_grad_(False)
    model.eval().to(device)
    return Checkpoint(
        name=card.name,
        sha256=card.sha256,
        model=model,
        training=card.training,
        license=card.license,
        origin=card.origin,
    )


def read_card(path: str | Path | ModelFile = STARTER) -> ModelCard:
    """Read what a checkpoint says of itself, as `load_checkpoint` does, but build no model."""
    return _open(path)[0]


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
    """
    header = {
        "format": FORMAT,
        "config": asdict(config or model.config),
        "training": asdict(training),
        "license": license,
    }
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous().cpu()
        for name, value in model.state_dict().items()
    }
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(weights, metadata={"videxpr": json.dumps(header)}))


def _open(path: str | Path | ModelFile) -> tuple[ModelCard, dict[str, torch.Tensor]]:
    file = path if isinstance(path, ModelFile) else resolve_model(path)
    header, weights = _read(file)
    try:
        training, terms = TrainingSummary(**header["training"]), str(header["license"])
    except (KeyError, TypeError) as exc:
        raise CheckpointError(
            f"{file} does not say how it was trained and under which license ({exc})"
        ) from exc
    config = _config(header, file)
    card = ModelCard(file.name, file.path, file.sha256, config, training, terms, file.origin)
    return card, weights


def _read(file: ModelFile) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        with safe_open(file.path, framework="pt") as archive:
            metadata = archive.metadata() or {}
            weights = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as exc:
        raise CheckpointError(
            f"{file} is not a safetensors file ({exc}); videxpr reads no other weights, but 'videxpr "
            "models import' makes such a file of a checkpoint of the method's authors"
        ) from exc
    try:
        header: dict[str, Any] = dict(json.loads(metadata["videxpr"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckpointError(
            f"{file} says nothing of its classes and crops; only checkpoints written by videxpr do"
        ) from exc
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} has checkpoint format {header.get('format')!r}, this version reads {FORMAT}; "
            "install the version of videxpr that wrote it"
        )
    return header, weights


def _config(header: dict[str, Any], file: ModelFile) -> ModelConfig:
    """The configuration in a header; JSON lists become tuples again."""
    try:
        fields = dict(header["config"])
        crop = fields.pop("crop")
        points = tuple((float(x), float(y)) for x, y in crop["landmarks"])
        template = CropTemplate(crop["name"], int(crop["size"]), points)
        fields["variant"] = AUTHORS_NAMES.get(fields["variant"], fields["variant"])
        tuples: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
        }
        return ModelConfig(crop=template, **tuples)
    except CheckpointError as exc:
        raise CheckpointError(f"{file}: {exc}") from exc
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckpointError(f"{file} has a configuration that cannot be read: {exc}") from exc


def _fill(model: ExpressionModel, weights: dict[str, torch.Tensor], file: Path) -> None:
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as exc:
        raise CheckpointError(f"{file} does not hold the weights it says it holds: {exc}") from exc
