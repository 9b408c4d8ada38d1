"""What ``videxpr train`` does once its options are known."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.callbacks import RichProgressBar
from rich.console import Console

from videxpr.device import cpu_threads
from videxpr.train import train_stills
from videxpr.train.options import EpochReport, StillsOptions


@dataclass(frozen=True)
class TrainRequest:
    """The options of ``videxpr train`` as the user gave them."""

    stills: Path
    output: Path
    split: Path | None
    initial: Path | None
    epochs: int
    size: int
    grey: bool
    batch_size: int
    learning_rate: float
    balance: float
    precision: str
    workers: int
    seed: int
    data: str
    licence: str


def run(request: TrainRequest) -> None:
    """Train, with a bar on a terminal and a line an epoch everywhere."""
    warnings.filterwarnings("ignore", module=r"lightning|torch")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    console = Console(highlight=False)
    options = StillsOptions(
        epochs=request.epochs,
        size=request.size,
        grey=request.grey,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        balance=request.balance,
        precision=request.precision,
        workers=request.workers,
        threads=cpu_threads(),
        seed=request.seed,
    )

    def show(report: EpochReport) -> None:
        console.print(
            f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.3f}, validation accuracy "
            f"{report.accuracy:.3f}, macro F1 {report.macro_f1:.3f}"
        )

    result = train_stills(
        request.stills,
        request.output,
        split=request.split,
        initial=request.initial,
        options=options,
        data=request.data,
        licence=request.licence,
        on_epoch=show,
        callbacks=[RichProgressBar()] if console.is_terminal else [],
    )
    console.print(
        f"wrote {result.checkpoint}: {result.train_images} training images, "
        f"{result.validation_images} validation images"
    )
