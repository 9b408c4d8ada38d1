"""What ``videxpr train`` shows: the data that it found, a bar on a terminal, a line an epoch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo, class_counts
from videxpr.training.run import ClipEpochReport, EpochReport

NAMES_SHOWN: Final = 20
"""Of a long list of names."""


def data_table(data: AffWild2Data, parts: Mapping[Split, Sequence[LabeledVideo]]) -> Table:
    """Return a table of the videos, frames, labels and classes of each split."""
    crops = ", ".join(map(str, data.layout.crops))
    table = Table(
        title=f"annotations {data.layout.annotations}, crops {crops}", title_justify="left"
    )
    table.add_column("")
    for split in parts:
        table.add_column(split, justify="right")
    columns = [_sizes(videos) for videos in parts.values()]
    for row, name in enumerate(("videos", "frames", "labeled", "labeled, with a crop")):
        table.add_row(name, *(f"{column[row]:,}" for column in columns), end_section=row == 3)
    counts = [class_counts(videos) for videos in parts.values()]
    for label, name in enumerate(EXPRESSIONS):
        table.add_row(name, *(f"{count[label]:,}" for count in counts))
    return table


def _sizes(videos: Sequence[LabeledVideo]) -> list[int]:
    """Return the number of videos, of frames, of labeled ones, and of those with a crop."""
    frames, labeled = sum(v.lines for v in videos), sum(v.labeled for v in videos)
    return [len(videos), frames, labeled, sum(map(len, videos))]


def unmatched_names(data: AffWild2Data) -> Iterator[str]:
    """Yield a line of names without a counterpart, and of crops without a label."""
    videos = [video for members in data.videos.values() for video in members]
    yield from _listed("annotated, but without crops", [v.name for v in videos if not v.folders])
    none_usable = [v.name for v in videos if v.folders and v.labeled and not len(v)]
    yield from _listed("labeled, but no labeled frame has a crop", none_usable)
    yield from _listed("crops without annotation (the test set's have none)", data.crops_only)
    beyond = [f"{v.name} ({v.beyond})" for v in videos if v.beyond]
    yield from _listed("crops beyond the last line of the annotation", beyond)
    others = [f"{v.name} ({v.others})" for v in videos if v.others]
    yield from _listed("images among the crops that are of no frame", others)


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        yield f"{what}: {len(names)}: {', '.join(names[:NAMES_SHOWN])}{more}"


def epoch_line(report: EpochReport) -> str:
    """Return an epoch in a line."""
    loss = f"loss {report.loss:.4f}, " if report.epochs else ""
    rate = (
        f", learning rate {report.learning_rate:.3g}" if isinstance(report, ClipEpochReport) else ""
    )
    return (
        f"epoch {report.epoch}/{report.epochs}: {loss}validation macro F1 {report.macro_f1:.4f}, "
        f"accuracy {report.accuracy:.4f}{rate}"
    )


class TrainingBar(Callback):
    """One bar over all epochs: which one it is, the last loss and macro F1, the time left.

    Nothing is shown but on a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[metrics]}"),
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
        self._task = self._progress.add_task("", total=total, completed=done, metrics="")
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
        metrics = [f"{names[n]} {float(known[n]):.3f}" for n in names if n in known]
        epoch = min(trainer.current_epoch + 1, trainer.max_epochs)
        description = f"{phase}, epoch {epoch}/{trainer.max_epochs}"
        self._progress.update(self._task, description=description, metrics=", ".join(metrics))
