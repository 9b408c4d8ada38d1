"""What ``videxpr train`` does once its options are known."""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

import torch
from lightning.pytorch.callbacks import Callback, RichProgressBar
from rich.console import Console

from videxpr.challenge import (
    SPLITS,
    ChallengeData,
    LabelledVideo,
    Split,
    class_counts,
    find_layout,
    fold,
    read_challenge,
)
from videxpr.cli.train_tables import data_table, epoch_line, lonely_names
from videxpr.device import cpu_threads, resolve_device
from videxpr.errors import SourceError, UsageError
from videxpr.expressions import EXPRESSIONS
from videxpr.formats.crop_template import read_crop_template
from videxpr.structures import CropTemplate
from videxpr.train.options import EpochReport, Machine, StillsOptions
from videxpr.train.recipes import RECIPES, SequenceOptions, with_choices

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
    "windows": "sampling.placing",
    "stride": "sampling.stride",
    "balance": "sampling.balance",
    "augment": "augment_per",
    "flip": "augmentation.flip",
    "shift": "augmentation.shift",
    "grey_share": "augmentation.grey",
    "blur": "augmentation.soften",
    "patience": "patience",
    "validation_stride": "validation.stride",
    "seed": "seed",
}
"""Options of the command that are fields of `SequenceOptions`."""

STILLS_FIELDS: Final = ("epochs", "size", "grey", "batch_size", "learning_rate", "balance", "seed",
                        "weight_decay", "label_smoothing", "dropout")  # fmt: skip
"""Options of the command that are fields of `StillsOptions`, by the same names."""

