"""What a checkpoint says of itself, read without torch.

A safetensors file begins with a header: its length in 8 bytes, little-endian, then JSON. Under
``__metadata__`` that JSON holds one text of ours, ``videxpr``: what the model is (`ModelConfig`), how
it was trained (`TrainingSummary`), and under which license it may be used. The tensors follow.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.model.config import ModelConfig
from videxpr.model.hub.resolve import ModelFile, resolve_model
from videxpr.model.options import STARTER

FORMAT: Final = 2
KEY: Final = "videxpr"
"""Of our text among the file's metadata."""

LENGTH_BYTES: Final = 8
MOST_HEADER_BYTES: Final = 100_000_000
"""As safetensors has it."""


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
class ModelCard:
    """What a checkpoint says of itself.

    Attributes:
        name: what it is called: ``starter`` or another registered name, a file's name, or ``hf:...``.
        path: of the file.
        sha256: of the file, as hexadecimal digits.
        config: what the model is.
        training: how it came about.
        license: under which terms it may be used.
        origin: where the file came from, as `ModelFile` has it.
    """

    name: str
    path: Path
    sha256: str
    config: ModelConfig
    training: TrainingSummary
    license: str
    origin: str


def read_card(path: str | Path | ModelFile = STARTER) -> ModelCard:
    """Read what a checkpoint says of itself; neither torch nor a tensor is touched.

    Args:
        path: as `videxpr.load_model` takes it.

    Raises:
        CheckpointError: the file is missing, is no videxpr checkpoint, or is of another version.
        DownloadError: it is not on this machine and cannot be fetched.
    """
    file = path if isinstance(path, ModelFile) else resolve_model(path)
    header = _our_header(file)
    try:
        training, terms = TrainingSummary(**header["training"]), str(header["license"])
    except (KeyError, TypeError) as exc:
        raise CheckpointError(
            f"{file} does not say how it was trained and under which license ({exc})"
        ) from exc
    config = _config(header, file)
    return ModelCard(file.name, file.path, file.sha256, config, training, terms, file.origin)


def header_of(config: ModelConfig, training: TrainingSummary, license: str) -> dict[str, Any]:
    """Return what a checkpoint says of itself, as JSON has it; `read_card` reads it."""
    return {
        "format": FORMAT,
        "config": asdict(config),
        "training": asdict(training),
        "license": license,
    }


def _our_header(file: ModelFile) -> dict[str, Any]:
    try:
        metadata = _metadata(file.path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        known = file.path.suffix == ".safetensors"
        hint = "" if known else "; 'videxpr models import' makes one of the authors' checkpoints"
        raise CheckpointError(f"{file} is not a safetensors file ({exc}){hint}") from exc
    try:
        header: dict[str, Any] = dict(json.loads(metadata[KEY]))
    except (KeyError, TypeError, ValueError, RecursionError) as exc:
        raise CheckpointError(
            f"{file} says nothing of its classes and crops; only checkpoints written by videxpr do"
        ) from exc
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} has checkpoint format {header.get('format')!r}, this version reads {FORMAT}; "
            "install the version of videxpr that wrote it"
        )
    return header


def _metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file that is as long as its header says."""
    size = path.stat().st_size
    if not size:
        raise ValueError("it is empty")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if length > min(size, MOST_HEADER_BYTES):
            raise ValueError("it has no header")
        content = json.loads(file.read(length))
    metadata: dict[str, str] = content.pop("__metadata__", {})
    end = max((tensor["data_offsets"][1] for tensor in content.values()), default=0)
    if LENGTH_BYTES + length + end != size:
        raise ValueError(
            f"its header speaks of {LENGTH_BYTES + length + end} bytes, and it has {size}"
        )
    return metadata


def _config(header: dict[str, Any], file: ModelFile) -> ModelConfig:
    """Return the configuration in a header; JSON lists become tuples again."""
    try:
        fields = dict(header["config"])
        crop = fields.pop("crop")
        points = tuple((float(x), float(y)) for x, y in crop["landmarks"])
        template = CropTemplate(crop["name"], int(crop["size"]), points)
        tuples: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
        }
        return ModelConfig(crop=template, **tuples)
    except CheckpointError as exc:
        raise CheckpointError(f"{file}: {exc}") from exc
    except (KeyError, TypeError, ValueError) as exc:
        raise CheckpointError(f"{file} has a configuration that cannot be read: {exc}") from exc
