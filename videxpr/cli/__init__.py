"""The command line: a thin shell around the use cases, which are imported inside the commands."""

from typing import Annotated, Final

import typer

from videxpr.annotation.benchmark.options import BenchmarkCommand
from videxpr.annotation.options import AnnotateCommand, ConfigCommand, preset_base
from videxpr.cli.command_line import BuildByDefault, Group, add_command
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
    help="Annotate the facial expression of every frame of your videos.",
)
add_command(
    app,
    "annotate",
    AnnotateCommand,
    base=preset_base,
    examples=(
        "videxpr annotate folder/ -o annotations",
        "videxpr annotate talk.mp4 --people 2 -f parquet,csv",
        "videxpr annotate @test.lst -m mine.safetensors --template template.txt",
    ),
)
add_command(
    app,
    "evaluate",
    EvaluateCommand,
    examples=(
        "videxpr evaluate annotations/ EXPR_Set/Validation_Set",
        "videxpr evaluate ours/ labels/ --against theirs/ --json evaluation.json",
        "videxpr evaluate --images faces/ --split split.csv -m mine.safetensors",
    ),
)
add_command(
    app,
    "synthesize",
    SynthesizeCommand,
    examples=(
        "videxpr synthesize faces/ --split split.csv -o synthetic",
        "videxpr train clips synthetic --backbone-weights mine.safetensors --freeze block4",
    ),
)
train = typer.Typer(
    no_args_is_help=True, cls=Group, help="Train a model on labeled clips, or on labeled images."
)
train.callback()(lambda: None)
add_command(
    train,
    "clips",
    TrainClipsCommand,
    module="train:clips",
    base=recipe_base,
    examples=(
        "videxpr train clips Aff-Wild2/ --geometry affwild2.json -o mine.safetensors",
        "videxpr train clips Aff-Wild2/ --recipe authors --variant attention -o theirs.safetensors",
        "videxpr train clips Aff-Wild2/ --folds 1/5 --freeze block4 --augment none",
    ),
)
add_command(
    train,
    "images",
    TrainImagesCommand,
    module="train:images",
    examples=(
        "videxpr train images faces/ --split split.csv -o mine.safetensors",
        "videxpr train images faces/ --backbone-weights imagenet --mixup 0.2 --oversample 'web_*=5'",
        "videxpr train images faces/ --initial a.safetensors --initial b.safetensors --epochs 0",
    ),
)
add_command(
    app,
    "tune",
    TuneCommand,
    examples=(
        "videxpr tune annotations/ EXPR_Set/Validation_Set -o tuned.toml",
        "videxpr tune annotations/ labels/ -m mine.safetensors --stride 8,16,32",
        "videxpr annotate videos/ --config tuned.toml",
    ),
)
add_command(
    app,
    "config",
    ConfigCommand,
    examples=(
        "videxpr config annotations/talk.parquet > run.toml",
        "videxpr annotate talk.mp4 --config run.toml",
    ),
)
add_command(
    app,
    "benchmark",
    BenchmarkCommand,
    base=preset_base,
    examples=(
        "videxpr benchmark talk.mp4",
        "videxpr benchmark talk.mp4 --device cuda --batch-size 64 --json figures.json",
    ),
)
crops = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    help="Cut face crops out of videos; measure crops that somebody else made.",
)
crops.callback()(lambda: None)
add_command(
    crops,
    "make",
    CropsMakeCommand,
    module="crops:make",
    examples=(
        "videxpr crops make videos/ -o crops",
        "videxpr crops make talk.mp4 --people 2 --size 224",
        "videxpr crops make videos/ --geometry measured_geometry.json",
    ),
)
add_command(
    crops,
    "measure",
    CropsMeasureCommand,
    module="crops:measure",
    examples=(
        "videxpr crops measure cropped_aligned/",
        "videxpr crops measure cropped_aligned/ -o affwild2.json --plot crops.png",
    ),
)
models = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    help="List, show, download, import and pack models: for expressions, and for finding faces.",
)
add_command(
    models,
    "list",
    ModelsListCommand,
    module="models:list_",
    examples=("videxpr models list", "videxpr models list --detector-dir /shared/insightface"),
)
add_command(
    models,
    "show",
    ModelsShowCommand,
    module="models:show",
    examples=(
        "videxpr models show starter",
        "videxpr models show mine.safetensors",
        "videxpr models show buffalo_l",
    ),
)
add_command(
    models,
    "download",
    ModelsDownloadCommand,
    module="models:download",
    examples=("videxpr models download buffalo_l", "videxpr models download hf:OWNER/REPO@v1"),
)
add_command(
    models,
    "import",
    ModelsImportCommand,
    module="models:import_",
    examples=(
        "videxpr models import only_trans.ckpt paper.safetensors",
        "videxpr models import a.ckpt a.safetensors --geometry affwild2.json --dtype float16",
    ),
)
add_command(
    models,
    "pack",
    ModelsPackCommand,
    module="models:pack",
    examples=(
        "videxpr models pack mine.safetensors -o packed",
        "videxpr models pack mine.safetensors -o packed --report report.json",
        "hf upload OWNER/REPO packed",
    ),
)
app.add_typer(train, name="train")
submission = typer.Typer(
    cls=BuildByDefault,
    no_args_is_help=True,
    subcommand_metavar="[build] ANNOTATIONS | check FILE",
    help="Make a submission from annotations (the word build may be left out), or check one.",
)
add_command(
    submission,
    "build",
    SubmissionBuildCommand,
    module="submission:build",
    examples=(
        "videxpr submission annotations/ --template template.txt --edition 10",
        "videxpr submission build annotations/ --template template.txt --edition 3 -o submission",
    ),
)
add_command(
    submission,
    "check",
    SubmissionCheckCommand,
    module="submission:check",
    examples=(
        "videxpr submission check submission/predictions.txt --template template.txt",
        "videxpr submission check texts.zip --template names.txt --edition 3",
    ),
)
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
    """Run the command line; errors of videxpr become one line and an exit code."""
    try:
        app()
    except (DownloadError, OutputError, TrainingError) as exc:
        typer.echo(f"error: {exc}", err=True)
        raise SystemExit(FAILED) from None
    except VidexprError as exc:
        typer.echo(f"error: {exc}", err=True)
        raise SystemExit(WRONG_USAGE) from None
