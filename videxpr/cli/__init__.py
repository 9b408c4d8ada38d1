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
from videxpr.training.options import TrainClipsCommand, TrainImagesCommand, recipe_base

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
    "annotate",
    base=preset_base,
    help="""Write one expression for every frame of every video.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).""",
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
    "evaluate",
    help="""Score predictions against labels: macro F1 over eight expressions, as Aff-Wild2 has it.

    All labeled frames are pooled; a frame without a prediction counts as wrong.

    Exit code: 0, 1 if a file cannot be written, 2 if files are missing, broken, or do not belong
    together.""",
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
    "synthesize",
    help="""Make labeled sequences of single face crops, to train an encoder without labeled videos.

    A sequence is a row of expressions of 0.3 to 5 s, each shown by one or several images that move as
    a tracked face does, with hard and soft changes, missing and occluded faces, noise and compression.
    It is laid out like Aff-Wild2; nothing is overwritten.

    Exit code: 0 if all went well, 1 if the folder could not be written, 2 for wrong usage.""",
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
    "train:clips",
    base=recipe_base,
    help="""Train backbone and encoder on windows of frames, from Aff-Wild2's folders.

    The epoch with the best validation macro F1 is kept. Each default is what the paper says; a second
    one is what --recipe authors gives.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there.""",
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
    "train:images",
    help="""Train backbone and head on single face crops, one folder an expression.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there.""",
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
    "tune",
    help="""Choose smoothing, logit adjustment and stride on labeled videos, without decoding again.

    Every combination is scored on all frames, which flatters the best one. What choosing is worth is
    therefore measured on source videos that had no part in the choice; where it gains nothing, the
    settings of the Parquet files are kept.

    Exit code: 0, 1 if the settings cannot be written, 2 if files are missing, broken, or do not belong
    together; then no settings are written.""",
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
    "config",
    help="""Print the configuration that repeats a run, from a Parquet file that it wrote.

    The model stands in it by name and SHA-256, the detector as it was resolved.

    Exit code: 0, 1 if the file cannot be written, 2 if the Parquet file cannot be read.""",
    examples=(
        "videxpr config annotations/talk.parquet > run.toml",
        "videxpr annotate talk.mp4 --config run.toml",
    ),
)
add_command(
    app,
    "benchmark",
    BenchmarkCommand,
    "benchmark",
    base=preset_base,
    help="""Measure each stage of the pipeline by itself, the bound that they set, and the whole of it.

    Efficiency is the pipeline's speed over the bound: on a CPU the stages share the cores, and the
    bound is 1 / sum(1 / stage); on a GPU they overlap, and it is the slowest stage. The videos are
    annotated into a temporary folder; nothing is kept but the figures.

    Exit code: 0 if all went well, 1 if a video failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).""",
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
    "crops:make",
    help="""Cut the aligned face of the main person out of every frame of every video.

    The result is laid out like Aff-Wild2: put annotation files beside it and train, or annotate it.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).""",
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
    "crops:measure",
    help="""Measure to which geometry crops were aligned, and compare it with ArcFace's.

    Take the detector with which you will annotate: detectors differ among themselves by up to a pixel.
    Give the file to train clips --geometry, so that annotate aligns raw video in the same way.

    Exit code: 0, 1 if a file cannot be written, 2 for wrong usage, such as a folder that is not
    there.""",
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
    "models:list_",
    help="""List the expression models of the package's registry and of yours, and all detectors.

    Exit code: 0, 2 if your registry cannot be read.""",
    examples=("videxpr models list", "videxpr models list --detector-dir /shared/insightface"),
)
add_command(
    models,
    "show",
    ModelsShowCommand,
    "models:show",
    help="""Show what a model is, how it came about, its license and its hash.

    A model of the Hub is downloaded first.

    Exit code: 0, 1 if a download fails, 2 if there is no such model or it cannot be read.""",
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
    "models:download",
    help="""Download a model, so that no network is needed later; its hash is checked.

    The detector packs, insightface's, are for non-commercial research only.

    Exit code: 0, 1 if the download fails, 2 if there is no such model.""",
    examples=("videxpr models download buffalo_l", "videxpr models download hf:OWNER/REPO@v1"),
)
add_command(
    models,
    "import",
    ModelsImportCommand,
    "models:import_",
    help="""Turn a checkpoint of the method's authors into one of videxpr.

    Only tensors and plain values are unpickled; a file with other objects is refused, and the error
    says how to strip it. The variant is found from the parameters' names.

    Exit code: 0, 1 if the file cannot be written, 2 if the checkpoint cannot be read.""",
    examples=(
        "videxpr models import only_trans.ckpt paper.safetensors",
        "videxpr models import a.ckpt a.safetensors --geometry affwild2.json --dtype float16",
    ),
)
add_command(
    models,
    "pack",
    ModelsPackCommand,
    "models:pack",
    help="""Make a folder fit for the Hugging Face Hub: weights, configuration and a model card.

    The card is filled from what the checkpoint says of itself; read it, and add what only you know,
    before you share it. The folder works as -m DIR too.

    Exit code: 0, 1 if a file cannot be written or is there already, 2 if the checkpoint or a report
    cannot be read.""",
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
    "submission:build",
    help="""Make a submission: exactly the template's rows, each with a label from 0 to 7.

    Beside it, changes.csv lists every frame that was padded, cut or filled; it is not sent.

    Exit code: 0 if all is written, 1 if a file cannot be written, 2 if the input is wrong or lacks a
    video (all that it lacks are named); then nothing is written.""",
    examples=(
        "videxpr submission annotations/ --template template.txt --edition 10",
        "videxpr submission build annotations/ --template template.txt --edition 3 -o submission",
    ),
)
add_command(
    submission,
    "check",
    SubmissionCheckCommand,
    "submission:check",
    help="""Check anybody's submission and list all that is wrong with it, by line.

    Exit code: 0 if nothing is wrong, 1 if something is, 2 if it cannot be checked.""",
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
