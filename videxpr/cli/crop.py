"""``videxpr crop``: videos in, a folder of aligned face crops a person out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from videxpr.cli.face_options import Decoder, DetectEvery, DetectorDir, DetectorName, Device
from videxpr.datasets.crops.options import CropOptions
from videxpr.faces.options import DetectionOptions

DEFAULT = CropOptions()
DETECTION = DetectionOptions()


def crop(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders (searched recursively), globs (also quoted), or @list.txt with one "
            "source a line."
        ),
    ],
    output_dir: Annotated[
        Path,
        typer.Option(
            "--output-dir",
            "-o",
            help="Where cropped_aligned/NAME/00001.jpg, crop_template.json and summary.csv go.",
        ),
    ] = Path("crops"),
    template: Annotated[
        Path | None,
        typer.Option(
            help="Geometry of the crops, as videxpr crops measure writes it.  \\[default: ArcFace's]"
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="Side of the crops; videxpr's models want 112.  \\[default: the template's]",
        ),
    ] = None,
    quality: Annotated[int, typer.Option(help="Of the JPEG files, 1 to 100.")] = DEFAULT.quality,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Crop videos again that have crops.  \\[default: off]"),
    ] = False,
    person: Annotated[
        Literal["largest", "left", "right", "center"],
        typer.Option(help="Who is the main person of each shot."),
    ] = DEFAULT.person,
    people: Annotated[
        Literal["1", "2"],
        typer.Option(
            help="How many persons of a shot get crops; the second one's go to NAME_left or NAME_right."
        ),
    ] = "1",
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Crop from this time on, in seconds or as HH:MM:SS; frames keep their numbers.  "
            "\\[default: the beginning]",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Crop up to this time, in seconds or as HH:MM:SS.  \\[default: the end]",
        ),
    ] = None,
    detector: DetectorName = DETECTION.detector,
    detector_dir: DetectorDir = None,
    min_face: Annotated[
        float, typer.Option(metavar="PIXELS", help="Smallest face, shorter side.")
    ] = DETECTION.min_face,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Least confidence of a face, 0 to 1.  \\[default: 0.5 with scrfd, 0.9 with mtcnn]"
        ),
    ] = None,
    device: Device = "auto",
    decoder: Decoder = DEFAULT.decoding.decoder,
    detect_every: DetectEvery = DEFAULT.search.detect_every,
    batch_size: Annotated[
        int, typer.Option(help="Frames that go through the detector together.")
    ] = DEFAULT.batch_size,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.  \\[default: off]")
    ] = False,
) -> None:
    """Cut the aligned face of the main person out of every frame of every video.

    The result is laid out like Aff-Wild2: put annotation files beside it and train, or annotate it.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).
    """
    from videxpr.cli.crop_run import CropRequest, run

    request = CropRequest(
        sources=sources,
        output_dir=output_dir,
        template=template,
        size=size,
        quality=quality,
        overwrite=overwrite,
        start=start,
        end=end,
        person=person,
        people=int(people),
        detector=detector,
        detector_dir=detector_dir,
        min_face=min_face,
        min_score=min_score,
        device=device,
        decoder=decoder,
        detect_every=detect_every,
        batch_size=batch_size,
        quiet=quiet,
    )
    raise typer.Exit(run(request))
