"""What a user can choose about models: which one is used, and what becomes of one."""

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from videxpr.core.option import option, options

Variant = Literal["transformer", "attention", "both", "backbone"]
VARIANTS: Final[tuple[str, ...]] = get_args(Variant)
Position = Literal["none", "learned"]
POSITIONS: Final[tuple[str, ...]] = get_args(Position)
BACKBONES: Final = (
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_1_6gf",
    "regnet_y_3_2gf",
    "vgg16",
)

STARTER: Final = "starter-1"
"""The model in the package, and the default of every command; its number grows with its weights."""

NEWEST_STARTER: Final = "starter"
"""Means the starter that this version has, in whatever is named."""

FORMS: Final = (
    "starter-1, another name of videxpr models list, a .safetensors file, a packed folder, or "
    "hf:OWNER/REPO[@REVISION]"
)
METAVAR: Final = "MODEL"


@options("Time and model")
class ModelOptions:
    """Which models are used.

    Attributes:
        models: names, paths or addresses; of several the probabilities are averaged.
        sha256: that the files must have, in the same order; empty leaves it open.
    """

    models: tuple[str, ...] = option(
        (STARTER,),
        f"Expression weights: {FORMS}; repeatable: probabilities are averaged.",
        flag="model",
        short="m",
        metavar=METAVAR,
        panel="Time and model",
    )
    sha256: tuple[str, ...] = option(
        (), "SHA-256 that the files must have.", flag="model-sha256", config_only=True
    )


def _detector_dir() -> Any:
    return option(
        None,
        "insightface's root, with packs under models/.",
        metavar="PATH",
        default_text="~/.insightface",
    )


@dataclass(frozen=True)
class ModelsListCommand:
    """List the expression models of the package's registry and of yours, and all detectors.

    Exit code: 0, 2 if your registry cannot be read.

    Examples:
        videxpr models list
        videxpr models list --detector-dir /shared/insightface

    Attributes:
        detector_dir: where packs of detectors lie.
    """

    detector_dir: Path | None = _detector_dir()


@options()
class ModelsShowCommand:
    """Show what a model is, how it came about, its license and its hash.

    A model of the Hub is downloaded first.

    Exit code: 0, 1 if a download fails, 2 if there is no such model or it cannot be read.

    Examples:
        videxpr models show starter
        videxpr models show mine.safetensors
        videxpr models show buffalo_l

    Attributes:
        name: of the model, or its path or address.
        detector_dir: where packs of detectors lie.
    """

    name: str = option(
        MISSING,
        f"{FORMS}; or mtcnn, or a detector pack, by name or path.",
        metavar="NAME",
        positional=True,
    )
    detector_dir: Path | None = _detector_dir()


@options()
class ModelsDownloadCommand:
    """Download a model, so that no network is needed later; its hash is checked.

    The detector packs, insightface's, are for non-commercial research only.

    Exit code: 0, 1 if the download fails, 2 if there is no such model.

    Examples:
        videxpr models download buffalo_l
        videxpr models download hf:OWNER/REPO@v1

    Attributes:
        name: of the model, or its address.
        detector_dir: where packs of detectors lie.
    """

    name: str = option(
        MISSING,
        "A detector pack, e.g. buffalo_l; a model of your registry; or hf:OWNER/REPO.",
        metavar="NAME",
        positional=True,
    )
    detector_dir: Path | None = _detector_dir()


@options()
class ModelsImportCommand:
    """Turn a checkpoint of the method's authors into one of videxpr.

    Only tensors and plain values are unpickled; a file with other objects is refused, and the error
    says how to strip it. The variant is found from the parameters' names.

    Exit code: 0, 1 if writing fails, 2 if the checkpoint cannot be read or its place not be written to.

    Examples:
        videxpr models import only_trans.ckpt paper.safetensors
        videxpr models import a.ckpt a.safetensors --geometry affwild2.json --dtype float16

    Attributes:
        source: a checkpoint of the method's authors.
        output: the checkpoint to write.
        geometry: file of the geometry of the crops that it was trained on; None is unverified.
        dtype: in which the weights are stored.
    """

    source: Path = option(
        MISSING,
        "A checkpoint of the method's authors (Lightning's format).",
        metavar="AUTHORS.ckpt",
        positional=True,
    )
    output: Path = option(
        MISSING,
        "The checkpoint to write.",
        metavar="OUT.safetensors",
        positional=True,
        writes="file",
    )
    geometry: Path | None = option(
        None,
        "Geometry of the crops that it was trained on, from videxpr crops measure.",
        metavar="FILE",
        default_text="ArcFace's, unverified",
    )
    dtype: Literal["float32", "float16"] = option("float32", "In which the weights are stored.")


@options()
class ModelsPackCommand:
    """Make a folder fit for the Hugging Face Hub: weights, configuration and a model card.

    The card is filled from what the checkpoint says of itself; read it, and add what only you know,
    before you share it. What the model was trained on is asked for in a terminal, if the checkpoint
    does not say it. The folder works as -m DIR too.

    Exit code: 0, 1 if writing fails or a file is there already, 2 if the checkpoint or a report cannot
    be read, the folder not be written to, or nobody says what the model was trained on.

    Examples:
        videxpr models pack mine.safetensors -o packed --trained-on "Aff-Wild2, FER2013"
        videxpr models pack mine.safetensors -o packed --report report.json
        hf upload OWNER/REPO packed

    Attributes:
        checkpoint: the model.
        output_dir: the folder to make.
        trained_on: what the data are called.
        reports: metrics for the card.
        overwrite: whether files that are there are replaced.
    """

    checkpoint: str = option(MISSING, f"{FORMS}.", metavar="CHECKPOINT", positional=True)
    output_dir: Path = option(
        MISSING, "The folder to make.", short="o", metavar="DIR", writes="folder"
    )
    trained_on: str = option(
        "",
        "What the model was trained on, the data of the weights that it began with included.",
        default_text="what the checkpoint says; if it says nothing, a terminal asks",
    )
    reports: tuple[Path, ...] = option(
        (),
        "Metrics for the card: what videxpr evaluate wrote with --json, of this model; repeatable.",
        flag="report",
        metavar="FILE",
        default_text="none",
    )
    overwrite: bool = option(False, "Replace files that are there.")
