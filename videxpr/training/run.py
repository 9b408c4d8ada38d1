"""What is kept of a training run: its checkpoint, its record, and the state to go on from."""

import json
import pickle
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only

from videxpr.core.device import resolve_device
from videxpr.core.errors import FormatError, UsageError
from videxpr.core.files import atomic_write, unreadable_reason
from videxpr.core.threads import cpu_threads
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel
from videxpr.training.options import CheckpointOptions, Machine


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """What one epoch gave.

    Attributes:
        epoch: from 1.
        epochs: that there will be.
        loss: mean over its steps, or over the labeled frames of its windows.
        accuracy: on validation.
        macro_f1: on validation, without logit adjustment: of images over the trained classes, of
            windows over all eight.
        temperature: at which the labels of validation are likeliest.
        logit_adjustment: strength with which the macro F1 would be highest.
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    macro_f1: float
    temperature: float
    logit_adjustment: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ClipEpochReport(EpochReport):
    """What one epoch on clips gave.

    Attributes:
        frames: labeled frames of validation that were counted.
        adjusted_macro_f1: the macro F1 with logit adjustment.
        learning_rate: of the epoch's last step.
    """

    frames: int
    adjusted_macro_f1: float
    learning_rate: float


Report = TypeVar("Report", bound=EpochReport)

STATE: Final = "last.ckpt"
"""Lightning's checkpoint, in the folder of the run."""

MAY_CHANGE: Final = frozenset({"epochs", "patience"})
"""Options that a run may be resumed with although it began with others."""


class TrainingRun(Generic[Report]):
    """The files of a run: the checkpoint, a readable record, and the folder ``<stem>.run``.

    Only the first of several devices writes.

    Attributes:
        output: the checkpoint.
        record: what the run is, and its epochs, as JSON.
        folder: all else that belongs to the run.
        state: Lightning's checkpoint, of the last whole epoch or of the middle of the one after it.
        epochs: of this run up to that state, in order.
        facts: what the record says besides.
    """

    def __init__(
        self,
        checkpoint: CheckpointOptions,
        record: Path,
        kind: type[Report],
        *,
        options: Mapping[str, str],
        inputs: Mapping[str, str],
    ) -> None:
        """Look for an earlier run; nothing is removed yet, see `begin`.

        Args:
            checkpoint: which one to write, and what becomes of an earlier run.
            record: the file; in the folder ``<stem>.run`` or beside the checkpoint.
            kind: of the epochs' reports.
            options: every choice of the recipe, as text.
            inputs: digests of what else must be the same in a run that is resumed.

        Raises:
            UsageError: there is an earlier run and nobody said what is to become of it, the one that is
                to be resumed was another, or its record is gone.
            FormatError: it cannot be read.
        """
        self.output = checkpoint.output
        self.record = record
        self.folder = run_folder(self.output)
        self.state = self.folder / STATE
        self.epochs: list[Report] = []
        self.facts: dict[str, Any] = {}
        self._checkpoint = checkpoint
        self._identity = {"options": dict(options), "inputs": dict(inputs)}
        self._replaced: list[Path] = []
        self._on_epoch: Callable[[Report], None] = lambda report: None
        if checkpoint.resume and record.is_file():
            self._load(kind)
        else:
            self._replaced = replaced_files(checkpoint, record)

    @property
    def best(self) -> Report | None:
        """The epoch of the highest macro F1, the earliest if there are several."""
        return max(self.epochs, key=lambda epoch: epoch.macro_f1, default=None)

    @property
    def last(self) -> Report | None:
        """The last whole epoch, None if there is none to go on from."""
        return self.epochs[-1] if self.epochs else None

    def begin(
        self, notify: Callable[[str], None], on_epoch: Callable[[Report], None], **facts: Any
    ) -> None:
        """Write what the run is, before its first step, in place of one that is begun anew.

        Args:
            notify: called with what there is of an earlier run, if one is to be resumed.
            on_epoch: called after every epoch, on the first device only.
            facts: for the record, to be read by people.
        """
        self._on_epoch = on_epoch
        for path in self._replaced:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        stated = {"data": self._checkpoint.data, "license": self._checkpoint.license}
        self.note(**self._identity, **stated, **facts)
        if self._checkpoint.resume:
            whole = f"after epoch {self.last.epoch}" if self.last else "in epoch 1"
            notify(
                f"resumed {whole}"
                if self.state.is_file()
                else f"there is no state of an earlier run in {self.folder}: training begins anew"
            )

    @rank_zero_only
    def note(self, **facts: Any) -> None:
        """Put facts into the record."""
        self.facts |= facts
        content = self.facts | {"epochs": [asdict(epoch) for epoch in self.epochs]}
        with atomic_write(self.record) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def add(self, report: Report) -> None:
        """Take note of an epoch."""
        self.epochs = [one for one in self.epochs if one.epoch < report.epoch] + [report]
        self.note()
        if is_first_device():
            self._on_epoch(report)

    @rank_zero_only
    def save(
        self,
        model: ExpressionModel,
        report: EpochReport,
        *,
        recipes: Sequence[str],
        images: int,
        epochs: int,
    ) -> None:
        """Write a trained model as it was asked for.

        Args:
            model: the weights.
            report: of the epoch that left it so.
            recipes: how the weights came about, in words, one stage after another.
            images: number of training images, or of labeled frames.
            epochs: passes over them.
        """
        config = replace(
            model.config,
            logit_adjustment=report.logit_adjustment,
            temperature=report.temperature,
        )
        summary = TrainingSummary(
            data=self._checkpoint.data,
            recipe="; ".join(filter(None, recipes)),
            images=images,
            epochs=epochs,
            validation_accuracy=report.accuracy,
            validation_macro_f1=report.macro_f1,
            options=self._identity["options"],
        )
        dtype = getattr(torch, self._checkpoint.dtype)
        save_checkpoint(self.output, model, summary, self._checkpoint.license, dtype, config=config)

    def read_state(self) -> dict[str, Any]:
        """Return the weights of Lightning's checkpoint, and how many whole epochs are behind them.

        Raises:
            FormatError: it cannot be read.
        """
        try:
            state = torch.load(self.state, map_location="cpu", weights_only=True)
            progress = state["loops"]["fit_loop"]["epoch_progress"]["current"]
            return {"epochs": progress["processed"], "state_dict": state["state_dict"]}
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError) as exc:
            reason = unreadable_reason(exc) if isinstance(exc, OSError) else "it is damaged"
            raise FormatError(
                f"{self.state} is no state of a training run ({reason}); --overwrite begins anew"
            ) from exc

    def _load(self, kind: type[Report]) -> None:
        try:
            self.facts = json.loads(self.record.read_text(encoding="utf-8"))
            earlier = self.facts["options"] | self.facts["inputs"]
            reports = [kind(**epoch) for epoch in self.facts["epochs"]]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise FormatError(
                f"{self.record} is no record of a training run ({exc}); --overwrite begins anew"
            ) from exc
        now = self._identity["options"] | self._identity["inputs"]
        differing = [
            f"{name} was {earlier.get(name)} and is {now.get(name)}"
            for name in sorted(earlier.keys() | now.keys())
            if earlier.get(name) != now.get(name) and name not in MAY_CHANGE
        ]
        if differing:
            raise UsageError(
                f"the run of {self.record} had other options or data ({'; '.join(differing)}); give "
                "the same to resume it, or begin anew with --overwrite"
            )
        if self.state.is_file():  # the record may be an epoch ahead of it
            whole = self.read_state()["epochs"]
            self.epochs = [one for one in reports if one.epoch <= whole]


