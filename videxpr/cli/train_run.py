"""What ``videxpr train`` does once its options are known."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console

from videxpr.cli.train_bar import TrainingBar
from videxpr.cli.train_options import (
    TrainRequest,
    check_mode,
    clip_options,
    fold_numbers,
    image_options,
)
from videxpr.cli.train_progress import data_table, epoch_line, lonely_names
from videxpr.core.crop_template import CropTemplate
from videxpr.core.device import cpu_threads, resolve_device
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.folds import fold
from videxpr.datasets.affwild2.layout import SPLITS, Split, find_layout
from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo, class_counts, read_affwild2
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.model.pretrained import NONE
from videxpr.training.options import Machine
from videxpr.training.reports import EpochReport
from videxpr.training.run import is_first_device


def run(request: TrainRequest) -> None:
    """Train, with a bar on a terminal and a line an epoch everywhere."""
    warnings.filterwarnings("ignore", module=r"lightning|torch|huggingface_hub")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    console = Console(highlight=False, soft_wrap=True, quiet=not is_first_device())
    check_mode(request)
    with _words_of_workers():
        if request.stills is not None:
            _train_on_images(request, request.stills, console)
        else:
            _train_on_clips(request, console)


def _train_on_images(request: TrainRequest, folder: Path, console: Console) -> None:
    from videxpr.training.images.fit import train_on_images

    def show(report: EpochReport) -> None:
        loss = f"loss {report.loss:.3f}, " if report.epochs else ""
        console.print(
            f"epoch {report.epoch}/{report.epochs}: {loss}validation accuracy "
            f"{report.accuracy:.3f}, macro F1 {report.macro_f1:.3f}"
        )

    options, machine = image_options(request), _machine(request)
    result = train_on_images(
        folder,
        request.output,
        split=request.split,
        initial=request.initial or (),
        backbone_weights=request.backbone_weights or NONE,
        teachers=request.teacher or (),
        options=options,
        machine=machine,
        data=request.data,
        license=request.license,
        dtype=getattr(torch, request.store or "float16"),
        resume=request.resume,
        overwrite=request.overwrite,
        on_epoch=show,
        on_start=lambda facts: console.print(facts),
        callbacks=_bars(console),
    )
    console.print(
        f"wrote {result.checkpoint}: {result.train_images} training images, "
        f"{result.validation_images} validation images"
    )


def _train_on_clips(request: TrainRequest, console: Console) -> None:
    from videxpr.training.clips.fit import train_on_clips

    options, machine = clip_options(request), _machine(request)
    if request.root is None and request.annotations is None:
        raise UsageError(
            "name Aff-Wild2's folder, or --annotations and --crops, or --stills FOLDER"
        )
    found = read_affwild2(find_layout(request.root, request.annotations, request.crops or ()))
    parts = found.videos
    if request.folds is not None:
        parts = fold(found, *fold_numbers(request.folds))
    template = _template(request, found)
    console.print(data_table(found, parts))
    for line in (*lonely_names(found), *_concerns(machine, template, parts)):
        console.print(line, markup=False)
    best = train_on_clips(
        parts,
        request.output,
        options=options,
        machine=machine,
        template=template,
        data=request.data or _describe_data(found, parts),
        license=request.license,
        dtype=getattr(torch, request.store or "float32"),
        resume=request.resume,
        overwrite=request.overwrite,
        on_epoch=lambda report: console.print(epoch_line(report)),
        on_rate=lambda rate: console.print(f"learning rate found: {rate:.3g}"),
        on_start=lambda facts: console.print(facts),
        callbacks=_bars(console),
    )
    console.print(
        f"wrote {request.output}: epoch {best.epoch} of {options.epochs}, validation macro F1 "
        f"{best.macro_f1:.4f} ({best.adjusted_macro_f1:.4f} with logit adjustment "
        f"{best.logit_adjustment:g}), accuracy {best.accuracy:.4f}, {best.frames} frames"
    )


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


def _template(request: TrainRequest, found: AffWild2Data) -> CropTemplate | None:
    file = request.template or found.layout.template
    return None if file is None else read_crop_geometry(file)


def _describe_data(found: AffWild2Data, parts: Mapping[Split, Sequence[LabeledVideo]]) -> str:
    frames = sum(len(video) for video in parts["train"])
    return f"{len(parts['train'])} videos, {frames} frames, of {found.layout.annotations.name}"


def _concerns(
    machine: Machine, template: CropTemplate | None, parts: Mapping[Split, Sequence[LabeledVideo]]
) -> Iterator[str]:
    """What a user should know before hours of work."""
    trained, asked = (class_counts(parts[split]) > 0 for split in SPLITS)
    unexpected = [name for name, no in zip(EXPRESSIONS, asked & ~trained, strict=True) if no]
    if unexpected:
        yield f"warning: validation has {', '.join(unexpected)}, which training has none of"
    if template is None:
        yield (
            "warning: nobody measured these crops: the checkpoint will say 'unverified'; "
            "'videxpr crops measure' writes a template for --template"
        )
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    used = machine.devices if machine.accelerator == "gpu" else 0
    if used < gpus:
        yield f"warning: {used} of {gpus} GPUs are used; --device cuda --devices {gpus} takes all"


def _bars(console: Console) -> list[Callback]:
    return [TrainingBar(console)] if console.is_terminal else []


@contextmanager
def _words_of_workers() -> Iterator[None]:
    """Errors of processes that read crops come wrapped in their trace; only the words are for users."""
    try:
        yield
    except SourceError as exc:
        words = str(exc).rpartition("SourceError: ")[2].strip()
        raise SourceError(words) from exc
