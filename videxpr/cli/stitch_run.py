"""What ``videxpr stitch`` does once its options are known."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import WIDE, prepare_process
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.image_folder import LabeledImage, draw_split, find_images, read_split
from videxpr.datasets.options import Part
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.sampler import people_of
from videxpr.datasets.synthetic.writer import SetSummary, Share, synthesize


@dataclass(frozen=True)
class StitchRequest:
    """The options of ``videxpr stitch`` as the user gave them."""

    faces: Path
    output: Path
    split: Path | None
    part: Literal["validation", "test"] | None
    videos: int
    validation_videos: int
    seconds: float | None
    fps: float | None
    person: str | None
    one_person: float
    color: bool
    seed: int
    quiet: bool


def run(request: StitchRequest) -> None:
    """Stitch what was asked for, and show what came out."""
    prepare_process()
    options = _options(request)
    shares = _shares(request)
    stills = find_images(request.faces)
    parts = _parts(request, stills, [share.part for share in shares])
    people = people_of(stills, request.person)
    begun = perf_counter()
    with _bar(request.quiet) as bar:
        task = bar.add_task("stitching", total=None)
        summaries = synthesize(
            request.output,
            parts,
            shares,
            options,
            people=people,
            sources=_sources(request),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if not request.quiet:
        _show(summaries, request.output, perf_counter() - begun)


def _options(request: StitchRequest) -> SynthesisOptions:
    default = SynthesisOptions()
    if request.one_person and request.person is None:
        raise UsageError("--one-person needs --person, which tells who is on an image")
    return SynthesisOptions(
        seconds=default.seconds if request.seconds is None else request.seconds,
        fps=default.fps if request.fps is None else request.fps,
        one_person=request.one_person,
        color=request.color,
        seed=request.seed,
    )


def _shares(request: StitchRequest) -> list[Share]:
    measured = Share("Validation_Set", request.part or "validation", request.validation_videos)
    if request.part is not None:
        return [measured]
    return [Share("Train_Set", "train", request.videos), measured]


def _parts(
    request: StitchRequest, stills: Sequence[LabeledImage], needed: Sequence[Part]
) -> Mapping[Part, Sequence[LabeledImage]]:
    if request.split is not None:
        return read_split(request.split, stills, needed)
    if request.part == "test":
        raise UsageError(
            "only a split file tells which images are for the test; name it with --split"
        )
    return draw_split(stills)


def _sources(request: StitchRequest) -> dict[str, str]:
    split = {"split": str(request.split)} if request.split else {}
    person = {"person": request.person} if request.person else {}
    return {"faces": str(request.faces), **split, **person}


def _bar(quiet: bool) -> Progress:
    messages = Console(stderr=True, highlight=False)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} frames"),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
        disable=quiet or not messages.is_terminal,
    )


def _show(summaries: Sequence[SetSummary], root: Path, seconds: float) -> None:
    """What the sets hold, as a table on standard output."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    table = Table(title=Text(f"stitched sequences in {root}"))
    table.add_column("expression")
    for summary in summaries:
        for what in ("stills", "segments", "frames"):
            table.add_column(f"{summary.share.folder}: {what}", justify="right")
    for label, name in enumerate(EXPRESSIONS):
        rows = [one for s in summaries for one in (s.stills, s.segments, s.frames)]
        if any(row[label] for row in rows):
            table.add_row(name, *(str(row[label]) for row in rows))
    console.print(table)
    crops = sum(summary.crops for summary in summaries)
    frames = sum(sum(summary.frames) for summary in summaries)
    megabytes = sum(summary.size_bytes for summary in summaries) / 1e6
    videos = sum(summary.share.videos for summary in summaries)
    console.print(
        f"{videos} sequences, {frames} frames, {crops} of them with a crop, {megabytes:.0f} MB, "
        f"{frames / seconds:.0f} frames/s"
    )
