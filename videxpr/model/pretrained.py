"""Weights from elsewhere: what a backbone begins with, and checkpoints of the method's authors.

Nothing but tensors and plain values is ever unpickled from a file.
"""

import pickle
import reprlib
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.serialization import get_unsafe_globals_in_checkpoint

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.errors import CheckpointError, DownloadError
from videxpr.model.backbones import CLASSIFIERS, imagenet_weights, zero_init_residual
from videxpr.model.checkpoint import load_checkpoint, save_checkpoint
from videxpr.model.config import PAPER_NAMES
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.options import Variant

IMAGENET: Final = "imagenet"
NONE: Final = "none"

NAMED: Final = 8
"""Names that an error lists before it says how many more there are."""

COUNTERS: Final = "num_batches_tracked"
"""Of BatchNorm; no weights, and nothing reads them."""

VGG_CONVOLUTIONS: Final = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
VGGFACE_NAMES: Final = tuple(
    f"conv{group}_{number}"
    for group, size in enumerate((2, 2, 3, 3, 3), 1)
    for number in range(1, size + 1)
)
"""What files of VGGFACE's weights (Parkhi et al., "Deep Face Recognition", BMVC 2015) call VGG16's
layers; in torchvision's network they have numbers."""

VGGFACE_LAYERS: Final = {
    **{
        name: f"features.{number}"
        for name, number in zip(VGGFACE_NAMES, VGG_CONVOLUTIONS, strict=True)
    },
    "fc6": "classifier.0",
    "fc7": "classifier.3",
    "fc8": "classifier.6",
}

VGGFACE_MEAN: Final = (129.1863 / 255, 104.7624 / 255, 93.5940 / 255)
VGGFACE_STD: Final = (1 / 255, 1 / 255, 1 / 255)
"""VGGFACE was trained on pixels of 0 to 255 less their mean."""

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

DROPPED: Final = ("feed", "cls_weights")
"""Their modules that compute nothing: one that is never called, and the loss's class weights."""

LICENSE: Final = "unspecified: the authors' repository carries no license"


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
        is_model: whether they are those of a model of videxpr.
    """

    description: str
    weights: Mapping[str, Tensor] | None
    config: ModelConfig
    head: tuple[Tensor, Tensor] | None = None
    recipe: str = ""
    is_model: bool = False

    def apply(self, model: ExpressionModel) -> None:
        """Fill a model's backbone and, if there is a head, what the model's has for the backbone.

        What the encoder adds then begins at zero.

        Raises:
            CheckpointError: the weights are of another network; differing names are listed.
        """
        if self.weights is None:
            zero_init_residual(model.backbone)
            return
        refused = f"the weights ({self.description}) are not those of {model.config.backbone}"
        _fill(model.backbone, self.weights, refused)
        if self.head is not None:
            weight, bias = self.head
            with torch.no_grad():
                model.head.weight.zero_()[:, : model.width].copy_(weight)
                model.head.bias.copy_(bias)


def backbone_start(source: str, config: ModelConfig) -> BackboneStart:
    """Read what a backbone is to begin with.

    Args:
        source: ``imagenet`` (torchvision fetches it once), ``none``, a file of tensors as torch writes
            it (``.pth``), with torchvision's names or VGGFACE's, or a model of videxpr: its checkpoint,
            ``starter``, or whatever `load_model` takes.
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
    if path.is_file() and path.suffix != ".safetensors":
        return _from_tensors(path, config)
    return _from_checkpoint(source, config)


