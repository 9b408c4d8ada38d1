"""``videxpr train clips`` and ``videxpr train images``: labeled crops in, a checkpoint out.

What can be answered without torch is answered before it is imported.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from videxpr.cli.stop import Stopped
from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.layout import SPLITS, Split, find_layout
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.datasets.image_folder import (
    LabeledImage,
    draw_split,
    find_images,
    parts_with_votes,
    read_split,
    usable,
)
from videxpr.datasets.options import Part
from videxpr.training.clips.options import TrainClipsCommand
from videxpr.training.images.options import TrainImagesCommand
from videxpr.training.options import Machine

if TYPE_CHECKING:
    from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo
    from videxpr.training.run import ClipEpochReport, EpochReport


def clips(command: TrainClipsCommand, given: frozenset[str]) -> int:
    """Train on windows of frames; 0 if training came to its end."""
    layout = find_layout(command.root, command.annotations, command.crops)
    file = command.geometry or layout.template
    geometry = None if file is None else read_crop_geometry(file)
    console = _prepare()
    from videxpr.cli.train_progress import TrainingBar, data_table, unmatched_names
    from videxpr.datasets.affwild2.videos import read_affwild2, split_fold
    from videxpr.training.clips.fit import record_file, train_on_clips
    from videxpr.training.run import replaced_files, resolve_machine

    resolve_machine(command.machine)  # errors come before half a million crops are listed
    replaced_files(command.checkpoint, record_file(command.checkpoint.output))
    data = read_affwild2(layout)
    parts = data.videos if command.folds is None else split_fold(data, *command.folds)
    console.print(data_table(data, parts))
    for line in (*unmatched_names(data), *_warnings(command.machine, geometry, parts)):
        console.print(line, markup=False)
    stated = command.checkpoint.data or _describe_data(data, parts)
    with _plain_errors(), resumable(command.training.epochs, console) as show_epoch:
        best = train_on_clips(
            parts,
            replace(command.checkpoint, data=stated),
            options=command.training,
            machine=command.machine,
            geometry=geometry,
            on_epoch=show_epoch,
            notify=lambda line: console.print(line, markup=False),
            callbacks=[TrainingBar(console)],
        )
    console.print(_describe_best(command, best))
    return 0


def images(command: TrainImagesCommand, given: frozenset[str]) -> int:
    """Train on single crops; 0 if training came to its end."""
    if "distillation-weight" in given and not command.start.teachers:
        raise UsageError("--distillation-weight is of a teacher; name one with --teacher")
    found = find_images(command.folder)
    parts = read_split(command.split, found) if command.split else draw_split(found)
    console = _prepare()
    if command.votes is not None:
        parts, left_out = _voted(command, command.votes, parts)
        console.print(left_out, markup=False)
    from videxpr.cli.train_progress import TrainingBar
    from videxpr.training.images.fit import train_on_images

    stated = command.checkpoint.data or f"{len(parts['train'])} images of {command.folder.name}"
    with _plain_errors(), resumable(command.training.epochs, console) as show_epoch:
        train_on_images(
            parts,
            replace(command.checkpoint, data=stated),
            start=command.start,
            options=command.training,
            machine=command.machine,
            on_epoch=show_epoch,
            notify=lambda line: console.print(line, markup=False),
            callbacks=[TrainingBar(console)],
        )
    console.print(
        f"wrote {command.checkpoint.output}: {len(parts['train'])} training images, "
        f"{len(parts['validation'])} validation images"
    )
    return 0


def _voted(
    command: TrainImagesCommand, file: Path, parts: Mapping[Part, Sequence[LabeledImage]]
) -> tuple[dict[Part, list[LabeledImage]], str]:
    """Return the parts with votes, and in words which images are not trained on."""
    voted = parts_with_votes(parts, file, command.folder_labels)
    unknown = len(parts["train"]) - len(voted["train"])
    trained = usable(voted["train"])
    unclear = len(voted["train"]) - len(trained)
    return voted | {"train": trained}, (
        f"left out of {len(parts['train'])} training images: {unknown} without votes, {unclear} on "
        "which most people could not tell or saw no face"
    )


def _prepare() -> Console:
    """Silence libraries; return where lines go, nowhere but on the first of several devices."""
    if not sys.stderr.isatty():
        os.environ["TQDM_DISABLE"] = "1"  # read when Lightning is imported
    from videxpr.training.run import is_first_device

    warnings.filterwarnings("ignore", module=r"lightning|torch|huggingface_hub")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return Console(highlight=False, soft_wrap=True, quiet=not is_first_device())


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Keep the text of errors of processes that read crops; they come wrapped in their trace."""
    try:
        yield
    except SourceError as exc:
        raise SourceError(str(exc).rpartition("SourceError: ")[2].strip()) from exc


@contextmanager
def resumable(epochs: int, console: Console) -> "Iterator[Callable[[EpochReport], None]]":
    """Yield what prints an epoch; a run that is stopped then says how far it came, and how to go on."""
    from videxpr.cli.train_progress import epoch_line

    last = 0

    def show(report: "EpochReport") -> None:
        nonlocal last
        last = report.epoch
        console.print(epoch_line(report))

    try:
        yield show
    except Stopped as stop:
        how = "the same command with --resume goes on from there"
        kept = f"epoch {last} of {epochs} is done and kept; {how}"
        stop.add_note(kept if last else "no epoch was finished")
        raise


def _warnings(
    machine: Machine,
    geometry: CropTemplate | None,
    parts: "Mapping[Split, Sequence[LabeledVideo]]",
) -> Iterator[str]:
    """Yield what a user should know before hours of work."""
    import torch

    from videxpr.core.device import resolve_device
    from videxpr.datasets.affwild2.videos import class_counts

    trained, validated = (class_counts(parts[split]) > 0 for split in SPLITS)
    unexpected = [name for name, no in zip(EXPRESSIONS, validated & ~trained, strict=True) if no]
    if unexpected:
        yield f"warning: validation has {', '.join(unexpected)}, which training has none of"
    if geometry is None:
        yield (
            "warning: nobody measured these crops: the checkpoint will say 'unverified'; "
            "'videxpr crops measure' writes a file for --geometry"
        )
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    used = machine.devices if resolve_device(machine.device).type == "cuda" else 0
    if used < gpus:
        yield f"warning: {used} of {gpus} GPUs are used; --device cuda --devices {gpus} takes all"


def _describe_data(data: "AffWild2Data", parts: "Mapping[Split, Sequence[LabeledVideo]]") -> str:
    frames = sum(len(video) for video in parts["train"])
    return f"{len(parts['train'])} videos, {frames} frames, of {data.layout.annotations.name}"


def _describe_best(command: TrainClipsCommand, best: "ClipEpochReport") -> str:
    return (
        f"wrote {command.checkpoint.output}: epoch {best.epoch} of {command.training.epochs}, "
        f"validation macro F1 {best.macro_f1:.4f} ({best.adjusted_macro_f1:.4f} with logit adjustment "
        f"{best.logit_adjustment:g}), accuracy {best.accuracy:.4f}, {best.frames} frames"
    )
