"""What a user can choose about models: which one is used, and what becomes of one."""

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from videxpr.core.option import check_ranges, option

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

STARTER: Final = "starter"
"""The model in the package, and the default of every command."""

FORMS: Final = (
    "starter, another name of videxpr models list, a .safetensors file, a packed folder, or "
    "hf:OWNER/REPO[@REVISION]"
)
METAVAR: Final = "MODEL"


@dataclass(frozen=True)
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

    def __post_init__(self) -> None:
        check_ranges(self)


def _detector_dir() -> Any:
    return option(
        None,
        "insightface's root, with packs under models/.",
        metavar="PATH",
        default_text="~/.insightface",
    )


@dataclass(frozen=True)
class ModelsListCommand:
    """Everything that ``videxpr models list`` takes.

    Attributes:
        detector_dir: where packs of detectors lie.
    """

    detector_dir: Path | None = _detector_dir()


@dataclass(frozen=True)
class ModelsShowCommand:
    """Everything that ``videxpr models show`` takes.

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


@dataclass(frozen=True)
class ModelsDownloadCommand:
    """Everything that ``videxpr models download`` takes.

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


@dataclass(frozen=True)
class ModelsImportCommand:
    """Everything that ``videxpr models import`` takes.

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
        MISSING, "The checkpoint to write.", metavar="OUT.safetensors", positional=True
    )
    geometry: Path | None = option(
        None,
        "Geometry of the crops that it was trained on, from videxpr crops measure.",
        metavar="FILE",
        default_text="ArcFace's, unverified",
    )
    dtype: Literal["float32", "float16"] = option("float32", "In which the weights are stored.")


@dataclass(frozen=True)
class ModelsPackCommand:
    """Everything that ``videxpr models pack`` takes.

    Attributes:
        checkpoint: the model.
        output_dir: the folder to make.
        reports: figures for the card.
        overwrite: whether files that are there are replaced.
    """

    checkpoint: str = option(MISSING, f"{FORMS}.", metavar="CHECKPOINT", positional=True)
    output_dir: Path = option(MISSING, "The folder to make.", short="o", metavar="DIR")
    reports: tuple[Path, ...] = option(
        (),
        "Figures for the card: what videxpr evaluate wrote with --json, of this model; repeatable.",
        flag="report",
        metavar="FILE",
        default_text="none",
    )
    overwrite: bool = option(False, "Replace files that are there.")
