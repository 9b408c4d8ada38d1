"""Training of backbone and head on single face crops."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint

from videxpr.backbone_weights import NONE
from videxpr.checkpoint import TrainingSummary, save_checkpoint
from videxpr.errors import OutputError, UsageError
from videxpr.expressions import EXPRESSIONS
from videxpr.files import sha256_of
from videxpr.model import ExpressionModel, ModelConfig
from videxpr.stills import Part, Still, class_counts, draw_split, find_stills, read_split
from videxpr.train.options import EpochReport, Machine, StillsOptions, TrainingReport
from videxpr.train.record import check_output
from videxpr.train.stills_loaders import still_loaders
from videxpr.train.stills_run import StillsRun
from videxpr.train.stills_start import read_teacher, start
from videxpr.train.stills_task import StillsTask

EMA_SPAN: Final = 0.05
"""Share of the steps over which weights are averaged; longer, and short runs keep their mistakes."""

EMA_START: Final = 0.1
"""Share of the steps after which averaging begins; the very first weights are not worth keeping."""


def train_stills(
    folder: Path,
    output: Path,
    *,
    split: Path | None = None,
    initial: Sequence[Path] = (),
    backbone_weights: str = NONE,
    teachers: Sequence[Path] = (),
    options: StillsOptions | None = None,
    machine: Machine | None = None,
    data: str = "",
    licence: str = "unspecified",
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
            (`StillsOptions.teaching`; Hinton et al., "Distilling the Knowledge in a Neural Network",
            2015), such as a larger network, or several.
        options: epochs, sizes, rates.
        machine: device, precision, processes; several devices are not used.
        data: what the crops are, for the model's card.
        licence: under which terms the weights may be used.
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
    options, machine = options or StillsOptions(), machine or Machine()
    torch.set_num_threads(machine.threads)
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    stills = find_stills(folder)
    parts = read_split(split, stills) if split else draw_split(stills)
    _check_parts(parts)
    _check_favour(parts["train"], options)
    if not options.epochs and not initial:
        raise UsageError("0 epochs of training need a model to start from (--initial)")
    check_output(output, [*initial, *teachers])
    model = _new_model(parts["train"], options)
    earlier = start(model, initial, backbone_weights)
    recipe = "; ".join(
        ([earlier.recipe] if earlier else [])
        + ([_recipe(options, machine, teachers)] if options.epochs else [])
    )
    task = StillsTask(
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
    run = StillsRun(output, task.choices, resume=resume, overwrite=overwrite)
    run.begin()
    if resume:
        on_start(run.beginning)
    averaging = EMAWeightAveraging(
        decay=1 - 1 / (1 + EMA_SPAN * task.steps),
        update_starting_at_step=round(EMA_START * task.steps),
        use_buffers=True,
    )
    trainer = _trainer(options, machine, run.state, [averaging, *callbacks])
    train_loader, validation_loader = still_loaders(parts, options, machine)
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
    save_checkpoint(output, model, summary, licence, dtype, config=calibrated)
    return TrainingReport(output, len(parts["train"]), len(parts["validation"]), task.last)


def _check_parts(parts: dict[Part, list[Still]]) -> None:
    """Refuse, before hours of work, what cannot end well."""
    train, validation = class_counts(parts["train"]), class_counts(parts["validation"])
    if sum(map(bool, train)) < 2 or not parts["validation"]:
        raise UsageError(
            f"{len(parts['train'])} training images of {sum(map(bool, train))} classes and "
            f"{len(parts['validation'])} validation images are too few to train on"
        )
    pairs = zip(EXPRESSIONS, train, validation, strict=True)
    strangers = [name for name, seen, asked in pairs if asked and not seen]
    if strangers:
        raise UsageError(f"validation images of {', '.join(strangers)}, which training has none of")


def _check_favour(stills: Sequence[Still], options: StillsOptions) -> None:
    for pattern, _ in options.favour:
        if not any(still.matches(pattern) for still in stills):
            raise UsageError(
                f"none of the {len(stills)} training images is named {pattern!r}; the first is "
                f"{stills[0].path.name!r}"
            )


def _new_model(stills: Sequence[Still], options: StillsOptions) -> ExpressionModel:
    counts = zip(EXPRESSIONS, class_counts(stills), strict=True)
    config = ModelConfig(
        variant="backbone",
        trained_expressions=tuple(name for name, count in counts if count),
        input_size=options.size,
        colour=not options.grey,
    )
    return ExpressionModel(config)


def _trainer(
    options: StillsOptions, machine: Machine, state: Path, callbacks: list[Callback]
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


def _steps(parts: dict[Part, list[Still]], options: StillsOptions) -> int:
    count = len(parts["train"])
    return options.epochs * (count // min(options.batch_size, count))


def _fingerprint(parts: Mapping[Part, Sequence[Still]]) -> str:
    """Of the names and parts of all stills that training sees."""
    lines = (f"{still.name},{part}" for part in ("train", "validation") for still in parts[part])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digests(checkpoints: Sequence[Path]) -> str:
    return ", ".join(sha256_of(one) for one in checkpoints)


def _recipe(options: StillsOptions, machine: Machine, teachers: Sequence[Path]) -> str:
    first = "" if options.first_size is None else f"{options.first_size} to "
    taught = f"{options.teaching:g} of the labels from {len(teachers)} teachers, " * bool(teachers)
    favoured = "".join(f"{name} {factor:g} times as often, " for name, factor in options.favour)
    frozen = f"backbone frozen up to {options.freeze}, " * (options.freeze != "none")
    moved = f"features moved by {options.feature_noise:g}, " * bool(options.feature_noise)
    return (
        f"{options.epochs} epochs at {first}{options.size} px, batch {options.batch_size}, "
        f"AdamW one-cycle {options.learning_rate:g}, weight decay {options.weight_decay:g}, "
        f"label smoothing {options.label_smoothing:g}, mixup {options.mixup:g}, {taught}"
        f"balance {options.balance:g}, {favoured}{frozen}{moved}averaged weights, "
        f"{'grey' if options.grey else 'colour'}, {machine.precision_or_default}, seed {options.seed}"
    )
