"""``videxpr annotate``: options in, one line a video and a table out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from videxpr.annotation.options import DEFAULT_FORMATS, DEFAULT_MODEL, AnnotateOptions
from videxpr.cli.face_options import DECODER_HELP, DETECT_EVERY_HELP
from videxpr.cli.model_choice import FORMS, METAVAR

DEFAULT = AnnotateOptions()
WHAT, WHO, HOW, WHERE = "What is written", "Faces and people", "Time and model", "Running"


def annotate(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders (searched recursively), globs (also quoted), @list.txt with one "
            "source a line, or folders of aligned crops (cropped_aligned/NAME/00001.jpg)."
        ),
    ],
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", "-o", rich_help_panel=WHAT, help="Where results go."),
    ] = Path("annotations"),
    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            rich_help_panel=WHAT,
            help="aff-wild2 (a text file a video), predictions (one predictions.txt a run), parquet, "
            "csv, all (these four), or features (the backbone's features and unsmoothed logits, "
            "VIDEO.features.npz, 3.6 kB a face); repeatable.  "
            f"\\[default: {', '.join(DEFAULT_FORMATS)}]",
        ),
    ] = None,
    missing: Annotated[
        Literal["fill", "none"],
        typer.Option(
            rich_help_panel=WHAT,
            help="Frames without a face in text files: interpolated (fill), or -1 (none).",
        ),
    ] = DEFAULT.missing,
    template: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=WHAT,
            help="The organizers' prediction template, or a list of names: decides rows, order, frame "
            "counts and names of predictions.txt.  \\[default: none]",
        ),
    ] = None,
    template_force: Annotated[
        bool,
        typer.Option(
            "--template-force",
            rich_help_panel=WHAT,
            help="Pad or cut to the template's frame counts whatever the difference; without it, "
            "more than 2 frames are an error.  \\[default: off]",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            rich_help_panel=WHAT,
            help="Annotate videos again whose files are already there.  \\[default: off]",
        ),
    ] = False,
    detector: Annotated[
        str,
        typer.Option(
            rich_help_panel=WHO,
            help="auto (SCRFD if a pack is installed, else MTCNN), mtcnn, scrfd, or scrfd:PACK.",
        ),
    ] = DEFAULT.detection.detector,
    detector_dir: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=WHO,
            help="insightface's root, with packs under models/.  \\[default: ~/.insightface]",
        ),
    ] = None,
    min_face: Annotated[
        float,
        typer.Option(rich_help_panel=WHO, metavar="PIXELS", help="Smallest face, shorter side."),
    ] = DEFAULT.detection.min_face,
    min_score: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=WHO,
            help="Least confidence of a face, 0 to 1.  \\[default: 0.5 with scrfd, 0.9 with mtcnn]",
        ),
    ] = None,
    detect_every: Annotated[
        int,
        typer.Option(rich_help_panel=WHO, metavar="FRAMES", help=DETECT_EVERY_HELP),
    ] = DEFAULT.search.detect_every,
    person: Annotated[
        Literal["largest", "left", "right", "center"],
        typer.Option(rich_help_panel=WHO, help="Who is the main person of each shot."),
    ] = DEFAULT.person,
    people: Annotated[
        Literal["1", "2", "all"],
        typer.Option(
            rich_help_panel=WHO,
            help="How many persons of a shot are annotated; text files hold at most two.",
        ),
    ] = "1",
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            rich_help_panel=HOW,
            metavar=METAVAR,
            help=f"Expression weights: {FORMS}; repeatable: probabilities are "
            "averaged, each expression's over the models that were trained on it.  "
            f"\\[default: {DEFAULT_MODEL}]",
        ),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=HOW,
            help=f"Frames between the starts of two windows.  \\[default: {DEFAULT.windows.stride}]",
        ),
    ] = None,
    smooth: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=HOW,
            metavar="SECONDS",
            help="Span of the moving mean of probabilities; 0 is off.  "
            f"\\[default: {DEFAULT.smooth_seconds}]",
        ),
    ] = None,
    logit_adjustment: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=HOW,
            metavar="TAU|stored",
            help="Raise expressions that were rare in training: probabilities are multiplied by "
            "share^-TAU before smoothing; stored takes the model's own TAU, 0 is off.  "
            f"\\[default: {DEFAULT.logit_adjustment:g}]",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=HOW,
            metavar="FILE",
            help="Stride, smoothing and logit adjustment that videxpr tune wrote; options given here "
            "win.  \\[default: none]",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=HOW,
            metavar="TIME",
            help="Annotate from this time on, in seconds or as HH:MM:SS.  \\[default: the beginning]",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=HOW,
            metavar="TIME",
            help="Annotate up to this time, in seconds or as HH:MM:SS.  \\[default: the end]",
        ),
    ] = None,
    crop_fps: Annotated[
        float,
        typer.Option(
            rich_help_panel=HOW, help="Frames a second of crop folders, which have no times."
        ),
    ] = DEFAULT.crop_fps,
    preset: Annotated[
        Literal["paper"] | None,
        typer.Option(
            rich_help_panel=HOW,
            help="paper: what the method's authors do with a test video (windows that do not overlap, "
            "missing crops replaced by the nearest one, no smoothing).  \\[default: none]",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(rich_help_panel=WHERE, help="auto, cpu, cuda, cuda:N, N (the same), or mps."),
    ] = "auto",
    decoder: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(rich_help_panel=WHERE, help=DECODER_HELP),
    ] = DEFAULT.decoding.decoder,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            "-j",
            rich_help_panel=WHERE,
            min=1,
            metavar="N",
            help="Videos annotated at the same time: for a GPU that one video cannot fill, or more "
            "than four cores.",
        ),
    ] = 1,
    batch_size: Annotated[
        int,
        typer.Option(rich_help_panel=WHERE, help="Frames that go through the networks together."),
    ] = DEFAULT.batch_size,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", rich_help_panel=WHERE, help="Say nothing but errors.  \\[default: off]"
        ),
    ] = False,
) -> None:
    """Write one expression for every frame of every video.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done), 2 for
    wrong usage, such as a file of an option that is not there (nothing is done).
    """
    from videxpr.cli.annotate_options import Request
    from videxpr.cli.annotate_run import run

    request = Request(
        sources=sources,
        output_dir=output_dir,
        formats=tuple(format or ()),
        missing=missing,
        template=template,
        template_force=template_force,
        overwrite=overwrite,
        detector=detector,
        detector_dir=detector_dir,
        min_face=min_face,
        min_score=min_score,
        detect_every=detect_every,
        person=person,
        people=None if people == "all" else int(people),
        models=tuple(model or [DEFAULT_MODEL]),
        stride=stride,
        smooth=smooth,
        logit_adjustment=logit_adjustment,
        settings=settings,
        start=start,
        end=end,
        crop_fps=crop_fps,
        preset=preset,
        device=device,
        decoder=decoder,
        workers=workers,
        batch_size=batch_size,
        quiet=quiet,
    )
    raise typer.Exit(run(request))
