"""The command line: a thin shell around the use cases, which are imported inside the commands."""

import os
import sys
from typing import Annotated, Final

import typer

from videxpr.annotation.batch.options import StatusCommand
from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.annotation.doctor.options import DoctorCommand
from videxpr.annotation.export.options import ExportCommand
from videxpr.annotation.options import AnnotateCommand, ConfigCommand, preset_base
from videxpr.cli.command_line import (
    CALL_ERROR,
    HELP_FLAGS,
    BuildByDefault,
    Group,
    add_command,
    call_error_text,
)
from videxpr.cli.message import print_error, print_message
from videxpr.cli.stop import Stopped, stoppable
from videxpr.core.errors import DownloadError, OutputError, TrainingError, VidexprError
from videxpr.core.version import VERSION
from videxpr.datasets.crops.options import CropsMakeCommand, CropsMeasureCommand
from videxpr.datasets.synthetic.options import SynthesizeCommand
from videxpr.evaluation.options import EvaluateCommand
from videxpr.evaluation.tune.options import TuneCommand
from videxpr.model.options import (
    ModelsDownloadCommand,
    ModelsImportCommand,
    ModelsListCommand,
    ModelsPackCommand,
    ModelsShowCommand,
)
from videxpr.report.overlay.options import OverlayCommand
from videxpr.report.page.options import ReportCommand
from videxpr.report.sheet.options import SheetCommand
from videxpr.submission.options import SubmissionBuildCommand, SubmissionCheckCommand
from videxpr.training.clips.options import TrainClipsCommand, recipe_base
from videxpr.training.images.options import TrainImagesCommand

FAILED: Final = 1
WRONG_USAGE: Final = 2

app = typer.Typer(
    name="videxpr",
    no_args_is_help=True,
    cls=Group,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=HELP_FLAGS,
    help="Annotate the facial expression of every frame of your videos.",
)
add_command(app, "annotate", AnnotateCommand, base=preset_base)
add_command(app, "status", StatusCommand)
add_command(app, "export", ExportCommand)
add_command(app, "report", ReportCommand)
add_command(app, "overlay", OverlayCommand)
add_command(app, "sheet", SheetCommand)
add_command(app, "evaluate", EvaluateCommand)
add_command(app, "synthesize", SynthesizeCommand)
train = typer.Typer(
    no_args_is_help=True, cls=Group, help="Train a model on labeled clips, or on labeled images."
)
train.callback()(lambda: None)
add_command(train, "clips", TrainClipsCommand, module="train:clips", base=recipe_base)
add_command(train, "images", TrainImagesCommand, module="train:images")
add_command(app, "tune", TuneCommand)
add_command(app, "config", ConfigCommand)
add_command(app, "benchmark", BenchmarkCommand, base=preset_base)
add_command(app, "doctor", DoctorCommand)
crops = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    help="Cut face crops out of videos; measure crops that somebody else made.",
)
crops.callback()(lambda: None)
add_command(crops, "make", CropsMakeCommand, module="crops:make")
add_command(crops, "measure", CropsMeasureCommand, module="crops:measure")
models = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    help="List, show, download, import and pack models: for expressions, and for finding faces.",
)
add_command(models, "list", ModelsListCommand, module="models:list_")
add_command(models, "show", ModelsShowCommand, module="models:show")
add_command(models, "download", ModelsDownloadCommand, module="models:download")
add_command(models, "import", ModelsImportCommand, module="models:import_")
add_command(models, "pack", ModelsPackCommand, module="models:pack")
app.add_typer(train, name="train")
submission = typer.Typer(
    cls=BuildByDefault,
    no_args_is_help=True,
    subcommand_metavar="[build] ANNOTATIONS | check FILE",
    help="Make a submission from annotations (the word build may be left out), or check one.",
)
add_command(submission, "build", SubmissionBuildCommand, module="submission:build")
add_command(submission, "check", SubmissionCheckCommand, module="submission:check")
app.add_typer(submission, name="submission")
app.add_typer(crops, name="crops")
app.add_typer(models, name="models")


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
    """Run the command line; what it raises on purpose becomes one line and an exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
    raise SystemExit(_run())


def _run() -> int:
    try:
        with stoppable():
            return app(standalone_mode=False) or 0
    except Stopped as stop:
        print_message(stop.text)
        return stop.code
    except CALL_ERROR as exc:
        if text := call_error_text(exc):
            print_error(text)
        return WRONG_USAGE
    except (DownloadError, OutputError, TrainingError) as exc:
        print_error(str(exc))
        return FAILED
    except VidexprError as exc:
        print_error(str(exc))
        return WRONG_USAGE