STILLS_ONLY: Final = frozenset({"split", "grey", "initial"})
SHARED: Final = frozenset(
    {"stills", "data", "licence", "output", "precision", "workers", "device", "recipe"}
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
    licence: str
    output: Path
    variant: str | None
    backbone: str | None
    position: str | None
    backbone_weights: str | None
    freeze: str | None
    size: int | None
    grey: bool
    initial: Path | None
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
    windows: str | None
    stride: int | None
    balance: float | None
    augment: str | None
    flip: float | None
    jitter: str | None
    shift: float | None
    grey_share: float | None
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
    workers: int | None

    def given(self) -> set[str]:
        """Names of the options that say something."""
        plain = {"device": "auto", "devices": 1, "nodes": 1, "licence": "unspecified"}
        return {
            one.name
            for one in fields(self)
            if getattr(self, one.name) not in (None, False, "", plain.get(one.name))
        }


def run(request: TrainRequest) -> None:
    """Train, with a bar on a terminal and a line an epoch everywhere."""
    warnings.filterwarnings("ignore", module=r"lightning|torch|huggingface_hub")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    console = Console(highlight=False, soft_wrap=True)
    _check_mode(request)
    with _words_of_workers():
        if request.stills is not None:
            _train_stills(request, request.stills, console)
        else:
            _train_sequences(request, console)


def _check_mode(request: TrainRequest) -> None:
    """Refuse options of the other way to train."""
    if request.stills is None:
        strange = sorted(request.given() & STILLS_ONLY)
        where = "only with --stills"
    else:
        known = {*STILLS_FIELDS, *STILLS_ONLY, *SHARED}
        strange, where = sorted(request.given() - known), "not with --stills"
    if strange:
        names = ", ".join("ROOT" if name == "root" else f"--{_dashed(name)}" for name in strange)
        raise UsageError(f"{names}: {where}")


def _train_stills(request: TrainRequest, folder: Path, console: Console) -> None:
    from videxpr.train.stills import train_stills

    def show(report: EpochReport) -> None:
        console.print(
            f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.3f}, validation accuracy "
            f"{report.accuracy:.3f}, macro F1 {report.macro_f1:.3f}"
        )

    machine = _machine(request)
    chosen = {name: getattr(request, name) for name in STILLS_FIELDS}
    options = StillsOptions(
        precision=machine.precision or "32-true",
        workers=machine.workers,
        threads=machine.threads,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    result = train_stills(
        folder,
        request.output,
        split=request.split,
        initial=request.initial,
        options=options,
        data=request.data,
        licence=request.licence,
        on_epoch=show,
        callbacks=_bars(console),
    )
    console.print(
        f"wrote {result.checkpoint}: {result.train_images} training images, "
        f"{result.validation_images} validation images"
    )


def _train_sequences(request: TrainRequest, console: Console) -> None:
    from videxpr.train.sequences import train_sequences

    options, machine = _options(request), _machine(request)
    if request.root is None and request.annotations is None:
        raise UsageError(
            "name Aff-Wild2's folder, or --annotations and --crops, or --stills FOLDER"
        )
    found = read_challenge(find_layout(request.root, request.annotations, request.crops or ()))
    parts = found.videos
    if request.folds is not None:
        parts = fold(found, *_fold_numbers(request.folds))
    template = _template(request, found)
    console.print(data_table(found, parts))
    for line in (*lonely_names(found), *_concerns(machine, template, parts)):
        console.print(line, markup=False)
    best = train_sequences(
        parts,
        request.output,
        options=options,
        machine=machine,
        template=template,
        data=request.data
        or f"{found.layout.annotations.name} of {found.layout.annotations.parent}",
        licence=request.licence,
        resume=request.resume,
        overwrite=request.overwrite,
        on_epoch=lambda report: console.print(epoch_line(report)),
        on_rate=lambda rate: console.print(f"learning rate found: {rate:.3g}"),
        on_start=lambda facts: console.print(facts),
        callbacks=_bars(console),
    )
    console.print(
        f"wrote {request.output}: epoch {best.epoch} of {best.epochs}, validation macro F1 "
        f"{best.macro_f1:.4f} ({best.adjusted_macro_f1:.4f} with logit adjustment "
        f"{best.logit_adjustment:g}), accuracy {best.accuracy:.4f}, {best.frames} frames"
    )


def _options(request: TrainRequest) -> SequenceOptions:
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


def _machine(request: TrainRequest) -> Machine:
    kind = resolve_device(request.device).type
    accelerator = {"cuda": "gpu"}.get(kind, kind)
    threads = max(1, cpu_threads() // (request.devices if kind == "cpu" else 1))
    workers = request.workers
    if workers is None:
        workers = cpu_threads() if accelerator == "gpu" else 0
    return Machine(
        accelerator=accelerator,
        devices=request.devices,
        nodes=request.nodes,
        precision=request.precision,
        workers=workers,
        threads=threads,
    )


def _template(request: TrainRequest, found: ChallengeData) -> CropTemplate | None:
    file = request.template or found.layout.template
    return None if file is None else read_crop_template(file)


def _data_in_words(found: ChallengeData, parts: Mapping[Split, Sequence[LabelledVideo]]) -> str:
    frames = sum(len(video) for video in parts["train"])
    return f"{len(parts['train'])} videos, {frames} frames, of {found.layout.annotations.name}"


def _concerns(
    machine: Machine, template: CropTemplate | None, parts: Mapping[Split, Sequence[LabelledVideo]]
) -> Iterator[str]:
    """What a user should know before hours of work."""
    trained, asked = (class_counts(parts[split]) > 0 for split in SPLITS)
    strangers = [name for name, no in zip(EXPRESSIONS, asked & ~trained, strict=True) if no]
    if strangers:
        yield f"warning: validation has {', '.join(strangers)}, which training has none of"
    if template is None:
        yield (
            "warning: nobody measured these crops: the checkpoint will say 'unverified'; "
            "'videxpr crops measure' writes a template for --template"
        )
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    used = machine.devices if machine.accelerator == "gpu" else 0
    if used < gpus:
        yield f"warning: {used} of {gpus} GPUs are used; --device cuda --devices {gpus} takes all"


def _fold_numbers(text: str) -> tuple[int, int]:
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


def _bars(console: Console) -> list[Callback]:
    return [RichProgressBar()] if console.is_terminal else []


def _dashed(name: str) -> str:
    return name.replace("_", "-")


@contextmanager
def _words_of_workers() -> Iterator[None]:
    """Errors of processes that read crops come wrapped in their trace; only the words are for users."""
    try:
        yield
    except SourceError as exc:
        words = str(exc).rpartition("SourceError: ")[2].strip()
        raise SourceError(words) from exc
