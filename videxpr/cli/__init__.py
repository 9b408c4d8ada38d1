"""The command line: a thin shell around the use cases, which are imported inside the commands."""

from typing import Annotated, Final

import typer

from videxpr.cli import crops, models, submission
from videxpr.cli.annotate import annotate
from videxpr.cli.benchmark import benchmark
from videxpr.cli.crop import crop
from videxpr.cli.evaluate import evaluate
from videxpr.cli.stitch import stitch
from videxpr.cli.train import train
from videxpr.cli.tune import tune
from videxpr.core.errors import DownloadError, OutputError, TrainingError, VidexprError
from videxpr.core.version import VERSION

FAILED: Final = 1
WRONG_USAGE: Final = 2

app = typer.Typer(
    name="videxpr",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Annotate the facial expression of every frame of your videos.",
)
app.command()(annotate)
app.command()(crop)
app.command()(evaluate)
app.command()(stitch)
app.command()(train)
app.command()(tune)
app.command()(benchmark)
app.add_typer(submission.app, name="submission")
app.add_typer(crops.app, name="crops")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"videxpr {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Annotate the facial expression of every frame of your videos."""


def main() -> None:
    """Run the command line; errors of videxpr become one line and an exit code."""
    try:
        app()
    except (DownloadError, OutputError, TrainingError) as exc:
        typer.echo(f"error: {exc}", err=True)
        raise SystemExit(FAILED) from None
    except VidexprError as exc:
        typer.echo(f"error: {exc}", err=True)
        raise SystemExit(WRONG_USAGE) from None
