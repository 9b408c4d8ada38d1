"""Checkpoints of the method's authors: Lightning files with the names of their code.

Nothing but tensors and plain values is ever unpickled from them.
"""

import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.errors import CheckpointError
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.config import PAPER_NAMES
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig, Variant

ATTENTION: Final = {"to_qkv": "to_qkv", "to_out.0": "to_out"}
BLOCK: Final = {
    "layers.0.0.norm": "attention_norm",
    "layers.0.0.fn.to_qkv": "attention.to_qkv",
    "layers.0.0.fn.to_out.0": "attention.to_out",
    "layers.0.1.norm": "feed_forward_norm",
    "layers.0.1.fn.net.0": "feed_forward.0",
    "layers.0.1.fn.net.3": "feed_forward.2",
}


def _below(theirs: str, ours: str, names: Mapping[str, str]) -> dict[str, str]:
    return {f"{theirs}.{name}": f"{ours}.{own}" for name, own in names.items()}


KEYS_HERE: Final[dict[Variant, dict[str, str]]] = {
    "transformer": {**_below("trans3", "transformer", BLOCK), "fc3": "head"},
    "attention": {**_below("att2", "attention", ATTENTION), "fc2": "head"},
    "both": {
        **_below("att", "attention", ATTENTION),
        **_below("trans", "transformer", BLOCK),
        "fc": "head",
    },
    "backbone": {"fc1": "head"},
}
"""Modules here by their names in the authors' code, for each variant; the backbone is the same."""

COUNTERS: Final = "num_batches_tracked"
"""Of BatchNorm; no weights, and nothing reads them."""

DROPPED: Final = ("feed", "cls_weights")
"""Their modules that compute nothing: one that is never called, and the loss's class weights."""

LICENSE: Final = "unspecified: the authors' repository carries no license"
LISTED_CLASSES: Final = 5


@dataclass(frozen=True)
class Imported:
    """What became of a checkpoint.

    Attributes:
        config: of the model that was written.
        training: what the new checkpoint says of its origin.
        dropped: parameters that were left out, by their names there.
    """

    config: ModelConfig
    training: TrainingSummary
    dropped: tuple[str, ...]


def import_checkpoint(
    source: Path,
    output: Path,
    crop: CropTemplate = UNVERIFIED,
    dtype: torch.dtype = torch.float32,
) -> Imported:
    """Write one of the authors' checkpoints as one of videxpr's.

    Args:
        source: their file.
        output: ours.
        crop: geometry of the crops that it was trained on; Aff-Wild2's are not verified.
        dtype: in which weights are stored.

    Raises:
        CheckpointError: the file cannot be read without unpickling objects, or its parameters are not
            exactly those of one variant; all that are missing, surplus or of another shape are named.
        OutputError: the file cannot be written.
    """
    content = _read(source)
    state = _state(content, source)
    variant = _variant(state, source)
    config = ModelConfig(variant=variant, crop=crop)
    model = ExpressionModel(config)
    dropped = tuple(name for name in state if name.split(".")[0] in DROPPED)
    kept = {videxpr_key(variant, name): state[name] for name in state if name not in dropped}
    _fill(model, kept, source)
    epochs = content.get("epoch")
    training = TrainingSummary(
        data=f"Aff-Wild2, imported from {source.name}",
        recipe=f"the authors' ({PAPER_NAMES[variant]})",
        images=0,
        epochs=epochs if isinstance(epochs, int) else 0,
    )
    save_checkpoint(output, model, training, LICENSE, dtype)
    return Imported(config, training, dropped)


def videxpr_key(variant: Variant, theirs: str) -> str:
    """Return a parameter's name here, from its name in the authors' file; unchanged if unknown."""
    module, _, kind = theirs.rpartition(".")
    return f"{KEYS_HERE[variant][module]}.{kind}" if module in KEYS_HERE[variant] else theirs


def paper_key(variant: Variant, ours: str) -> str:
    """Return a parameter's name in the authors' checkpoint, from its name here."""
    module, _, kind = ours.rpartition(".")
    theirs = {own: name for name, own in KEYS_HERE[variant].items()}
    return f"{theirs[module]}.{kind}" if module in theirs else ours


