"""``videxpr train``: a checkpoint from labelled face crops."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def train(
    stills: Annotated[
        Path,
        typer.Option(
            help="Folder of aligned face crops, one folder a class (names of the eight expressions, "
            "any case)."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The checkpoint to write (.safetensors).")
    ] = Path("model.safetensors"),
    split: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns image,split (train, validation, test); without one, a tenth is "
            "drawn for validation, copies of an image on one side.  \\[default: drawn]"
        ),
    ] = None,
    initial: Annotated[
        Path | None,
        typer.Option(help="Checkpoint to start from.  \\[default: random weights]"),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 12,
    size: Annotated[
        int,
        typer.Option(metavar="PIXELS", help="Side of the crops; smaller is faster, end at 112."),
    ] = 112,
    grey: Annotated[
        bool,
        typer.Option(
            "--grey",
            help="Take colour away, in training and ever after: for data in which colour gives the "
            "class away.  \\[default: off]",
        ),
    ] = False,
    batch_size: Annotated[int, typer.Option(help="Crops a step.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="Highest rate of the one-cycle.")] = 1.5e-3,
    balance: Annotated[
        float,
        typer.Option(help="0 draws images as they come, 1 all classes evenly, 0.5 in between."),
    ] = 0.5,
    precision: Annotated[
        Literal["32-true", "bf16-mixed", "16-mixed"],
        typer.Option(help="Lightning's; bf16-mixed is faster on processors that have it."),
    ] = "32-true",
    workers: Annotated[int, typer.Option(help="Processes that read images.")] = 0,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    data: Annotated[
        str, typer.Option(help="What the crops are, for the model's card.  \\[default: the folder]")
    ] = "",
    licence: Annotated[
        str, typer.Option(help="Under which terms the weights may be used.")
    ] = "unspecified",
) -> None:
    """Train backbone and head on single face crops."""
    from videxpr.cli.train_run import TrainRequest, run

    run(
        TrainRequest(
            stills=stills,
            output=output,
            split=split,
            initial=initial,
            epochs=epochs,
            size=size,
            grey=grey,
            batch_size=batch_size,
            learning_rate=learning_rate,
            balance=balance,
            precision=precision,
            workers=workers,
            seed=seed,
            data=data,
            licence=licence,
        )
    )
