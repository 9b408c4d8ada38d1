"""``videxpr stitch``: sequences in Aff-Wild2's layout from labeled still crops."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def stitch(
    faces: Annotated[
        Path,
        typer.Argument(
            help="Folder of aligned crops in one folder an expression (anger/, happiness/, ...), as "
            "videxpr train --stills takes it."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="TREE",
            help="The new folder: EXPR_Set/, cropped_aligned/ and stitching.json.",
        ),
    ],
    split: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns image,split (train, validation, test).  \\[default: a tenth is "
            "drawn for validation, copies of an image together]"
        ),
    ] = None,
    part: Annotated[
        Literal["validation", "test"] | None,
        typer.Option(
            help="Make a Validation_Set of this part and no Train_Set, for measuring.  \\[default: "
            "both sets, of the parts train and validation]"
        ),
    ] = None,
    videos: Annotated[
        int, typer.Option(help="Sequences of the Train_Set.  Not used with --part.")
    ] = 400,
    validation_videos: Annotated[int, typer.Option(help="Sequences of the Validation_Set.")] = 100,
    seconds: Annotated[
        float | None, typer.Option(help="Length of a sequence.  \\[default: 20]")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames a second; annotate takes crops for 30.  \\[default: 30]"),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Who is on an image, by its file's name: the pattern's first group. The next "
            "segment then often shows the same person.  \\[default: nobody is known]",
        ),
    ] = None,
    one_person: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of the sequences that show one person throughout, as videos do; needs "
            "--person.",
        ),
    ] = 0.0,
    color: Annotated[
        bool, typer.Option("--color", help="Keep colors.  \\[default: crops are gray]")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.  \\[default: off]")
    ] = False,
) -> None:
    """Stitch labeled still crops into sequences, to train a transformer where no videos are labeled.

    A sequence is a row of expressions of 0.3 to 5 s, each shown by one or several stills that move as
    a tracked face does, with hard and soft changes, missing and covered faces, noise and compression.
    Train on it with 'videxpr train TREE --backbone-weights STILLS.safetensors --freeze block4'.

    Nothing is overwritten. Exit code: 0 if all went well, 1 if the folder could not be written, 2 for
    wrong usage.
    """
    from videxpr.cli.stitch_run import StitchRequest, run

    run(
        StitchRequest(
            faces=faces,
            output=output,
            split=split,
            part=part,
            videos=videos,
            validation_videos=validation_videos,
            seconds=seconds,
            fps=fps,
            person=person,
            one_person=one_person,
            color=color,
            seed=seed,
            quiet=quiet,
        )
    )
