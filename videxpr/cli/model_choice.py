"""Which expression model: what every command with ``-m`` does before torch is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from videxpr.core.options import RunOptions
from videxpr.model.options import ModelOptions

if TYPE_CHECKING:
    from videxpr.model.checkpoint import Checkpoint
    from videxpr.model.hub.download import Progress
    from videxpr.model.hub.resolve import ModelFile


def chosen_models(options: ModelOptions, quiet: bool = False) -> "list[ModelFile]":
    """Return the weights of several models, none of them twice.

    Args:
        options: which models.
        quiet: whether nothing is said of a download.

    Raises:
        UsageError: one is given twice.
        CheckpointError: one is not there, or is no checkpoint that this version reads.
    """
    from videxpr.model.hub.resolve import check_distinct

    models = [chosen_model(name, quiet) for name in options.models]
    check_distinct(models)
    return models


def chosen_model(asked: str, quiet: bool = False) -> "ModelFile":
    """Return the weights that a user means, once what they say of themselves has been read.

    The license is said before a download, which a terminal shows.

    Args:
        asked: as `videxpr.model.hub.resolve.resolve_model` takes it.
        quiet: whether nothing is said of a download.

    Raises:
        CheckpointError: it is not there, or is no checkpoint that this version reads.
    """
    from videxpr.model.header import read_card
    from videxpr.model.hub.resolve import resolve_model

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    with download_bar(asked, quiet) as progress:
        file = resolve_model(asked, progress, say)
    read_card(file)
    return file


def chosen_checkpoint(asked: str, run: RunOptions) -> "Checkpoint":
    """Load the model that a user means, ready for the CPU's cores or the device that was chosen.

    Args:
        asked: as `chosen_model` takes it.
        run: on which device, and whether nothing is said of a download.

    Raises:
        CheckpointError: it is not there, or is no checkpoint that this version reads.
        UsageError: there is no such device.
    """
    from videxpr.core.device import resolve_device, use_cpu_threads
    from videxpr.core.threads import cpu_threads
    from videxpr.model.checkpoint import load_checkpoint

    use_cpu_threads(cpu_threads())
    device = resolve_device(run.device)
    return load_checkpoint(chosen_model(asked, run.quiet), device)


@contextmanager
def download_bar(label: str, quiet: bool = False) -> "Iterator[Progress]":
    """Show a bar on standard error while a block runs, if that is a terminal."""
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.DownloadColumn())
    speed = (bars.TransferSpeedColumn(), bars.TimeRemainingColumn())
    hidden = quiet or not console.is_terminal
    with bars.Progress(*columns, *speed, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(label, total=None, visible=False)

        def update(completed: int, total: int | None) -> None:
            bar.update(task, completed=completed, total=total, visible=True)

        yield update
