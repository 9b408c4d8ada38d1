"""Training on windows of Aff-Wild2's crops: model, loaders, Lightning, what is kept of a run."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

import lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.tuner.tuning import Tuner

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.errors import TrainingError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import LabeledVideo, class_counts, fingerprint
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import BackboneStart, backbone_start
from videxpr.training.clips.datamodule import ClipDataModule, embed_videos
from videxpr.training.clips.module import ClipModule
from videxpr.training.clips.options import WINDOW, ClipTrainingOptions
from videxpr.training.feature_noise import FeatureNoise, SingleFrames
from videxpr.training.options import CheckpointOptions, Machine, as_text
from videxpr.training.run import (
    ClipEpochReport,
    StateKeeper,
    TrainingRun,
    check_output,
    is_first_device,
    make_trainer,
    resolve_machine,
)
from videxpr.video.images import read_image

FINDER_STEPS: Final = 100
LEAST_RATE: Final = 1e-6
MOST_RATE: Final = 0.1
FINDER_SKIP: Final = 25
"""Of the finder's steps the first are not believed: so low a rate changes nothing, and what the loss
does then is chance."""

Videos = Sequence[LabeledVideo]
Progress = Callable[[int, int], None]


def train_on_clips(
    parts: Mapping[Split, Videos],
    checkpoint: CheckpointOptions,
    *,
    options: ClipTrainingOptions,
    machine: Machine,
    geometry: CropTemplate | None = None,
    on_epoch: Callable[[ClipEpochReport], None] = lambda report: None,
    notify: Callable[[str], None] = lambda line: None,
    progress: Progress = lambda completed, total: None,
    callbacks: Sequence[Callback] = (),
) -> ClipEpochReport:
    """Train on windows of the training videos; the epoch with the best validation macro F1 is kept.

    Beside the checkpoint stand a readable file, ``<stem>.training.json``, with the options and the
    metrics of every epoch, and a folder, ``<stem>.run``, with TensorBoard's logs and the state to
    resume from.

    Args:
        parts: labeled videos of both splits.
        checkpoint: what is written, and what becomes of an earlier run.
        options: the recipe.
        machine: devices, precision, processes.
        geometry: of the crops; None if nobody measured it.
        on_epoch: called after every epoch, on the first device only.
        notify: called with a line of what is about to be done.
        progress: called with crops done and their number while features are computed once.
        callbacks: Lightning callbacks, e.g. a progress bar.

    Returns:
        The best epoch.

    Raises:
        UsageError: there is an earlier run, or it had other options.
        SourceError, CheckpointError, DownloadError: crops or weights cannot be read.
        TrainingError: the loss is not a number, or no learning rate was found.
    """
    machine = resolve_machine(machine)
    lightning.seed_everything(options.seed, verbose=False)
    parts = {split: [video for video in videos if len(video)] for split, videos in parts.items()}
    _check(parts, options, machine)
    run = _run(parts, checkpoint, options)
    model, start = _model(parts["train"], options, geometry)
    task = ClipModule(model, options, parts["train"], parts["validation"])
    _check_frozen(task, start)
    notify(_describe(model, start, options))
    run.begin(
        notify,
        on_epoch,
        model=asdict(model.config),
        backbone_started_from=start.description,
        training_frames=sum(map(len, parts["train"])),
    )
    if run.best is not None and _is_complete(run, options):
        return run.best
    loaders = _loaders(task, parts, machine, start, progress)
    if options.learning_rate is None:
        _find_learning_rate(task, loaders, machine, run, notify)
    task.on_epoch = partial(_keep, task, run, start)
    return _fit(task, loaders, machine, run, callbacks)


def _run(
    parts: Mapping[Split, Videos], checkpoint: CheckpointOptions, options: ClipTrainingOptions
) -> TrainingRun[ClipEpochReport]:
    weights = Path(options.backbone_weights)
    check_output(checkpoint.output, [weights])
    run = TrainingRun(
        checkpoint,
        record_file(checkpoint.output),
        ClipEpochReport,
        options=as_text(options) | {"backbone_weights": weights.name},
        inputs={"labels and crops": fingerprint(parts)},
    )
    if _is_complete(run, options) and not run.output.is_file():
        raise UsageError(
            f"the run of {run.record} is complete, but {run.output} is gone; --overwrite begins anew"
        )
    return run


def record_file(output: Path) -> Path:
    """Return where the options and metrics of a run stand, beside its checkpoint."""
    return output.with_suffix(".training.json")


def _is_complete(run: TrainingRun[ClipEpochReport], options: ClipTrainingOptions) -> bool:
    """Return whether no epoch is left to train."""
    if run.last is None or run.best is None:
        return False
    without_gain = run.last.epoch - run.best.epoch
    out_of_patience = options.patience is not None and without_gain >= options.patience
    return run.last.epoch >= options.epochs or out_of_patience


def _keep(
    task: ClipModule,
    run: TrainingRun[ClipEpochReport],
    start: BackboneStart,
    report: ClipEpochReport,
) -> None:
    """Take note of an epoch, and keep the model if it is better than before."""
    run.add(report)
    if run.best is report:
        recipes = (start.recipe, _recipe(task.options, task.learning_rate))
        frames = sum(map(len, task.train_videos))
        run.save(task.model, report, recipes=recipes, images=frames, epochs=report.epoch)
    if _is_complete(run, task.options):
        task.trainer.should_stop = True


def _loaders(
    task: ClipModule,
    parts: Mapping[Split, Videos],
    machine: Machine,
    start: BackboneStart,
    progress: Progress,
) -> ClipDataModule:
    """Return what reads windows, or features of every crop if no training step could change them."""
    options = task.options
    cached = embed_videos(task.model, parts, machine, progress) if _can_cache(task) else None
    if options.feature_noise and cached is not None:
        labels = [video.labels for video in parts["train"]]
        task.feature_noise = FeatureNoise(cached["train"], labels, options.feature_noise)
    if options.single_frames and start.head is not None:
        task.single_frames = SingleFrames(start.head, task.model.untrained)
    return ClipDataModule(parts, options, machine, task.model.config, cached)


def _check(parts: Mapping[Split, Videos], options: ClipTrainingOptions, machine: Machine) -> None:
    """Refuse, before hours of work, what cannot end well."""
    for split in ("train", "validation"):
        if not parts[split]:
            raise UsageError(f"no {split} video has a labeled frame with a crop")
    if (class_counts(parts["train"]) > 0).sum() < 2:
        raise UsageError("the training videos have labels of one expression only")
    devices, batch = machine.devices * machine.nodes, options.sampling.batch_size
    if batch % devices:
        raise UsageError(f"a batch of {batch} windows cannot be shared by {devices} devices")


def _model(
    videos: Videos, options: ClipTrainingOptions, geometry: CropTemplate | None
) -> tuple[ExpressionModel, BackboneStart]:
    """Return the model as training begins, its weights as asked for."""
    size = read_image(videos[0].path(0)).shape[0]
    crop = geometry or replace(UNVERIFIED.resized(size), name=UNVERIFIED.name)
    if crop.size != size:
        raise UsageError(
            f"--geometry is of crops of {crop.size} pixels, but {videos[0].path(0)} has {size}"
        )
    counts = class_counts(videos)
    config = ModelConfig(
        variant=options.variant,
        backbone=options.backbone,
        position=options.position,
        trained_expressions=tuple(n for n, c in zip(EXPRESSIONS, counts, strict=True) if c),
        class_shares=tuple((counts / counts.sum()).round(6).tolist()),
        crop=crop,
        input_size=size,
        window=WINDOW,
    )
    start = backbone_start(options.backbone_weights, config)
    if options.input_size is not None:
        start = replace(start, config=replace(start.config, input_size=options.input_size))
    model = ExpressionModel(start.config)
    start.apply(model)
    return model, start


def _describe(model: ExpressionModel, start: BackboneStart, options: ClipTrainingOptions) -> str:
    config = model.config
    millions = sum(one.numel() for one in model.parameters()) / 1e6
    return (
        f"model: {config.variant} on {config.backbone} ({start.description}), {millions:.1f} million "
        f"parameters, crops {config.crop.size} px ({config.crop.name}) seen at {config.input_size}, "
        f"frozen: {options.freeze}"
    )


def _check_frozen(task: ClipModule, start: BackboneStart) -> None:
    options = task.options
    if options.feature_noise and not _can_cache(task):
        raise UsageError(
            "--feature-noise moves the features of a backbone that does not change: freeze it whole "
            "(--freeze block4; block5 of vgg16) and choose --augment none"
        )
    if options.single_frames and start.head is None:
        raise UsageError(
            "--single-frames keeps the predictions of a model without encoder: give one, as 'videxpr "
            f"train images' makes it, with --backbone-weights; {options.backbone_weights!r} is none"
        )


def _can_cache(task: ClipModule) -> bool:
    """Return whether no training step can change what the backbone gives."""
    return task.backbone_frozen and task.options.augment_per == "none"


def _find_learning_rate(
    task: ClipModule,
    loaders: ClipDataModule,
    machine: Machine,
    run: TrainingRun[ClipEpochReport],
    notify: Callable[[str], None],
) -> None:
    """Give a task the learning rate of Lightning's finder, or of the run that is resumed."""
    known = run.facts.get("learning_rate_found")
    if known is None:
        notify(f"looking for a learning rate, in {FINDER_STEPS} steps")
    if known is None and is_first_device():  # the first device broadcasts it
        known = _run_finder(task, loaders, machine, run.folder)
        run.note(learning_rate_found=known)
    task.learning_rate = known or task.learning_rate
    notify(f"learning rate found: {task.learning_rate:.3g}")


