"""``videxpr evaluate``: predictions, or a model, against labels."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from videxpr.evaluation.options import EvaluateOptions
from videxpr.model.options import FORMS, METAVAR

DEFAULT = EvaluateOptions()
FILES, STILLS, BOOTSTRAP = "What is written", "A model on labeled crops", "Bootstrap"


def evaluate(
    predictions: Annotated[
        Path | None,
        typer.Argument(
            help="What videxpr annotate wrote: a folder of Parquet or text files, a predictions.txt, "
            "or one file.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Argument(
            help="Annotation files of Aff-Wild2, e.g. .../Validation_Set, or one file.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="B",
            help="Other predictions: the difference in macro F1 by paired bootstrap.  "
            "\\[default: none]",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Any difference in length is an error; without it, up to 2 frames at the end are "
            "padded or cut.  \\[default: off]",
        ),
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            rich_help_panel=FILES,
            help="Every figure as JSON; - is standard output, and then nothing else goes there.  "
            "\\[default: none]",
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            rich_help_panel=FILES,
            help="A table of F1 x 100 for a paper; - is standard output.  \\[default: none]",
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=FILES,
            help="Where confusion.png, per_class.png and, with --stills, reliability.png go.  "
            "\\[default: none]",
        ),
    ] = None,
    stills: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=STILLS,
            help="Face crops, one folder a class: scores a model instead of predictions.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar=METAVAR,
            rich_help_panel=STILLS,
            help=f"{FORMS}.  \\[default: starter]",
        ),
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=STILLS,
            help="CSV with the columns image,split.  \\[default: all images]",
        ),
    ] = None,
    part: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option(rich_help_panel=STILLS, help="Which part of the split.  \\[default: test]"),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            rich_help_panel=STILLS,
            help="Images whose file names match, e.g. 'fer2013_*'.  \\[default: all]",
        ),
    ] = None,
    degrade: Annotated[
        Literal["small", "compressed", "dark", "misaligned"] | None,
        typer.Option(
            rich_help_panel=STILLS,
            help="Make the images worse first, as video does: 32 pixels, JPEG of quality 20, gamma 2, "
            "or turned, shifted and scaled.  \\[default: as they are]",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=STILLS,
            help="auto, cpu, cuda, cuda:N, N (the same), or mps.  \\[default: auto]",
        ),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            "--bootstrap", min=1, rich_help_panel=BOOTSTRAP, help="Resamples of the source videos."
        ),
    ] = DEFAULT.samples,
    seed: Annotated[
        int, typer.Option(min=0, rich_help_panel=BOOTSTRAP, help="Of what is drawn.")
    ] = DEFAULT.seed,
) -> None:
    """Score predictions against labels: macro F1 over eight expressions, as Aff-Wild2 has it.

    All labeled frames are pooled; a frame without a prediction counts as wrong.

    Exit code: 0, or 2 if files are missing, broken, or do not belong together.
    """
    from videxpr.cli.evaluate_run import Request, run

    run(
        Request(
            predictions=predictions,
            labels=labels,
            against=against,
            strict=strict,
            json=json,
            markdown=markdown,
            plots=plots,
            stills=stills,
            model=model,
            split=split,
            part=part,
            only=only,
            degrade=degrade,
            device=device,
            samples=samples,
            seed=seed,
        )
    )
