"""Training of backbone and head on single face crops."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint

from videxpr.core.errors import OutputError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import sha256_of
from videxpr.datasets.image_folder import (
    LabeledImage,
    class_counts,
    draw_split,
    find_images,
    read_split,
)
from videxpr.datasets.options import Part
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import NONE
from videxpr.training.images.init import read_teacher, start
from videxpr.training.images.loaders import image_loaders
from videxpr.training.images.module import ImageModule
from videxpr.training.images.run import ImageTrainingRun
from videxpr.training.options import ImageTrainingOptions, Machine
from videxpr.training.reports import EpochReport, TrainingReport
from videxpr.training.run import check_output

EMA_SPAN: Final = 0.05
"""Share of the steps over which weights are averaged; longer, and short runs keep their mistakes."""

EMA_START: Final = 0.1
"""Share of the steps after which averaging begins; the very first weights are not worth keeping."""


def train_on_images(
    folder: Path,
    output: Path,
    *,
    split: Path | None = None,
    initial: Sequence[Path] = (),
    backbone_weights: str = NONE,
    teachers: Sequence[Path] = (),
    options: ImageTrainingOptions | None = None,
    machine: Machine | None = None,
    data: str = "",
    license: str = "unspecified",
    dtype: torch.dtype = torch.float16,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[EpochReport], None] | None = None,
    on_start: Callable[[str], None] = lambda what: None,
    callbacks: Sequence[Callback] = (),
) -> TrainingReport:
    """Train backbone and head on the crops in the class folders of `folder`.

    The encoder is left out (variant ``backbone``): crops alone cannot train it. Beside `output` stands
    a folder, ``<stem>.run``, with the state from which `resume` goes on.

    Args:
        folder: one folder a class, named after an expression in any case.
        output: the checkpoint to write, ``.safetensors``.
        split: a file ``image,split``; drawn when absent. Its ``test`` part is never read.
        initial: checkpoints whose backbones, and whose heads on them, training starts from, whatever
            encoders they have: the mean of their weights.
        backbone_weights: what the backbone begins with if there are none: ``imagenet``, ``none`` for
            random weights, or a file of tensors.
        teachers: checkpoints whose answers to the same crops the labels are mixed with
            (`ImageTrainingOptions.distillation_weight`; Hinton et al., "Distilling the Knowledge in a
            Neural Network", 2015), such as a larger network, or several.
        options: epochs, sizes, rates.
        machine: device, precision, processes; several devices are not used.
        data: what the crops are, for the model's card.
        license: under which terms the weights may be used.
        dtype: as which the weights are stored.
        resume: go on after the last whole epoch of an earlier run with the same options, stills and
            models.
        overwrite: begin anew although there is an earlier run.
        on_epoch: called after every epoch.
        on_start: called with what there is of an earlier run, in words, if one is to be resumed.
        callbacks: Lightning callbacks, e.g. a progress bar.

    Raises:
        SourceError, FormatError, CheckpointError, DownloadError: an input is missing or malformed.
        UsageError: there is an earlier run, or the one to be resumed was another.
    """
    options, machine = options or ImageTrainingOptions(), machine or Machine()
    torch.set_num_threads(machine.threads)
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    stills = find_images(folder)
    parts = read_split(split, stills) if split else draw_split(stills)
    _check_parts(parts)
    _check_oversample(parts["train"], options)
    if not options.epochs and not initial:
        raise UsageError("0 epochs of training need a model to start from (--initial)")
    check_output(output, [*initial, *teachers])
    model = _new_model(parts["train"], options)
    earlier = start(model, initial, backbone_weights)
    recipe = "; ".join(
        ([earlier.recipe] if earlier else [])
        + ([_recipe(options, machine, teachers)] if options.epochs else [])
    )
    task = ImageModule(
        model,
        options,
        steps=_steps(parts, options),
        teachers=[read_teacher(path, model.config) for path in teachers],
        on_epoch=on_epoch,
    )
    task.choices = options.as_text() | {
        "initial": _digests(initial),
        "backbone_weights": Path(backbone_weights).name,
        "teachers": _digests(teachers),
        "stills": _fingerprint(parts),
    }
    run = ImageTrainingRun(output, task.choices, resume=resume, overwrite=overwrite)
    run.begin()
    if resume:
        on_start(run.beginning)
    averaging = EMAWeightAveraging(
        decay=1 - 1 / (1 + EMA_SPAN * task.steps),
        update_starting_at_step=round(EMA_START * task.steps),
        use_buffers=True,
    )
    trainer = _trainer(options, machine, run.state, [averaging, *callbacks])
    train_loader, validation_loader = image_loaders(parts, options, machine)
    if run.is_complete:  # Lightning would load the last weights, and not average them again
        task.load_state_dict(run.weights)
        task.last = run.last
    elif options.epochs:
        begun = run.state if run.last is not None else None
        trainer.fit(task, train_loader, validation_loader, ckpt_path=begun, weights_only=True)
    else:
        trainer.validate(task, validation_loader, verbose=False)
    if task.last is None or task.last.epoch < options.epochs:
        raise OutputError(f"training was stopped before its end; {output} was not written")
    summary = TrainingSummary(
        data=data or f"{len(parts['train'])} stills of {folder.name}",
        recipe=recipe,
        images=len(parts["train"]),
        epochs=options.epochs + (earlier.epochs if earlier else 0),
        validation_accuracy=task.last.accuracy,
        validation_macro_f1=task.last.macro_f1,
        options=options.as_text(),
    )
    calibrated = replace(model.config, temperature=task.last.temperature)
    save_checkpoint(output, model, summary, license, dtype, config=calibrated)
    return TrainingReport(output, len(parts["train"]), len(parts["validation"]), task.last)


def _check_parts(parts: dict[Part, list[LabeledImage]]) -> None:
    """Refuse, before hours of work, what cannot end well."""
    train, validation = class_counts(parts["train"]), class_counts(parts["validation"])
    if sum(map(bool, train)) < 2 or not parts["validation"]:
        raise UsageError(
            f"{len(parts['train'])} training images of {sum(map(bool, train))} classes and "
            f"{len(parts['validation'])} validation images are too few to train on"
        )
    pairs = zip(EXPRESSIONS, train, validation, strict=True)
    unexpected = [name for name, seen, asked in pairs if asked and not seen]
    if unexpected:
        raise UsageError(
            f"validation images of {', '.join(unexpected)}, which training has none of"
        )


def _check_oversample(stills: Sequence[LabeledImage], options: ImageTrainingOptions) -> None:
    for pattern, _ in options.oversample:
        if not any(still.matches(pattern) for still in stills):
            raise UsageError(
                f"none of the {len(stills)} training images is named {pattern!r}; the first is "
                f"{stills[0].path.name!r}"
            )


def _new_model(stills: Sequence[LabeledImage], options: ImageTrainingOptions) -> ExpressionModel:
    counts = zip(EXPRESSIONS, class_counts(stills), strict=True)
    config = ModelConfig(
        variant="backbone",
        trained_expressions=tuple(name for name, count in counts if count),
        input_size=options.size,
        color=not options.gray,
    )
    return ExpressionModel(config)


def _trainer(
    options: ImageTrainingOptions, machine: Machine, state: Path, callbacks: list[Callback]
) -> lightning.Trainer:
    last = ModelCheckpoint(
        dirpath=state.parent,
        filename=state.stem,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    return lightning.Trainer(
        accelerator=machine.accelerator,
        devices=1,
        max_epochs=options.epochs,
        precision=machine.precision_or_default,  # type: ignore[arg-type]
        callbacks=[*callbacks, last],
        num_sanity_val_steps=0,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        gradient_clip_val=1.0,
        use_distributed_sampler=False,
    )


def _steps(parts: dict[Part, list[LabeledImage]], options: ImageTrainingOptions) -> int:
    count = len(parts["train"])
    return options.epochs * (count // min(options.batch_size, count))


def _fingerprint(parts: Mapping[Part, Sequence[LabeledImage]]) -> str:
    """Of the names and parts of all stills that training sees."""
    lines = (f"{still.name},{part}" for part in ("train", "validation") for still in parts[part])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digests(checkpoints: Sequence[Path]) -> str:
    return ", ".join(sha256_of(one) for one in checkpoints)


def _recipe(options: ImageTrainingOptions, machine: Machine, teachers: Sequence[Path]) -> str:
    first = "" if options.first_size is None else f"{options.first_size} to "
    taught = (
        f"{options.distillation_weight:g} of the labels from {len(teachers)} teachers, "
        * bool(teachers)
    )
    favored = "".join(f"{name} {factor:g} times as often, " for name, factor in options.oversample)
    frozen = f"backbone frozen up to {options.freeze}, " * (options.freeze != "none")
    moved = f"features moved by {options.feature_noise:g}, " * bool(options.feature_noise)
    return (
        f"{options.epochs} epochs at {first}{options.size} px, batch {options.batch_size}, "
        f"AdamW one-cycle {options.learning_rate:g}, weight decay {options.weight_decay:g}, "
        f"label smoothing {options.label_smoothing:g}, mixup {options.mixup:g}, {taught}"
        f"balance {options.balance:g}, {favored}{frozen}{moved}averaged weights, "
        f"{'gray' if options.gray else 'color'}, {machine.precision_or_default}, seed {options.seed}"
    )
