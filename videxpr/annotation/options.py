"""What a user can choose about an annotation; defaults are here and nowhere else."""

from collections.abc import Mapping
from dataclasses import MISSING, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.annotation.batch.options import BatchOptions
from videxpr.core.errors import UsageError
from videxpr.core.names import is_address
from videxpr.core.option import option, options
from videxpr.core.options import RunOptions
from videxpr.faces.options import PANEL as FACES
from videxpr.faces.options import FaceOptions
from videxpr.formats import writers
from videxpr.model.options import ModelOptions
from videxpr.temporal.options import IntervalOptions, WindowOptions
from videxpr.video.options import BlurOptions

WHAT, HOW, WHERE = "What is written", "Time and model", "Running"

STORED: Final = "stored"
"""Stands for the strength of logit adjustment that a checkpoint states."""

ALL_PEOPLE: Final = "all"
PAPER_WINDOW: Final = 64


def parse_people(text: str) -> int | None:
    """Return how many persons a text wants; None for all."""
    if text == ALL_PEOPLE:
        return None
    if text not in ("1", "2"):
        raise UsageError(f"--people must be 1, 2 or all, not {text!r}")
    return int(text)


def parse_strength(text: str) -> float | Literal["stored"]:
    """Return the strength of logit adjustment that a text wants."""
    if text == STORED:
        return "stored"
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"--logit-adjustment must be a number of 0 or more, or {STORED!r}, not {text!r}"
        ) from None


@options(HOW)
class AnnotationOptions:
    """Everything that decides what is said about a video, besides the model.

    Attributes:
        faces: how faces are detected and tracked.
        windows: how sequences are cut.
        smooth_seconds: span of the moving mean of probabilities; 0 is off.
        logit_adjustment: strength of logit adjustment, which raises expressions that were rare among
            the training labels, before anything is smoothed; 0 is off; ``stored`` takes the model's.
        people: how many persons of a shot are annotated; None means all.
        preset: ``paper`` does what the method's authors do with a test video: a frame without a crop
            gets the features of the nearest crop, and the whole video is one sequence, so that all of
            its features are in memory at its end (3.5 kB a frame, three times).
        keep_features: whether an annotation holds the features and logits of every row; of one model
            only, and all of a video's are in memory at its end (3.6 kB a row).
    """

    faces: FaceOptions = field(default_factory=FaceOptions)
    windows: WindowOptions = field(default_factory=WindowOptions)
    smooth_seconds: float = option(
        0.5,
        "Span of the moving mean of probabilities; 0 is off.",
        flag="smooth",
        metavar="SECONDS",
        least=0,
    )
    logit_adjustment: float | Literal["stored"] = option(
        0.0,
        "Raise expressions that were rare in training: probabilities are multiplied by share^-TAU "
        "before smoothing; stored takes the model's own TAU, 0 is off.",
        metavar="TAU|stored",
        least=0,
        parse=parse_strength,
        default_text="0",
    )
    people: int | None = option(
        1,
        "How many persons of a shot are annotated; text files hold at most two.",
        metavar="1|2|all",
        least=1,
        parse=parse_people,
        show=lambda people: ALL_PEOPLE if people is None else str(people),
        panel=FACES,
    )
    preset: Literal["paper"] | None = option(
        None,
        "paper: what the method's authors do with a test video (windows that do not overlap, missing "
        "crops replaced by the nearest one, no smoothing).",
        default_text="none",
    )
    keep_features: bool = False

    def __post_init__(self) -> None:
        if self.preset == "paper" and (
            self.smooth_seconds or self.people != 1 or self.windows.tail != "padded"
        ):
            raise UsageError(
                "--preset paper sets stride and smoothing and knows one person; leave out --stride, "
                "--smooth and --people"
            )


@options(WHAT)
class OutputOptions:
    """What is written and where.

    Attributes:
        directory: under which the sources' relative folders are kept.
        formats: any of `writers.FORMATS`, or ``all``.
        missing: whether text formats fill frames without a face, or write -1.
        intervals: how frames become intervals.
        template: the organizers' rows, for ``predictions.txt``; None without one.
        template_force: cut or pad whatever the difference in frames.
        overwrite: whether everything is made again.
        redo_changed: whether what was made with another model or other options is made again.
        retry_failed: whether what failed in an earlier run is tried again.
        verify: whether what is there is compared by its content.
        overlay: whether each video is drawn with what was annotated, when all are.
    """

    directory: Path = option(
        Path("annotations"),
        "Where results go: a folder, or s3://bucket/folder.",
        flag="output-dir",
        short="o",
        changes_results=False,
        writes="folder",
        in_store=True,
    )
    formats: tuple[str, ...] = option(
        writers.DEFAULT,
        writers.HELP,
        flag="format",
        short="f",
        choices=writers.CHOICES,
        changes_results=False,
    )
    missing: writers.Missing = option(
        "fill", "Frames without a face in text files: interpolated (fill), or -1 (none)."
    )
    intervals: IntervalOptions = field(default_factory=IntervalOptions)
    template: Path | None = option(
        None,
        "The organizers' prediction template, or a list of names: decides rows, order, frame counts "
        "and names of predictions.txt.",
    )
    template_force: bool = option(
        False,
        "Pad or cut to the template's frame counts whatever the difference; without it, more than 2 "
        "frames are an error.",
    )
    overwrite: bool = option(
        False, "Annotate all videos again, also those that are done.", changes_results=False
    )
    redo_changed: bool = option(
        False,
        "Annotate videos again that were done with another model, detector or other options; without "
        "it, nothing runs where there are any.",
        changes_results=False,
    )

    retry_failed: bool = option(
        False,
        "Try again what failed in an earlier run with the same options; without it, a video that "
        "cannot be read fails at once, by what is known of it.",
        changes_results=False,
    )
    verify: bool = option(
        False,
        "Read sources and results again to see what is done, instead of looking at sizes and times.",
        changes_results=False,
    )
    overlay: bool = option(
        False,
        "In the end, draw boxes, expressions and probabilities on each video: NAME.overlay.mp4 beside "
        "its Parquet file, as videxpr overlay does.",
        changes_results=False,
    )

    def __post_init__(self) -> None:
        if not self.formats:
            raise UsageError("--format must name at least one format")
        if self.template is not None and "predictions" not in self.written:
            raise UsageError("a template shapes predictions.txt; add --format predictions")
        if self.overlay and "parquet" not in self.written:
            raise UsageError("--overlay is made from Parquet files; add --format parquet")
        if self.overlay and is_address(self.directory.as_posix()):
            raise UsageError(
                "--overlay writes videos on this machine, beside the Parquet files; leave it out, or "
                "choose a folder here"
            )
        if self.template_force and self.template is None:
            raise UsageError("--template-force goes with --template")

    @property
    def written(self) -> frozenset[str]:
        """The formats' names, ``all`` spelled out."""
        return frozenset(one.name for one in writers.chosen_formats(self.formats))