def import_checkpoint(
    source: Path,
    output: Path,
    crop: CropTemplate = UNVERIFIED,
    dtype: torch.dtype = torch.float32,
) -> tuple[str, ...]:
    """Write one of the authors' checkpoints as one of videxpr's.

    Args:
        source: their file.
        output: ours.
        crop: geometry of the crops that it was trained on; Aff-Wild2's are not verified.
        dtype: in which weights are stored.

    Returns:
        Names of the parameters that were left out, by their names there.

    Raises:
        CheckpointError: the file cannot be read without unpickling objects, or its parameters are not
            exactly those of one variant; those that are missing, surplus or of another shape are named.
        OutputError: the file cannot be written.
    """
    if source.suffix == ".safetensors":
        raise CheckpointError(
            f"{source} is no checkpoint of the authors, who write .ckpt files; one of videxpr needs no "
            "import: give it to --model as it is"
        )
    content = _unpickled(source)
    state = _parameters(content, source)
    variant = _variant(state, source)
    config = ModelConfig(variant=variant, crop=crop)
    model = ExpressionModel(config)
    dropped = tuple(name for name in state if name.split(".")[0] in DROPPED)
    kept = {videxpr_key(variant, name): state[name] for name in state if name not in dropped}
    refused = f"{source} does not hold the parameters of {PAPER_NAMES[variant]}"
    _fill(model, kept, refused, partial(paper_key, variant))
    epochs = content.get("epoch")
    training = TrainingSummary(
        data=f"Aff-Wild2, imported from {source.name}",
        recipe=f"the authors' ({PAPER_NAMES[variant]})",
        images=0,
        epochs=epochs if isinstance(epochs, int) else 0,
    )
    save_checkpoint(output, model, training, LICENSE, dtype)
    return dropped


def videxpr_key(variant: Variant, theirs: str) -> str:
    """Return a parameter's name here, from its name in the authors' file; unchanged if unknown."""
    return _renamed(theirs, KEYS_HERE[variant])


def paper_key(variant: Variant, ours: str) -> str:
    """Return a parameter's name in the authors' checkpoint, from its name here."""
    return _renamed(ours, {own: theirs for theirs, own in KEYS_HERE[variant].items()})


def _renamed(name: str, modules: Mapping[str, str]) -> str:
    """Return a parameter's name with its module's other name, if there is one."""
    module, _, kind = name.rpartition(".")
    return f"{modules[module]}.{kind}" if module in modules else name


def _variant(state: Mapping[str, Tensor], source: Path) -> Variant:
    """Return the variant that most parameters belong to."""
    modules = [name.rpartition(".")[0] for name in state]
    counts = {variant: sum(m in names for m in modules) for variant, names in KEYS_HERE.items()}
    best = max(counts, key=lambda variant: counts[variant])
    if counts[best] == 0:
        heads = "fc3.weight (only_trans), fc2.weight (only_att), fc.weight (combine), fc1.weight"
        raise CheckpointError(
            f"{source} is none of the authors' models: it has none of {heads} (no_att_trans); it has "
            f"{', '.join(list(state)[:NAMED])}, ..."
        )
    return best


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


def _from_checkpoint(source: str, config: ModelConfig) -> BackboneStart:
    checkpoint = load_checkpoint(source)
    theirs = checkpoint.model.config
    if theirs.backbone != config.backbone:
        raise CheckpointError(
            f"{source} has the backbone {theirs.backbone}, not {config.backbone}; choose it with "
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
        f"backbone and head of {checkpoint.name}" if alone else f"backbone of {checkpoint.name}",
        weights,
        replace(config, **seen),
        calibrated if alone else None,
        checkpoint.training.recipe,
        is_model=True,
    )


def _from_tensors(path: Path, config: ModelConfig) -> BackboneStart:
    tensors = _parameters(_unpickled(path), path)
    tensors = {name.removeprefix("backbone."): value for name, value in tensors.items()}
    if config.backbone == "vgg16" and "conv1_1.weight" in tensors:
        config = replace(config, mean=VGGFACE_MEAN, std=VGGFACE_STD)
        tensors = {_renamed(name, VGGFACE_LAYERS): value for name, value in tensors.items()}
    return BackboneStart(path.name, _without_classifier(tensors, config.backbone), config)


