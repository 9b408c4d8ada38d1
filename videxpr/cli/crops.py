"""``videxpr crops``: what is known of crops that are there already."""

from pathlib import Path
from typing import Annotated, Final

import typer

from videxpr.cli.face_options import DetectorDir, DetectorName, Device

app: Final = typer.Typer(
    name="crops",
    help="Find out about face crops that somebody else made.",
    no_args_is_help=True,
)


@app.callback()
def _root() -> None:
    """Find out about face crops that somebody else made."""


@app.command("measure")
def measure(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Aff-Wild2's cropped_aligned, or any folder with crops; searched recursively."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The measured template to write (JSON).")
    ] = Path("measured_template.json"),
    sample: Annotated[
        int, typer.Option(help="Crops to look at, drawn evenly from all folders.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 0,
    name: Annotated[str, typer.Option(help="What the template is called.")] = "measured",
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw the mean crop with ArcFace's points and the measured ones.  \\[default: none]",
        ),
    ] = None,
    detector: DetectorName = "auto",
    detector_dir: DetectorDir = None,
    device: Device = "auto",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.  \\[default: off]")
    ] = False,
) -> None:
    """Measure to which template crops were aligned, and compare it with ArcFace's.

    Take the detector with which you will annotate: detectors differ among themselves by up to a pixel.
    Give the file to train --template, so that annotate aligns raw video in the same way.

    Exit code: 0, 1 if a file cannot be written, 2 for wrong usage, such as a folder that is not there.
    """
    from videxpr.cli.crops_run import MeasureRequest, run

    run(
        MeasureRequest(
            folder=folder,
            output=output,
            sample=sample,
            seed=seed,
            name=name,
            plot=plot,
            detector=detector,
            detector_dir=detector_dir,
            device=device,
            quiet=quiet,
        )
    )