def _run_finder(task: ClipModule, loaders: ClipDataModule, machine: Machine, folder: Path) -> float:
    task.finding_rate = True
    trainer = make_trainer(
        machine,
        devices=1,
        max_epochs=FINDER_STEPS,
        logger=False,
        default_root_dir=folder,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You defined a `validation_step`")
        finder = Tuner(trainer).lr_find(
            task,
            loaders.train_dataloader(),
            min_lr=LEAST_RATE,
            max_lr=MOST_RATE,
            num_training=FINDER_STEPS,
        )
    task.finding_rate = False
    rate = finder.suggestion(skip_begin=FINDER_SKIP) if finder is not None else None
    if rate is None:
        raise TrainingError("the finder found no learning rate; choose one with --learning-rate")
    return float(rate)


def _fit(
    task: ClipModule,
    loaders: ClipDataModule,
    machine: Machine,
    run: TrainingRun[ClipEpochReport],
    callbacks: Sequence[Callback],
) -> ClipEpochReport:
    """Train what is left to train; return the best epoch."""
    trainer = make_trainer(
        machine,
        max_epochs=task.options.epochs,
        devices=machine.devices,
        num_nodes=machine.nodes,
        strategy="ddp" if machine.devices * machine.nodes > 1 else "auto",
        callbacks=[*callbacks, StateKeeper(run.state)],
        logger=TensorBoardLogger(run.folder, name="tensorboard", version=""),
        log_every_n_steps=10,
    )
    state = run.state if run.last else None
    trainer.fit(task, datamodule=loaders, ckpt_path=state, weights_only=True)
    if run.best is None:
        raise TrainingError(
            f"training was stopped before its first epoch ended; {run.output} is not there"
        )
    return run.best


def _recipe(options: ClipTrainingOptions, rate: float) -> str:
    return (
        f"{options.variant} on {options.backbone}, {options.optimizer} {rate:.2g}, focal loss alpha "
        f"{options.loss.alpha:g} gamma {options.loss.gamma:g}, {options.sampling.batch_size} windows "
        f"a step, {options.epochs} epochs, seed {options.seed}"
    )
