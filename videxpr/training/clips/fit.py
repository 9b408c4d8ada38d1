"""Training on windows of Aff-Wild2's crops: model, loaders, Lightning, what is kept of a run."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.tuner.tuning import Tuner

from videxpr.core.crop_template import UNVERIFIED, CropTemplate
from videxpr.core.errors import TrainingError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import LabeledVideo, class_counts, fingerprint
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import BackboneStart, backbone_start
from videxpr.training.clips.datamodule import ClipDataModule
from videxpr.training.clips.module import ClipEpochReport, ClipModule
from videxpr.training.feature_cache import embed_videos
from videxpr.training.feature_noise import FeatureNoise, SingleFrames
from videxpr.training.options import WINDOW, ClipTrainingOptions, Machine
from videxpr.training.run import Record, is_first_device
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
    output: Path,
    *,
    options: ClipTrainingOptions,
    machine: Machine,
    template: CropTemplate | None = None,
    data: str = "",
    license: str = "unspecified",
    dtype: torch.dtype = torch.float32,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[ClipEpochReport], None] = lambda report: None,
    on_start: Callable[[str], None] = lambda what: None,
    on_rate: Callable[[float], None] = lambda rate: None,
    progress: Progress = lambda completed, total: None,
    callbacks: Sequence[Callback] = (),
) -> ClipEpochReport:
    """Train on windows of the training videos; the epoch with the best validation macro F1 is kept.

    Beside `output` stand a readable file, ``<stem>.training.json``, with the whole configuration and
    the figures of every epoch, and a folder, ``<stem>.run``, with TensorBoard's logs and the state
    from which `resume` goes on. The checkpoint is written when an epoch is better than all before.

    Args:
        parts: labeled videos of both splits.
        output: the checkpoint to write, ``.safetensors``.
        options: the recipe.
        machine: devices, precision, processes.
        template: geometry of the crops; None if nobody measured it.
        data: what the videos are, for the model's card.
        license: under which terms the weights may be used.
        dtype: as which the weights are stored.
        resume: go on from the last whole epoch of an earlier run with the same options.
        overwrite: begin anew although there is an earlier run.
        on_epoch: called after every epoch, on the first device only.
        on_start: called with what is about to be done, in words.
        on_rate: called with the learning rate that the finder chose.
        progress: called with crops done and their number while features are kept.
        callbacks: Lightning callbacks, e.g. a progress bar.

    Returns:
        The best epoch.

    Raises:
        UsageError: there is an earlier run, or it had other options.
        SourceError, CheckpointError, DownloadError: crops or weights cannot be read.
        TrainingError: the loss is not a number, or no learning rate was found.
    """
    torch.set_num_threads(machine.threads)
    lightning.seed_everything(options.seed, verbose=False)
    parts = {split: [video for video in videos if len(video)] for split, videos in parts.items()}
    _check_parts(parts)
    devices, batch = machine.devices * machine.nodes, options.sampling.batch_size
    if batch % devices:
        raise UsageError(f"a batch of {batch} windows cannot be shared by {devices} devices")
    record = Record(output, options, data, license, dtype, resume=resume, overwrite=overwrite)
    model, start = _model(parts["train"], options, template)
    task = ClipModule(model, options, parts["train"], parts["validation"])
    _check_unseen(options, task, start)
    record.begin(model.config, start, sum(map(len, parts["train"])), fingerprint(parts))
    on_start(_describe(model, start, options))
    if resume:
        on_start(record.beginning)
    if record.best is not None and record.is_complete:
        return record.best
    kept = _kept_features(task, parts, machine, progress)
    if options.feature_noise and kept is not None:
        labels = [video.labels for video in parts["train"]]
        task.feature_noise = FeatureNoise(kept["train"], labels, options.feature_noise)
    if options.single_frames and start.head is not None:
        task.single_frames = SingleFrames(start.head, model.untrained)
    loaders = ClipDataModule(parts, options, machine, model.config, kept)
    if options.learning_rate is None:
        if record.learning_rate is None:
            on_start(f"looking for a learning rate, in {FINDER_STEPS} steps")
        task.learning_rate = _rate(task, loaders, machine, record)
        on_rate(task.learning_rate)
    task.on_epoch = partial(_epoch_ended, task, record, on_epoch)
    trainer = _trainer(options, machine, record, callbacks)
    trainer.fit(
        task,
        datamodule=loaders,
        ckpt_path=record.state if record.epochs else None,
        weights_only=True,
    )
    best = task.best or record.best
    if best is None:
        raise TrainingError(
            f"training was stopped before its first epoch ended; {output} is not there"
        )
    return best


def _check_parts(parts: Mapping[Split, Videos]) -> None:
    for split in ("train", "validation"):
        if not parts[split]:
            raise UsageError(f"no {split} video has a labeled frame with a crop")
    if (class_counts(parts["train"]) > 0).sum() < 2:
        raise UsageError("the training videos have labels of one expression only")


def _model(
    videos: Videos, options: ClipTrainingOptions, template: CropTemplate | None
) -> tuple[ExpressionModel, BackboneStart]:
    """The model as training begins, its weights as asked for."""
    size = read_image(videos[0].path(0)).shape[0]
    crop = template or replace(UNVERIFIED.resized(size), name=UNVERIFIED.name)
    if crop.size != size:
        raise UsageError(
            f"the template is for crops of {crop.size} pixels, but {videos[0].path(0)} has {size}"
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


def _check_unseen(options: ClipTrainingOptions, task: ClipModule, start: BackboneStart) -> None:
    if options.feature_noise and not _keeps_features(task):
        raise UsageError(
            "--feature-noise moves the features of a backbone that does not change: freeze it whole "
            "(--freeze block4; block5 of vgg16) and choose --augment none"
        )
    if options.single_frames and start.head is None:
        raise UsageError(
            "--single-frames keeps the answers of a model without encoder: give one, as 'videxpr train "
            f"--stills' makes it, with --backbone-weights; {options.backbone_weights!r} is none"
        )


def _keeps_features(task: ClipModule) -> bool:
    """Whether no training step can change what the backbone gives."""
    return task.backbone_frozen and task.options.augment_per == "none"


def _kept_features(
    task: ClipModule, parts: Mapping[Split, Videos], machine: Machine, progress: Progress
) -> dict[Split, list[Floats]] | None:
    """Features of every crop, if no training step could change them; else None."""
    if not _keeps_features(task):
        return None
    return embed_videos(task.model, parts, machine, progress)


def _rate(task: ClipModule, loaders: ClipDataModule, machine: Machine, record: Record) -> float:
    """The learning rate of Lightning's finder, or of the run that is resumed."""
    if record.learning_rate is not None or not is_first_device():
        return record.learning_rate or task.learning_rate  # other devices are told by the first
    task.finding_rate = True
    trainer = lightning.Trainer(
        accelerator=machine.accelerator,
        devices=1,
        precision=machine.precision_or_default,  # type: ignore[arg-type]
        max_epochs=FINDER_STEPS,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,
        default_root_dir=record.folder,
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
    record.learning_rate = float(rate)
    return float(rate)


def _epoch_ended(
    task: ClipModule,
    record: Record,
    on_epoch: Callable[[ClipEpochReport], None],
    report: ClipEpochReport,
) -> None:
    record.add(report, task.model)
    on_epoch(report)


def _trainer(
    options: ClipTrainingOptions, machine: Machine, record: Record, callbacks: Sequence[Callback]
) -> lightning.Trainer:
    last = ModelCheckpoint(
        dirpath=record.state.parent,
        filename=record.state.stem,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    return lightning.Trainer(
        max_epochs=options.epochs,
        accelerator=machine.accelerator,
        devices=machine.devices,
        num_nodes=machine.nodes,
        strategy="ddp" if machine.devices * machine.nodes > 1 else "auto",
        precision=machine.precision_or_default,  # type: ignore[arg-type]
        callbacks=[last, *callbacks],
        logger=TensorBoardLogger(record.folder, name="tensorboard", version=""),
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        enable_model_summary=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,
    )
