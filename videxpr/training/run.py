"""What is kept of a training run: checkpoint, readable file, and the state to go on from."""

import json
import pickle
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from videxpr.core.device import cpu_threads, resolve_device
from videxpr.core.errors import FormatError, UsageError
from videxpr.core.files import atomic_write
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import BackboneStart
from videxpr.training.clips.options import ClipTrainingOptions
from videxpr.training.options import CheckpointOptions, Machine, as_text
from videxpr.training.reports import ClipEpochReport, ImageEpochReport

MAY_CHANGE: Final = frozenset({"epochs", "patience"})
"""Options that a run may be resumed with although it began with others."""


class TrainingRun:
    """The files of a run on clips: ``<output>``, ``<stem>.training.json``, the folder ``<stem>.run``.

    Only the first of several devices writes.

    Attributes:
        output: the checkpoint of the best epoch.
        folder: TensorBoard's logs, and the state.
        state: Lightning's checkpoint of the last whole epoch.
        epochs: of this run, in order.

    Raises:
        UsageError: there is an earlier run and nobody said what is to become of it, or it is to be
            resumed with other options.
    """

    def __init__(self, checkpoint: CheckpointOptions, options: ClipTrainingOptions) -> None:
        self.output = checkpoint.output
        self.readable = self.output.with_suffix(".training.json")
        self.folder = self.output.with_suffix(".run")
        self.state = self.folder / "state" / "last.ckpt"
        self.epochs: list[ClipEpochReport] = []
        self._checkpoint = checkpoint
        self._options = options
        self._frames = 0
        self._start: BackboneStart | None = None
        self._content: dict[str, Any] = {}
        self._replaced: list[Path] = []
        check_output(self.output, [Path(options.backbone_weights)])
        if checkpoint.resume:
            self._load()
        elif is_first_device():
            mine = [self.output, self.readable, self.folder]
            self._replaced = earlier_files(mine, checkpoint.overwrite)

    @property
    def learning_rate(self) -> float | None:
        """What the finder chose, None if it has not been asked yet."""
        found: float | None = self._content.get("learning_rate_found")
        return found

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._content["learning_rate_found"] = rate
        self._write()

    @property
    def best(self) -> ClipEpochReport | None:
        """The epoch of the highest macro F1, the earliest if there are several."""
        return max(self.epochs, key=lambda epoch: epoch.macro_f1, default=None)

    @property
    def resumed_from(self) -> str:
        """What there is of an earlier run, in words."""
        return describe_resumption(self.folder, self.epochs[-1].epoch if self.epochs else None)

    @property
    def is_complete(self) -> bool:
        """Whether no epoch is left to train."""
        if not self.epochs or self.best is None:
            return False
        last, patience = self.epochs[-1].epoch, self._options.patience
        out_of_patience = patience is not None and last - self.best.epoch >= patience
        return last >= self._options.epochs or out_of_patience

    def begin(
        self, config: ModelConfig, start: BackboneStart, frames: int, fingerprint: str
    ) -> None:
        """Write what the run is, before its first step, in place of one that is begun anew.

        Args:
            config: of the model that is trained.
            start: what its backbone begins with.
            frames: labeled frames of the training videos.
            fingerprint: of labels and crops.

        Raises:
            UsageError: the run that is to be resumed saw other data.
        """
        remove(self._replaced)
        self._frames, self._start = frames, start
        if self._content.get("data_sha256", fingerprint) != fingerprint:
            raise UsageError(
                f"the run of {self.readable} saw other labels or crops; resume it with the same data, "
                "or begin anew with --overwrite"
            )
        found = {"learning_rate_found": self.learning_rate} if self.learning_rate else {}
        self._content = {
            "options": as_text(self._options),
            "model": asdict(config),
            "data": self._checkpoint.data,
            "license": self._checkpoint.license,
            "backbone_started_from": start.description,
            "training_frames": frames,
            "data_sha256": fingerprint,
        } | found
        self._write()

    def add(self, report: ClipEpochReport, model: ExpressionModel) -> None:
        """Take note of an epoch, and keep the model if it is better than before.

        Args:
            report: of the epoch.
            model: as the epoch left it.
        """
        self.epochs = [one for one in self.epochs if one.epoch < report.epoch] + [report]
        if self.best is report:
            config = replace(
                model.config,
                logit_adjustment=report.logit_adjustment,
                temperature=report.temperature,
            )
            save_trained(self._checkpoint, model, self._summary(report), config)
        self._write()

    def _summary(self, report: ClipEpochReport) -> TrainingSummary:
        earlier = self._start.recipe if self._start else ""
        own = _describe(self._options, self.learning_rate)
        options = as_text(self._options)
        return TrainingSummary(
            data=self._checkpoint.data,
            recipe="; ".join(filter(None, (earlier, own))),
            images=self._frames,
            epochs=report.epoch,
            validation_accuracy=report.accuracy,
            validation_macro_f1=report.macro_f1,
            options=options | {"backbone_weights": Path(options["backbone_weights"]).name},
        )

    def _load(self) -> None:
        """Read an earlier run; without one, a resumed run is a new one."""
        if not self.readable.is_file():
            return
        try:
            content = json.loads(self.readable.read_text(encoding="utf-8"))
            earlier, epochs = dict(content["options"]), content.pop("epochs")
            reports = [ClipEpochReport(**epoch) for epoch in epochs]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise FormatError(
                f"{self.readable} is no record of a training run ({exc}); --overwrite begins anew"
            ) from exc
        check_same(earlier, as_text(self._options), self.readable)
        self._content = content
        if self.state.is_file():
            self.epochs = reports
        if self.is_complete and not self.output.is_file():
            raise UsageError(
                f"the run of {self.readable} is complete, but {self.output} is gone; --overwrite "
                "begins anew"
            )

    @rank_zero_only
    def _write(self) -> None:
        content = self._content | {"epochs": [asdict(epoch) for epoch in self.epochs]}
        with atomic_write(self.readable) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