def replaced_files(checkpoint: CheckpointOptions, record: Path) -> list[Path]:
    """Return what is there of an earlier run, in whose place this one begins: nothing if it goes on.

    Raises:
        UsageError: nobody said what is to become of it.
    """
    if not is_first_device() or (checkpoint.resume and record.is_file()):
        return []
    output, folder = checkpoint.output, run_folder(checkpoint.output)
    replaced = [path for path in (output, record, folder) if path.exists()]
    if checkpoint.overwrite:
        return replaced
    there = [path for path in replaced if path != folder or (folder / STATE).exists()]
    if checkpoint.resume and there:
        raise UsageError(
            f"{there[0]} is there, but not {record}: there is nothing to resume; --overwrite begins "
            "anew"
        )
    if replaced and not checkpoint.resume:
        raise UsageError(
            f"{replaced[0]} is there already: --resume goes on with that run, --overwrite begins anew"
        )
    return replaced


def run_folder(output: Path) -> Path:
    """Return where the state of a run lies, beside its checkpoint."""
    return output.with_suffix(".run")


def check_output(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a checkpoint's name that is a folder's, or that training itself reads.

    Args:
        output: the checkpoint to write.
        inputs: files that training starts from.

    Raises:
        UsageError: it is a folder, or is one of the inputs.
    """
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name the checkpoint's file")
    if any(output.exists() and one.exists() and output.samefile(one) for one in inputs):
        raise UsageError(f"{output} is what training starts from; give its result another name")


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


def make_trainer(machine: Machine, **choices: Any) -> lightning.Trainer:
    """Return Lightning's trainer, silent and without its own samplers; `choices` are its arguments."""
    return lightning.Trainer(
        accelerator=machine.accelerator,
        precision=machine.precision_or_default,  # type: ignore[arg-type]
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_checkpointing=False,  # `StateKeeper` does it
        enable_progress_bar=False,
        use_distributed_sampler=False,
        **choices,
    )


class StateKeeper(Callback):
    """Writes Lightning's checkpoint after each whole epoch and, if asked, in the middle of long ones.

    Args:
        state: the file.
        seconds: between two of them within an epoch; None writes none there.
    """

    def __init__(self, state: Path, seconds: float | None = None) -> None:
        self.state = state
        self.seconds = seconds
        self._kept = time.monotonic()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        due = self.seconds is not None and time.monotonic() - self._kept >= self.seconds
        if due and not trainer.is_last_batch:  # what comes after that one is the epoch's own
            self._keep(trainer)

    def on_train_epoch_end(self, trainer: lightning.Trainer, _: Any) -> None:
        self._keep(trainer)

    def _keep(self, trainer: lightning.Trainer) -> None:
        trainer.save_checkpoint(self.state)
        self._kept = time.monotonic()
