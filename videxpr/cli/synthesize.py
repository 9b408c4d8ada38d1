"""``videxpr synthesize``: sequences in Aff-Wild2's layout from single face crops."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import WIDE, prepare_process
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.image_folder import LabeledImage, draw_split, find_images, read_split
from videxpr.datasets.options import Part
from videxpr.datasets.synthetic.options import SynthesizeCommand
from videxpr.datasets.synthetic.sampler import find_people
from videxpr.datasets.synthetic.writer import SetSpec, SetSummary, synthesize


def run(command: SynthesizeCommand, given: frozenset[str]) -> int:
    """Make the sequences, and show what came out; 0 if all went well."""
    prepare_process(command.quiet)
    specs = _specs(command)
    images = find_images(command.faces)
    parts = _parts(command, images, [spec.part for spec in specs])
    people = find_people(images, command.person)
    begin = perf_counter()
    with _bar(command.quiet) as bar:
        task = bar.add_task("synthesizing", total=None)
        summaries = synthesize(
            command.output,
            parts,
            specs,
            command.synthesis,
            people=people,
            sources=_sources(command),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if not command.quiet:
        _show(summaries, command.output, perf_counter() - begin)
    return 0


def _specs(command: SynthesizeCommand) -> list[SetSpec]:
    part = command.part or "validation"
    validation = SetSpec("Validation_Set", part, command.validation_videos)
    if command.part is not None:
        return [validation]
    return [SetSpec("Train_Set", "train", command.videos), validation]


def _parts(
    command: SynthesizeCommand, images: Sequence[LabeledImage], needed: Sequence[Part]
) -> Mapping[Part, Sequence[LabeledImage]]:
    if command.split is not None:
        return read_split(command.split, images, needed)
    return draw_split(images)


def _sources(command: SynthesizeCommand) -> dict[str, str]:
    split = {"split": str(command.split)} if command.split else {}
    person = {"person": command.person} if command.person else {}
    return {"faces": str(command.faces), **split, **person}


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
    """Show what the sets hold as a table on standard output."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    table = Table(title=Text(f"synthetic sequences in {root}"))
    table.add_column("expression")
    for summary in summaries:
        for what in ("images", "segments", "frames"):
            table.add_column(f"{summary.spec.folder}: {what}", justify="right")
    for label, name in enumerate(EXPRESSIONS):
        rows = [one for s in summaries for one in (s.images, s.segments, s.frames)]
        if any(row[label] for row in rows):
            table.add_row(name, *(str(row[label]) for row in rows))
    console.print(table)
    crops = sum(summary.crops for summary in summaries)
    frames = sum(sum(summary.frames) for summary in summaries)
    megabytes = sum(summary.size_bytes for summary in summaries) / 1e6
    videos = sum(summary.spec.videos for summary in summaries)
    console.print(
        f"{videos} sequences, {frames} frames, {crops} of them with a crop, {megabytes:.0f} MB, "
        f"{frames / seconds:.0f} frames/s"
    )
