"""``videxpr synthesize``: sequences in Aff-Wild2's layout from single face crops."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from rich.table import Table
from rich.text import Text

from videxpr.cli.console import output_console, prepare_process, print_table, progress_bar
from videxpr.datasets.image_folder import (
    draw_split,
    find_images,
    parts_with_votes,
    read_split,
    usable,
)
from videxpr.datasets.synthetic.options import SynthesizeCommand
from videxpr.datasets.synthetic.sampler import find_people
from videxpr.datasets.synthetic.writer import KINDS, SetSpec, SetSummary, synthesize


def run(command: SynthesizeCommand, given: frozenset[str]) -> int:
    """Make the sequences, and show what came out; 0 if all went well."""
    prepare_process(command.quiet)
    specs = [SetSpec("Validation_Set", command.part or "validation", command.validation_videos)]
    if command.part is None:
        specs.insert(0, SetSpec("Train_Set", "train", command.videos))
    images = find_images(command.faces)
    split, needed = command.split, [spec.part for spec in specs]
    parts = draw_split(images) if split is None else read_split(split, images, needed)
    if command.votes is not None:
        voted = parts_with_votes(parts, command.votes, command.folder_labels)
        parts = {part: usable(those) for part, those in voted.items()}
    named = {
        "faces": command.faces,
        "split": split,
        "votes": command.votes,
        "person": command.person,
    }
    begin = perf_counter()
    with progress_bar("frames", command.quiet) as progress:
        summaries = synthesize(
            command.output,
            parts,
            specs,
            command.synthesis,
            people=find_people(images, command.person),
            sources={name: str(source) for name, source in named.items() if source},
            progress=progress,
        )
    if not command.quiet:
        _show(summaries, command.output, perf_counter() - begin)
    return 0


def _show(summaries: Sequence[SetSummary], root: Path, seconds: float) -> None:
    """Show what the sets hold as a table on standard output."""
    console = output_console()
    table = Table(title=Text(f"synthetic sequences in {root}"))
    table.add_column("expression")
    for summary in summaries:
        for what in ("images", "segments", "frames"):
            table.add_column(f"{summary.spec.folder}: {what}", justify="right")
    for label, name in enumerate(KINDS):
        rows = [one for s in summaries for one in (s.images, s.segments, s.frames)]
        if any(row[label] for row in rows):
            table.add_row(name, *(str(row[label]) for row in rows))
    print_table(console, table)
    crops = sum(summary.crops for summary in summaries)
    frames = sum(sum(summary.frames) for summary in summaries)
    megabytes = sum(summary.size_bytes for summary in summaries) / 1e6
    videos = sum(summary.spec.videos for summary in summaries)
    console.print(
        f"{videos} sequences, {frames} frames, {crops} of them with a crop, {megabytes:.0f} MB, "
        f"{frames / seconds:.0f} frames/s"
    )
