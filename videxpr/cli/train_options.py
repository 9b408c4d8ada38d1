"""The options of ``videxpr train``, and what they mean for each way to train."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.core.errors import UsageError
from videxpr.training.options import ClipTrainingOptions, ImageTrainingOptions
from videxpr.training.recipes import RECIPES, with_choices

SEQUENCE_FIELDS: Final = {
    "variant": "variant",
    "backbone": "backbone",
    "position": "position",
    "backbone_weights": "backbone_weights",
    "freeze": "freeze",
    "size": "input_size",
    "epochs": "epochs",
    "batch_size": "sampling.batch_size",
    "optimizer": "optimizer",
    "learning_rate": "learning_rate",
    "weight_decay": "weight_decay",
    "alpha": "loss.alpha",
    "gamma": "loss.gamma",
    "label_smoothing": "loss.label_smoothing",
    "divergence": "loss.divergence",
    "dropout": "dropout",
    "windows": "sampling.placement",
    "stride": "sampling.stride",
    "shortest_window": "sampling.shortest",
    "feature_noise": "feature_noise",
    "single_frames": "single_frames",
    "balance": "sampling.balance",
    "augment": "augment_per",
    "flip": "augmentation.flip",
    "shift": "augmentation.shift",
    "gray_share": "augmentation.gray",
    "blur": "augmentation.downscale",
    "patience": "patience",
    "validation_stride": "validation.stride",
    "seed": "seed",
}
"""Options of the command that are fields of `ClipTrainingOptions`."""

STILLS_FIELDS: Final = ("epochs", "size", "first_size", "gray", "batch_size", "learning_rate",
                        "balance", "seed", "weight_decay", "label_smoothing", "dropout", "mixup",
                        "distillation_weight", "freeze", "feature_noise")  # fmt: skip
"""Options of the command that are fields of `ImageTrainingOptions`, by the same names."""

STILLS_ONLY: Final = frozenset(
    {
        "split",
        "gray",
        "initial",
        "first_size",
        "mixup",
        "teacher",
        "distillation_weight",
        "oversample",
    }
)
SHARED: Final = frozenset(
    {
        "stills",
        "data",
        "license",
        "output",
        "precision",
        "store",
        "workers",
        "device",
        "backbone_weights",
        "resume",
        "overwrite",
    }
)


@dataclass(frozen=True)
class TrainRequest:
    """The options of ``videxpr train`` as the user gave them; None where none was given."""

    root: Path | None
    annotations: Path | None
    crops: list[Path] | None
    folds: str | None
    template: Path | None
    stills: Path | None
    split: Path | None
    data: str
    license: str
    output: Path
    variant: str | None
    backbone: str | None
    position: str | None
    backbone_weights: str | None
    freeze: str | None
    size: int | None
    first_size: int | None
    gray: bool
    initial: list[Path] | None
    teacher: list[Path] | None
    recipe: Literal["paper", "authors"] | None
    epochs: int | None
    batch_size: int | None
    optimizer: str | None
    learning_rate: float | None
    weight_decay: float | None
    alpha: float | None
    gamma: float | None
    label_smoothing: float | None
    divergence: float | None
    dropout: float | None
    mixup: float | None
    distillation_weight: float | None
    windows: str | None
    stride: int | None
    shortest_window: int | None
    feature_noise: float | None
    single_frames: float | None
    balance: float | None
    oversample: list[str] | None
    augment: str | None
    flip: float | None
    jitter: str | None
    shift: float | None
    gray_share: float | None
    blur: float | None
    patience: int | None
    validation_stride: int | None
    seed: int | None
    resume: bool
    overwrite: bool
    device: str
    devices: int
    nodes: int
    precision: str | None
    store: str | None
    workers: int | None

    def given(self) -> set[str]:
        """Names of the options that say something."""
        plain = {"device": "auto", "devices": 1, "nodes": 1, "license": "unspecified"}
        return {
            one.name
            for one in fields(self)
            if getattr(self, one.name) not in (None, False, "", plain.get(one.name))
        }


def check_mode(request: TrainRequest) -> None:
    """Refuse options of the other way to train."""
    if request.stills is None:
        strange = sorted(request.given() & STILLS_ONLY)
        where = "only with --stills"
    else:
        known = {*STILLS_FIELDS, *STILLS_ONLY, *SHARED}
        strange, where = sorted(request.given() - known), "not with --stills"
    if not strange and request.distillation_weight is not None and not request.teacher:
        strange, where = ["distillation_weight"], "only with --teacher"
    if strange:
        names = ", ".join("ROOT" if name == "root" else f"--{_dashed(name)}" for name in strange)
        raise UsageError(f"{names}: {where}")


def clip_options(request: TrainRequest) -> ClipTrainingOptions:
    """The recipe, with what the user chose."""
    choices: dict[str, Any] = {
        field: getattr(request, name)
        for name, field in SEQUENCE_FIELDS.items()
        if getattr(request, name) is not None
    }
    if request.augment is not None:
        choices["augment_per"] = request.augment.removeprefix("per-")
    if request.jitter is not None:
        names = ("brightness", "contrast", "saturation")
        values = _three_numbers(request.jitter)
        choices |= {f"augmentation.{n}": v for n, v in zip(names, values, strict=True)}
    if request.validation_stride is not None and request.validation_stride < 64:
        choices["validation.tail"] = "aligned"
    return with_choices(RECIPES[request.recipe or "paper"], choices)


def image_options(request: TrainRequest) -> ImageTrainingOptions:
    """The recipe for stills, with what the user chose."""
    chosen: dict[str, Any] = {
        name: getattr(request, name) for name in STILLS_FIELDS if getattr(request, name) is not None
    }
    return ImageTrainingOptions(
        oversample=tuple(map(_oversampled, request.oversample or ())), **chosen
    )


def _oversampled(text: str) -> tuple[str, float]:
    pattern, _, factor = text.rpartition("=")
    try:
        return pattern, float(factor)
    except ValueError as exc:
        raise UsageError(f"--oversample {text!r}: write PATTERN=FACTOR, e.g. 'web_*=5'") from exc


def fold_numbers(text: str) -> tuple[int, int]:
    """Which fold of how many, from ``K/N``."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise UsageError(f"--folds {text!r}: write K/N, e.g. 1/5 for the first of five")
    return int(match[1]), int(match[2])


def _three_numbers(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3:
        raise UsageError(f"--jitter {text!r}: write three numbers, e.g. 0.5,0.25,0.25")
    return values


def _dashed(name: str) -> str:
    return name.replace("_", "-")
