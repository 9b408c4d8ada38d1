"""Small training runs for tests, also as a program of their own: see `main`.

python tests/training.py first-step TREE OUT DEVICES
"""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback
from trees import Planted, runs, write_tree

from videxpr.core.config import with_values
from videxpr.core.errors import TrainingError
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import read_affwild2
from videxpr.training.clips.fit import train_on_clips
from videxpr.training.clips.options import RECIPES
from videxpr.training.options import CheckpointOptions, Machine
from videxpr.training.run import ClipEpochReport

SMALL = {
    "backbone": "regnet_y_400mf",
    "backbone-weights": "none",
    "freeze": "none",
    "learning-rate": 1e-3,
    "batch-size": 2,
    "epochs": 3,
}
"""A recipe that takes a second an epoch on `small_tree`."""


def small_tree(root: Path) -> Path:
    """Four training videos and two validation videos of 32 px crops."""
    planted = [
        Planted(f"v{n}", "Train_Set", runs((n % 8, 40), ((n + 1) % 8, 24 + 9 * n)))
        for n in range(4)
    ]
    planted += [Planted(f"w{n}", "Validation_Set", runs((n, 50), (n + 1, 30))) for n in range(2)]
    return write_tree(root, planted, size=32)


def train_small(
    tree: Path,
    output: Path,
    *,
    choices: dict[str, Any] | None = None,
    devices: int = 1,
    workers: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
    **more: Any,
) -> ClipEpochReport:
    """Train on a tree by the paper's recipe made small; choices are by the names of flags."""
    warnings.filterwarnings("ignore", module=r"lightning|torch")
    return train_on_clips(
        read_affwild2(find_layout(tree)).videos,
        CheckpointOptions(output, resume=resume, overwrite=overwrite),
        options=with_values(RECIPES["paper"], SMALL | (choices or {})),
        machine=Machine("cpu", devices=devices, workers=workers, threads=1),
        callbacks=callbacks,
        **more,
    )


class Killed(Callback):
    """Kills its own process, as a cluster or a power cut does, at one point of a run."""

    def __init__(self, hook: str, epoch: int, step: int = 0) -> None:
        self.point = hook, epoch, step

    def _reached(self, hook: str, epoch: int, step: int) -> None:
        if self.point == (hook, epoch, step):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_train_batch_end(self, trainer: Any, _: Any, __: Any, ___: Any, step: int) -> None:
        self._reached("step", trainer.current_epoch, step)

    def on_validation_batch_start(self, trainer: Any, _: Any, __: Any, step: int) -> None:
        self._reached("validation", trainer.current_epoch, step)

    def on_save_checkpoint(self, trainer: Any, _: Any, __: Any) -> None:
        self._reached("saving", trainer.current_epoch, 0)


def killed_run(tree: Path, output: Path, hook: str, epoch: int, step: int) -> None:
    """A run that dies at that point; for a process of its own."""
    train_small(tree, output, callbacks=[Killed(hook, epoch, step)], resume=True,
                choices={"plateau": True})  # fmt: skip


class _FirstStep(Callback):
    """Writes loss and gradients of the first step, BatchNorm in evaluation mode, and stops."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.loss = float("nan")

    def on_train_batch_start(self, _: Any, task: Any, *__: Any) -> None:
        task.model.backbone.eval()

    def on_before_backward(self, trainer: Any, _: Any, loss: torch.Tensor) -> None:
        self.loss = float(trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean"))

    def on_before_optimizer_step(self, trainer: Any, task: Any, _: Any) -> None:
        gradients = {name: p.grad for name, p in task.named_parameters() if p.grad is not None}
        if trainer.is_global_zero:
            torch.save({"loss": torch.tensor(self.loss)} | gradients, self.file)

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        trainer.should_stop = True
        trainer.limit_val_batches = 0


def first_step(tree: Path, out: Path, devices: int) -> None:
    """A run that is stopped after its first step, which is written down."""
    with suppress(TrainingError):  # stopped before its first epoch ended
        train_small(
            tree,
            out / f"m{devices}.safetensors",
            choices={"batch-size": 4, "dropout": 0.0, "augment": "none"},
            devices=devices,
            callbacks=[_FirstStep(out / f"gradients{devices}.pt")],
        )


def main(what: str, tree: str, out: str, devices: str) -> None:
    """What a test runs in processes of its own."""
    assert what == "first-step"
    first_step(Path(tree), Path(out), int(devices))


if __name__ == "__main__":
    main(*sys.argv[1:])
