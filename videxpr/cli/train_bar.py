"""The bar that ``videxpr train`` shows on a terminal."""

from typing import Any

from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class TrainingBar(Callback):
    """One bar over all epochs: which one it is, the last loss and macro F1, the time left."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._task: TaskID | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        total = trainer.max_epochs * trainer.num_training_batches
        done = trainer.current_epoch * trainer.num_training_batches
        self._task = self._progress.add_task("", total=total, completed=done, figures="")
        self._progress.start()
        self._show(trainer, "training")

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        if self._task is not None:
            self._progress.advance(self._task)
        self._show(trainer, "training")

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self._show(trainer, "validation")

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._progress.stop()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._progress.stop()

    def _show(self, trainer: Any, phase: str) -> None:
        if self._task is None:  # the finder trains too, without this bar
            return
        names = {"loss": "loss", "macro_f1": "macro F1"}
        known = trainer.callback_metrics
        figures = [f"{names[n]} {float(known[n]):.3f}" for n in names if n in known]
        epoch = min(trainer.current_epoch + 1, trainer.max_epochs)
        description = f"{phase}, epoch {epoch}/{trainer.max_epochs}"
        self._progress.update(self._task, description=description, figures=", ".join(figures))
