"""Training of backbone and head on single face crops."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import lightning
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging

from videxpr.core.errors import OutputError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.image_folder import LabeledImage, class_counts
from videxpr.datasets.options import Part
from videxpr.model.hub.resolve import resolve_model
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.images.init import initialize, read_teacher
from videxpr.training.images.loaders import image_loaders
from videxpr.training.images.module import ImageModule
from videxpr.training.images.options import ImageTrainingOptions, StartOptions
from videxpr.training.options import CheckpointOptions, Machine, as_text
from videxpr.training.run import (
    EpochReport,
    StateKeeper,
    TrainingRun,
    check_output,
    make_trainer,
    resolve_machine,
    run_folder,
)

STATE_SECONDS: Final = 300.0
"""Between two states of an epoch: what is lost if the machine stops."""

EMA_SPAN: Final = 0.05
"""Share of the steps over which weights are averaged; longer, and short runs keep their mistakes."""

EMA_START: Final = 0.1
"""Share of the steps after which averaging begins; the very first weights are not worth keeping."""

Parts = Mapping[Part, Sequence[LabeledImage]]


def train_on_images(
    parts: Parts,
    checkpoint: CheckpointOptions,
    *,
    start: StartOptions,
    options: ImageTrainingOptions,
    machine: Machine,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
    notify: Callable[[str], None] = lambda line: None,
    callbacks: Sequence[Callback] = (),
) -> EpochReport:
    """Train backbone and head on labeled crops.

    The encoder is left out: crops alone cannot train it. Beside the checkpoint stands a folder,
    ``<stem>.run``, with the state to resume from.

    Args:
        parts: images for training and for validation, with their labels or with votes.
        checkpoint: what is written, and what becomes of an earlier run.
        start: what the model begins with, and who teaches it (Hinton et al., 2015).
        options: epochs, sizes, rates.
        machine: device, precision, processes; several devices are not used.
        on_epoch: called after every epoch.
        notify: called with what there is of an earlier run, if one is to be resumed.
        callbacks: Lightning callbacks, e.g. a progress bar.

    Returns:
        The last epoch.

    Raises:
        SourceError, CheckpointError, DownloadError: an input is missing or malformed.
        UsageError: there is an earlier run, or the one to be resumed was another.
    """
    machine = resolve_machine(machine)
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    _check_parts(parts, options)
    if not options.epochs and not start.initial:
        raise UsageError("0 epochs of training need a model to start from (--initial)")
    check_output(checkpoint.output, [*start.initial, *start.teachers])
    model = _new_model(parts["train"], options)
    earlier = initialize(model, start)
    teachers = [read_teacher(path, model.config) for path in start.teachers]
    task = ImageModule(model, options, steps=_steps(parts, options), teachers=teachers)
    run = _run(parts, checkpoint, options, start)
    run.begin(notify, on_epoch, model=asdict(model.config))
    task.on_epoch = run.add
    _fit(task, parts, machine, run, callbacks)
    if run.last is None or run.last.epoch < options.epochs:
        raise OutputError(
            f"training was stopped before its end; {checkpoint.output} was not written"
        )
    run.save(
        model,
        run.last,
        recipes=(earlier.recipe, _recipe(options, machine, len(teachers), _voted(parts))),
        images=len(parts["train"]),
        epochs=options.epochs + earlier.epochs,
    )
    return run.last


def _check_parts(parts: Parts, options: ImageTrainingOptions) -> None:
    """Refuse, before hours of work, what cannot end well."""
    train, validation = class_counts(parts["train"]), class_counts(parts["validation"])
    if sum(map(bool, train)) < 2 or not parts["validation"]:
        raise UsageError(
            f"{len(parts['train'])} training images of {sum(map(bool, train))} classes and "
            f"{len(parts['validation'])} validation images are too few to train on"
        )
    pairs = zip(EXPRESSIONS, train, validation, strict=True)
    unexpected = [name for name, trained, validated in pairs if validated and not trained]
    if unexpected:
        raise UsageError(
            f"validation images of {', '.join(unexpected)}, which training has none of"
        )
    images = parts["train"]
    for pattern, _ in options.oversample:
        if not any(image.matches(pattern) for image in images):
            raise UsageError(
                f"none of the {len(images)} training images is named {pattern!r}; the first is "
                f"{images[0].path.name!r}"
            )


def _new_model(images: Sequence[LabeledImage], options: ImageTrainingOptions) -> ExpressionModel:
    counts = zip(EXPRESSIONS, class_counts(images), strict=True)
    config = ModelConfig(
        variant="backbone",
        trained_expressions=tuple(name for name, count in counts if count),
        input_size=options.size,
        color=not options.gray,
    )
    return ExpressionModel(config)


def _steps(parts: Parts, options: ImageTrainingOptions) -> int:
    count = len(parts["train"])
    return options.epochs * (count // min(options.batch_size, count))


def _run(
    parts: Parts, checkpoint: CheckpointOptions, options: ImageTrainingOptions, start: StartOptions
) -> TrainingRun[EpochReport]:
    inputs = {
        "length of the schedule": f"{options.epochs} epochs",
        "initial": _digests(start.initial),
        "backbone_weights": Path(start.backbone_weights).name,
        "teachers": _digests(start.teachers),
        "images": _fingerprint(parts),
    }
    record = run_folder(checkpoint.output) / "training.json"
    return TrainingRun(checkpoint, record, EpochReport, options=as_text(options), inputs=inputs)


def _fit(
    task: ImageModule,
    parts: Parts,
    machine: Machine,
    run: TrainingRun[EpochReport],
    callbacks: Sequence[Callback],
) -> None:
    """Train what is left to train, and take note of each epoch."""
    if run.last is not None and run.last.epoch >= task.options.epochs:
        # Lightning would load the last weights, and not average them again
        task.load_state_dict(run.read_state()["state_dict"])
        return
    averaging = EMAWeightAveraging(
        decay=1 - 1 / (1 + EMA_SPAN * task.steps),
        update_starting_at_step=round(EMA_START * task.steps),
        use_buffers=True,
    )
    trainer = make_trainer(
        machine,
        devices=1,
        max_epochs=task.options.epochs,
        callbacks=[averaging, *callbacks, StateKeeper(run.state, STATE_SECONDS)],
        logger=False,
        gradient_clip_val=1.0,
    )
    train_loader, validation_loader = image_loaders(parts, task.options, machine)
    if task.options.epochs:
        state = run.state if run.state.is_file() else None
        trainer.fit(task, train_loader, validation_loader, ckpt_path=state, weights_only=True)
    else:
        trainer.validate(task, validation_loader, verbose=False)


def _fingerprint(parts: Parts) -> str:
    """Return a digest of the names, parts, labels and votes of all images that training sees."""
    lines = (
        f"{image.name},{part},{image.label},{image.votes}"
        for part in ("train", "validation")
        for image in parts[part]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digests(checkpoints: Sequence[Path]) -> str:
    return ", ".join(resolve_model(one).sha256 for one in checkpoints)


def _voted(parts: Parts) -> int:
    return sum(image.votes is not None for image in parts["train"])


def _recipe(options: ImageTrainingOptions, machine: Machine, teachers: int, voted: int) -> str:
    if not options.epochs:
        return ""
    first = "" if options.first_size is None else f"{options.first_size} to "
    distilled = f"{options.distillation_weight:g} of the labels from {teachers} teachers, " * bool(
        teachers
    )
    shares = f"shares of voters of {voted} images, " * bool(voted)
    oversampled = "".join(
        f"{name} {factor:g} times as often, " for name, factor in options.oversample
    )
    frozen = f"backbone frozen up to {options.freeze}, " * (options.freeze != "none")
    perturbed = f"features moved by {options.feature_noise:g}, " * bool(options.feature_noise)
    return (
        f"{options.epochs} epochs at {first}{options.size} px, batch {options.batch_size}, "
        f"AdamW one-cycle {options.learning_rate:g}, weight decay {options.weight_decay:g}, "
        f"label smoothing {options.label_smoothing:g}, mixup {options.mixup:g}, {shares}{distilled}"
        f"balance {options.balance:g}, {oversampled}{frozen}{perturbed}averaged weights, "
        f"{'gray' if options.gray else 'color'}, {machine.precision_or_default}, seed {options.seed}"
    )