def _without_classifier(tensors: Mapping[str, Tensor], backbone: str) -> dict[str, Tensor]:
    dropped = CLASSIFIERS.get(backbone, "fc")
    return {name: v for name, v in tensors.items() if not name.startswith(f"{dropped}.")}


def _unpickled(source: Path) -> Any:
    """Return what PyTorch wrote into a file, if it is tensors and plain values."""
    _check_unpacked_size(source)
    try:
        with warnings.catch_warnings(action="ignore"):  # of old formats
            return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        raise CheckpointError(_unsupported_reason(source)) from exc
    except OSError as exc:
        raise CheckpointError(f"cannot read {source}: {exc.strerror or exc}") from exc
    except Exception as exc:  # whatever its readers of three formats stumble over
        raise CheckpointError(
            f"{source} is no checkpoint that PyTorch can read, or a damaged one; give the file that "
            "torch.save wrote"
        ) from exc


def _check_unpacked_size(source: Path) -> None:
    """Refuse a ZIP that unpacks to more than its own size: PyTorch never compresses what it writes."""
    try:
        with zipfile.ZipFile(source) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, LookupError, zipfile.BadZipFile, NotImplementedError):
        return  # an older format, or one that PyTorch will refuse
    if unpacked > source.stat().st_size:
        raise CheckpointError(
            f"{source} would unpack to {unpacked:,} bytes, more than it has; give the file that "
            "torch.save wrote"
        )


def _unsupported_reason(source: Path) -> str:
    """Return what PyTorch refused to unpickle, and how to get rid of it."""
    try:
        objects = get_unsafe_globals_in_checkpoint(source)
    except Exception:  # of another format
        objects = []
    named = ", ".join(objects[:NAMED])
    what = f"holds objects other than tensors ({named})"
    if not objects:
        what = "is no checkpoint of PyTorch, or an old one that holds objects other than tensors"
    stripped = source.with_name(f"{source.stem}-stripped{source.suffix}")
    return (
        f"{source} {what}; videxpr does not unpickle them, for they can run any code. If you trust the "
        "file, strip it where the program runs that made it, and give what comes out:\n"
        "    import torch\n"
        f'    torch.save({{"state_dict": torch.load({str(source)!r}, map_location="cpu", '
        f'weights_only=False)["state_dict"]}}, {str(stripped)!r})'
    )


def _parameters(content: Any, source: Path) -> dict[str, Tensor]:
    """Return the mapping of names to tensors in a file, which may be one level down."""
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    odd = content
    if isinstance(content, Mapping):
        odd = {name: value for name, value in content.items() if not isinstance(value, Tensor)}
        if content and not odd:
            return {str(name): value for name, value in content.items()}
    raise CheckpointError(
        f"{source} holds no mapping of parameter names to tensors, itself or as its 'state_dict' or "
        f"'model', but {reprlib.repr(odd)}; give a checkpoint, or a network's state_dict()"
    )


def _fill(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    refused: str,
    name_there: Callable[[str], str] = str,
) -> None:
    """Put weights into a module; one error for everything that does not fit, in the file's names."""
    wanted = module.state_dict()
    shared = [name for name in wanted if name in tensors]
    problems = {
        "missing": [
            name_there(name)
            for name in wanted
            if name not in tensors and not name.endswith(COUNTERS)
        ],
        "surplus": [name_there(name) for name in tensors if name not in wanted],
        "of another shape": [
            f"{name_there(name)} {tuple(tensors[name].shape)} instead of {tuple(wanted[name].shape)}"
            for name in shared
            if tensors[name].shape != wanted[name].shape
        ],
        "not finite": [name_there(name) for name in shared if not tensors[name].isfinite().all()],
    }
    found = [_listed(what, names) for what, names in problems.items() if names]
    if found:
        raise CheckpointError(f"{refused}; {'; '.join(found)}")
    module.load_state_dict(wanted | {name: tensors[name] for name in shared})


def _listed(what: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}: {', '.join(names[:NAMED])}{more}"
