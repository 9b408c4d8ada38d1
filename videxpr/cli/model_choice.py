"""Which expression model: what every command with ``-m`` says of it, and how it fetches one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from videxpr.core.errors import UsageError
from videxpr.model.options import ModelOptions

if TYPE_CHECKING:
    from videxpr.model.hub.download import Progress
    from videxpr.model.hub.resolve import ModelFile


def chosen_model(asked: str, quiet: bool = False) -> "ModelFile":
    """The weights that a user means; the license is told before a download, which a terminal shows."""
    from videxpr.model.hub.resolve import resolve_model

    def tell(what: str) -> None:
        if not quiet:
            typer.echo(what, err=True)

    with download_bar(asked, quiet) as progress:
        return resolve_model(asked, progress, tell)


def chosen_models(options: ModelOptions, quiet: bool = False) -> "list[ModelFile]":
    """Return the weights of several models, none of them twice.

    Raises:
        UsageError: one is given twice.
    """
    models: list[ModelFile] = []
    for name in options.models:
        file = chosen_model(name, quiet)
        if any(file.sha256 == other.sha256 for other in models):
            raise UsageError(f"model {name} is given twice; its probabilities would count twice")
        models.append(file)
    return models


@contextmanager
def download_bar(label: str, quiet: bool = False) -> "Iterator[Progress]":
    """A bar on standard error while a block runs, if that is a terminal."""
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
