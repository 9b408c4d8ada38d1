"""``videxpr tune``: settings that need no training, chosen on labeled videos."""

from pathlib import Path
from typing import Annotated

import typer

from videxpr.evaluation.tune.options import SPANS, STRENGTHS, STRIDES, TuneOptions
from videxpr.model.options import METAVAR

DEFAULT = TuneOptions()
TRIED = "What is tried"


def _listed(values: tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)


def tune(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Folder of Parquet files that videxpr annotate wrote, all with one model and the same "
            "options.",
            show_default=False,
        ),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            help="Annotation files of Aff-Wild2, e.g. .../Validation_Set; never those that the model "
            "was trained on.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Where the settings go, for videxpr annotate --settings."
        ),
    ] = Path("settings.json"),
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace a file of settings that is there.  \\[default: off]"
        ),
    ] = False,
    folds: Annotated[
        int,
        typer.Option(
            help="Parts of the source videos for cross-validation: settings are chosen on all but one "
            "and scored on that one."
        ),
    ] = DEFAULT.folds,
    smooth: Annotated[
        str,
        typer.Option(
            rich_help_panel=TRIED, metavar="SECONDS,...", help="Spans of the moving mean; 0 is off."
        ),
    ] = _listed(SPANS),
    logit_adjustment: Annotated[
        str,
        typer.Option(
            rich_help_panel=TRIED,
            metavar="TAU,...",
            help="Strengths of logit adjustment, for models that know how often each expression stood "
            "in their training labels.",
        ),
    ] = _listed(STRENGTHS),
    stride: Annotated[
        str,
        typer.Option(
            rich_help_panel=TRIED,
            metavar="FRAMES,...",
            help="Frames between the starts of two windows; only with --model.",
        ),
    ] = _listed(STRIDES),
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            rich_help_panel=TRIED,
            metavar=METAVAR,
            help="The model that made the Parquet files: windows are cut anew from the .features.npz "
            "beside them (videxpr annotate -f parquet -f features).  \\[default: one stride only]",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            rich_help_panel=TRIED,
            help="For --model: auto, cpu, cuda, cuda:N, N (the same), or mps.",
        ),
    ] = "auto",
) -> None:
    """Choose smoothing, logit adjustment and stride on labeled videos, without decoding again.

    Every combination is scored on all frames, which flatters the best one. What choosing is worth is
    therefore measured on source videos that had no part in the choice; where it gains nothing, the
    settings of the Parquet files are kept.

    Exit code: 0, 1 if the settings cannot be written, 2 if files are missing, broken, or do not belong
    together; then no settings are written.
    """
    from videxpr.cli.tune_run import Request, run

    run(
        Request(
            predictions=predictions,
            labels=labels,
            output=output,
            overwrite=overwrite,
            folds=folds,
            smooth=smooth,
            logit_adjustment=logit_adjustment,
            stride=stride,
            model=model,
            device=device,
        )
    )