def _read(source: Path) -> Mapping[str, Any]:
    if source.suffix == ".safetensors":
        raise CheckpointError(
            f"{source} is no checkpoint of the authors, who write .ckpt files; one of videxpr needs no "
            "import: give it to --model as it is"
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # of old formats
            content = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        raise CheckpointError(_unsupported_reason(source)) from exc
    except OSError as exc:
        raise CheckpointError(f"cannot read {source}: {exc.strerror or exc}") from exc
    except (EOFError, RuntimeError, ValueError, LookupError, AttributeError) as exc:
        raise CheckpointError(
            f"{source} is no checkpoint that PyTorch can read, or a damaged one; give the .ckpt file "
            "that the authors' code wrote"
        ) from exc
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{source} holds a {type(content).__name__}, not a checkpoint")
    return content


def _unsupported_reason(source: Path) -> str:
    """Return what PyTorch refused to unpickle, and how to get rid of it."""
    try:
        objects = get_unsafe_globals_in_checkpoint(source)
    except (ValueError, RuntimeError, pickle.UnpicklingError):  # of another format
        objects = []
    named = ", ".join(objects[:LISTED_CLASSES])
    what = f"holds objects other than tensors ({named})"
    if not objects:
        what = "is no checkpoint of PyTorch, or an old one that holds objects other than tensors"
    stripped = source.with_name(f"{source.stem}-stripped{source.suffix}")
    return (
        f"{source} {what}; videxpr does not unpickle them, for they can run any code. If you trust the "
        "file, strip it where the program runs that made it, and import what comes out:\n"
        "    import torch\n"
        f'    torch.save({{"state_dict": torch.load({str(source)!r}, map_location="cpu", '
        f'weights_only=False)["state_dict"]}}, {str(stripped)!r})'
    )


def _state(content: Mapping[str, Any], source: Path) -> dict[str, Tensor]:
    state = content.get("state_dict")
    if not isinstance(state, Mapping) or not state:
        keys = ", ".join(map(repr, list(content)[:LISTED_CLASSES])) or "nothing"
        raise CheckpointError(
            f"{source} has no 'state_dict', as Lightning's checkpoints do; it holds {keys}"
        )
    odd = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if odd:
        raise CheckpointError(
            f"{source}: {', '.join(map(str, odd))} of its state_dict is no tensor"
        )
    return {str(name): value for name, value in state.items()}


def _variant(state: Mapping[str, Tensor], source: Path) -> Variant:
    """Return the variant that most parameters belong to."""
    modules = [name.rpartition(".")[0] for name in state]
    counts = {variant: sum(m in names for m in modules) for variant, names in KEYS_HERE.items()}
    best = max(counts, key=lambda variant: counts[variant])
    if counts[best] == 0:
        heads = "fc3.weight (only_trans), fc2.weight (only_att), fc.weight (combine), fc1.weight"
        raise CheckpointError(
            f"{source} is none of the authors' models: it has none of {heads} (no_att_trans); it has "
            f"{', '.join(list(state)[:LISTED_CLASSES])}, ..."
        )
    return best


def _fill(model: ExpressionModel, kept: Mapping[str, Tensor], source: Path) -> None:
    """Put weights into a model; one error for everything that does not fit, in the authors' names."""
    variant, wanted = model.config.variant, model.state_dict()
    absent = [name for name in wanted if name not in kept and not name.endswith(COUNTERS)]
    shared = [name for name in wanted if name in kept]
    problems = {
        "missing": [paper_key(variant, name) for name in absent],
        "surplus": [paper_key(variant, name) for name in kept if name not in wanted],
        "of another shape": [
            f"{paper_key(variant, name)} {tuple(kept[name].shape)} instead of "
            f"{tuple(wanted[name].shape)}"
            for name in shared
            if kept[name].shape != wanted[name].shape
        ],
        "not finite": [
            paper_key(variant, name) for name in shared if not kept[name].isfinite().all()
        ],
    }
    found = [f"{what}: {', '.join(names)}" for what, names in problems.items() if names]
    if found:
        raise CheckpointError(
            f"{source} does not hold the parameters of {PAPER_NAMES[variant]}; " + "; ".join(found)
        )
    model.load_state_dict(wanted | {name: kept[name] for name in shared})