@options(WHERE)
class AnnotateCommand:
    """Write one expression for every frame of every video.

    Exit code: 0 if all went well, 1 if a source failed or is not there (the others are done) or the run
    ended early, 2 if it could not begin (nothing is done), 130 after Ctrl-C and 143 after SIGTERM (what
    is done is kept, and the same command goes on from there).

    Examples:
        videxpr annotate folder/ -o annotations
        videxpr annotate talk.mp4 --people 2 -f parquet,csv
        videxpr annotate @test.lst -m mine.safetensors --template template.txt

    Attributes:
        sources: what is annotated.
        segments: a table of the stretches that are.
        output: what is written and where.
        pictures: what overlays blur.
        annotation: how videos are annotated.
        model: which models answer.
        run: where it computes, and what it says.
        batch: how a run over many videos goes about it.
    """

    sources: tuple[str, ...] = option(
        MISSING,
        "Videos, folders (searched recursively), globs (also quoted), @list.txt with one source a "
        "line, or folders of aligned crops (cropped_aligned/NAME/00001.jpg).",
        positional=True,
    )
    segments: Path | None = option(
        None,
        "Only the stretches that this table lists: columns video, start, end and name. Each has files "
        "of its own, TALK.NAME.txt, and a line in summary.csv; it is annotated as if it were a video.",
        metavar="FILE.csv",
        changes_results=False,
        panel=HOW,
    )
    output: OutputOptions = field(default_factory=OutputOptions)
    pictures: BlurOptions = field(default_factory=BlurOptions)
    annotation: AnnotationOptions = field(default_factory=AnnotationOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    run: RunOptions = field(default_factory=RunOptions)
    batch: BatchOptions = field(default_factory=BatchOptions)

    def __post_init__(self) -> None:
        times = self.annotation.faces.time_range
        is_cut = times.start_seconds or times.end_seconds
        if self.output.template is not None and (is_cut or self.segments):
            raise UsageError(
                "--template wants whole videos; leave out --start, --end and --segments"
            )
        if self.pictures.blur != "none" and not self.output.overlay:
            raise UsageError("--blur is of overlays; add --overlay")
        if self.pictures.blur != "none" and self.annotation.people is not None:
            raise UsageError(
                "--blur wants all faces in the record, or some would not be blurred; add --people all"
            )
        if self.segments is not None and is_cut:
            raise UsageError(
                "--segments has starts and ends of its own; leave out --start and --end"
            )


def preset_base(command: Any, given: Mapping[str, Any]) -> Any:
    """Return a command with the annotation options of a preset, over which others are chosen.

    Args:
        command: with a field ``annotation``.
        given: values that the user gave, by the names of their flags.
    """
    if given.get("preset") != "paper":
        return command
    return replace(command, annotation=paper_preset(command.annotation, PAPER_WINDOW))


def paper_preset(options: AnnotationOptions, window: int) -> AnnotationOptions:
    """Return the options with which the authors' code treats a test video (Phan et al., 2022)."""
    return replace(
        options,
        windows=WindowOptions(stride=window, tail="padded"),
        smooth_seconds=0.0,
        preset="paper",
    )


@options()
class ConfigCommand:
    """Print the configuration that repeats a run, from a Parquet file that it wrote.

    The model stands in it by name and SHA-256, the detector as it was resolved.

    Exit code: 0, 2 if the Parquet file cannot be read or the configuration not be written.

    Examples:
        videxpr config annotations/talk.parquet > run.toml
        videxpr annotate talk.mp4 --config run.toml

    Attributes:
        parquet: an annotation.
        output: the configuration to write; None prints it.
    """

    parquet: Path = option(
        MISSING, "A Parquet file of videxpr annotate.", metavar="OUT.parquet", positional=True
    )
    output: Path | None = option(
        None,
        "The file to write.",
        short="o",
        metavar="FILE.toml",
        default_text="printed",
        writes="file",
    )
