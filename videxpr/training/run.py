"""What is kept of a training run: checkpoint, readable file, and the state to go on from."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import torch
from lightning.pytorch.utilities import rank_zero_only

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.files import atomic_write
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import BackboneStart
from videxpr.training.clips.module import ClipEpochReport
from videxpr.training.options import ClipTrainingOptions

MAY_CHANGE: Final = frozenset({"epochs", "patience"})
"""Options that a run may be resumed with although it began with others."""


class Record:
    """The files of one run: ``<output>``, ``<stem>.training.json`` and the folder ``<stem>.run``.

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

    def __init__(
        self,
        output: Path,
        options: ClipTrainingOptions,
        data: str,
        license: str,
        dtype: torch.dtype = torch.float32,
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.output = output
        self.readable = output.with_suffix(".training.json")
        self.folder = output.with_suffix(".run")
        self.state = self.folder / "state" / "last.ckpt"
        self.options = options
        self.data = data
        self.license = license
        self.dtype = dtype
        self._frames = 0
        self._start: BackboneStart | None = None
        self._content: dict[str, Any] = {}
        self.epochs: list[ClipEpochReport] = []
        self._replaced: list[Path] = []
        check_output(output, [Path(options.backbone_weights)])
        if resume:
            self._recall()
        elif is_first_device():
            self._replaced = earlier_files([output, self.readable, self.folder], overwrite)

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
    def beginning(self) -> str:
        """What there is of an earlier run, in words."""
        return beginning(self.folder, self.epochs[-1].epoch if self.epochs else None)

    @property
    def is_complete(self) -> bool:
        """Whether no epoch is left to train."""
        if not self.epochs or self.best is None:
            return False
        last, patience = self.epochs[-1].epoch, self.options.patience
        tired = patience is not None and last - self.best.epoch >= patience
        return last >= self.options.epochs or tired

    def begin(
        self, config: ModelConfig, start: BackboneStart, frames: int, fingerprint: str
    ) -> None:
        """Write what the run is, before its first step, in place of one that is begun anew.

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
        found = self._content.get("learning_rate_found")
        self._content = {
            "options": self.options.as_text(),
            "model": asdict(config),
            "data": self.data,
            "license": self.license,
            "backbone_started_from": start.description,
            "training_frames": frames,
            "data_sha256": fingerprint,
        }
        if found is not None:
            self._content["learning_rate_found"] = found
        self._write()

    def add(self, report: ClipEpochReport, model: ExpressionModel) -> None:
        """Take note of an epoch, and keep the model if it is better than before."""
        self.epochs = [one for one in self.epochs if one.epoch < report.epoch] + [report]
        if self.best is report:
            found = replace(
                model.config,
                logit_adjustment=report.logit_adjustment,
                temperature=report.temperature,
            )
            summary = self._summary(report)
            save_checkpoint(self.output, model, summary, self.license, self.dtype, config=found)
        self._write()

    def _summary(self, report: ClipEpochReport) -> TrainingSummary:
        earlier = self._start.recipe if self._start else ""
        own = _describe(self.options, self.learning_rate)
        options = self.options.as_text()
        return TrainingSummary(
            data=self.data,
            recipe="; ".join(filter(None, (earlier, own))),
            images=self._frames,
            epochs=report.epoch,
            validation_accuracy=report.accuracy,
            validation_macro_f1=report.macro_f1,
            options=options | {"backbone_weights": Path(options["backbone_weights"]).name},
        )

    def _recall(self) -> None:
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
        check_same(earlier, self.options.as_text(), self.readable)
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


def is_first_device() -> bool:
    """Whether this process is the first of those that train together."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def beginning(folder: Path, epoch: int | None) -> str:
    """What there is of an earlier run, in words: its folder, and its last whole epoch if it has one."""
    if epoch is not None:
        return f"resumed after epoch {epoch}"
    return f"there is no whole epoch of an earlier run in {folder}: training begins anew"


def check_output(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse a checkpoint's name that no checkpoint can have, or that training itself reads.

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
    """What is there of an earlier run, to be removed once it is sure that the new one can begin.

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