class ImageTrainingRun:
    """The folder beside a checkpoint, ``<stem>.run``, with the state from which training can go on.

    Attributes:
        folder: beside the checkpoint.
        state: Lightning's checkpoint of the last whole epoch.
        last: metrics of the last whole epoch, None if there is none to go on from.
        weights: of the task after that epoch, averaged as they were validated.
    """

    def __init__(self, checkpoint: CheckpointOptions, identity: Mapping[str, str]) -> None:
        """Look for an earlier run; nothing is removed yet, see `begin`.

        Args:
            checkpoint: which one to write, and what becomes of an earlier run.
            identity: what must be the same in a run that is resumed.

        Raises:
            UsageError: there is an earlier run and nobody said what is to become of it, the one that is
                to be resumed was another, or nothing but its checkpoint is left.
            FormatError: its state cannot be read.
        """
        output = checkpoint.output
        self.folder = output.with_suffix(".run")
        self.state = self.folder / "last.ckpt"
        self.last: ImageEpochReport | None = None
        self.weights: Mapping[str, Tensor] = {}
        self._replaced: list[Path] = []
        if checkpoint.resume and self.state.is_file():
            self._load(identity)
        elif checkpoint.resume and output.exists() and not checkpoint.overwrite:
            raise UsageError(
                f"{output} is there, but not {self.state}: there is nothing to resume; --overwrite "
                "begins anew"
            )
        else:
            overwrite = checkpoint.overwrite or checkpoint.resume
            self._replaced = earlier_files([output, self.folder], overwrite)

    @property
    def resumed_from(self) -> str:
        """What there is of an earlier run, in words."""
        return describe_resumption(self.folder, None if self.last is None else self.last.epoch)

    @property
    def is_complete(self) -> bool:
        """Whether no epoch is left to train."""
        return self.last is not None and self.last.epoch >= self.last.epochs

    def begin(self) -> None:
        """Make room for a run that begins anew."""
        remove(self._replaced)

    def _load(self, identity: Mapping[str, str]) -> None:
        try:
            saved: dict[str, Any] = torch.load(self.state, map_location="cpu", weights_only=True)
            earlier, self.last = dict(saved["identity"]), ImageEpochReport(**saved["last"])
            self.weights = saved["state_dict"]
        except (
            OSError,
            RuntimeError,
            EOFError,
            pickle.UnpicklingError,
            KeyError,
            TypeError,
        ) as exc:
            raise FormatError(
                f"{self.state} is no state of a training on images ({exc!r}); --overwrite begins anew"
            ) from exc
        check_same(earlier, identity, self.state)


def resolve_machine(machine: Machine) -> Machine:
    """Return a machine with the device, readers and threads that it has here; torch gets the threads.

    Raises:
        DeviceError: the device cannot be used.
    """
    device = resolve_device(machine.device).type
    sharing = machine.devices if device == "cpu" else 1
    readers = cpu_threads() if device == "cuda" else 0
    threads = machine.threads or max(1, cpu_threads() // sharing)
    torch.set_num_threads(threads)
    return replace(
        machine,
        device=device,  # type: ignore[arg-type]
        workers=readers if machine.workers is None else machine.workers,
        threads=threads,
    )


def is_first_device() -> bool:
    """Return whether this process is the first of those that train together."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def keep_last_state(state: Path) -> ModelCheckpoint:
    """Return the callback that writes Lightning's checkpoint after each whole epoch."""
    return ModelCheckpoint(
        dirpath=state.parent,
        filename=state.stem,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )


def save_trained(
    checkpoint: CheckpointOptions,
    model: ExpressionModel,
    summary: TrainingSummary,
    config: ModelConfig,
) -> None:
    """Write a trained model as it was asked for.

    Args:
        checkpoint: where, as which type, and under which license.
        model: the weights.
        summary: how they came about.
        config: of the model, with what validation found.
    """
    dtype = getattr(torch, checkpoint.dtype)
    save_checkpoint(checkpoint.output, model, summary, checkpoint.license, dtype, config=config)


def describe_resumption(folder: Path, epoch: int | None) -> str:
    """Say what there is of an earlier run.

    Args:
        folder: of the run.
        epoch: its last whole one, None if it has none.
    """
    if epoch is not None:
        return f"resumed after epoch {epoch}"
    return f"there is no whole epoch of an earlier run in {folder}: training begins anew"


def check_output(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a checkpoint's name that no checkpoint can have, or that training itself reads.

    Args:
        output: the checkpoint to write.
        inputs: files that training starts from.

    Raises:
        UsageError: it has another ending, is a folder, or is one of the inputs.
    """
    if output.suffix != ".safetensors":
        raise UsageError(f"{output} must be the name of a .safetensors file")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name the checkpoint's file")
    if any(output.exists() and one.exists() and output.samefile(one) for one in inputs):
        raise UsageError(f"{output} is what training starts from; give its result another name")


def earlier_files(paths: Sequence[Path], overwrite: bool) -> list[Path]:
    """Return what there is of an earlier run, to be removed once the new one is sure to begin.

    Args:
        paths: of the run's files and folders.
        overwrite: whether it may be removed.

    Raises:
        UsageError: there is some, and it is not to be overwritten.
    """
    mine = [path for path in paths if path.exists()]
    if mine and not overwrite:
        raise UsageError(
            f"{mine[0]} is there already: --resume goes on with that run, --overwrite begins anew"
        )
    return mine


def remove(paths: Sequence[Path]) -> None:
    """Remove files, and folders with all that is in them."""
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def check_same(earlier: Mapping[str, str], now: Mapping[str, str], file: Path) -> None:
    """Refuse to go on with a run as another one.

    Args:
        earlier: options that the run began with, as text.
        now: those with which it is to be resumed.
        file: where the earlier ones were found.

    Raises:
        UsageError: some that may not change differ; all of these are named.
    """
    differing = [
        f"{name} was {earlier.get(name)} and is {now.get(name)}"
        for name in sorted(set(earlier) | set(now))
        if earlier.get(name) != now.get(name) and name not in MAY_CHANGE
    ]
    if differing:
        raise UsageError(
            f"the run of {file} had other options ({'; '.join(differing)}); give the same to resume it"
        )


def _describe(options: ClipTrainingOptions, found: float | None) -> str:
    rate = options.learning_rate or found or 0
    return (
        f"{options.variant} on {options.backbone}, {options.optimizer} {rate:.2g}, focal loss alpha "
        f"{options.loss.alpha:g} gamma {options.loss.gamma:g}, {options.sampling.batch_size} windows "
        f"a step, {options.epochs} epochs, seed {options.seed}"
    )
