"""``videxpr export``: one table of all recordings, made from what annotate has written."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from videxpr.annotation.export.options import ExportCommand
from videxpr.annotation.export.recordings import find_recordings
from videxpr.cli.console import prepare_process, progress_bar, write_output
from videxpr.cli.message import print_error, print_message
from videxpr.core.files import STANDARD_OUTPUT

if TYPE_CHECKING:
    from videxpr.annotation.export.export import Tally


def run(command: ExportCommand, given: frozenset[str]) -> int:
    """Write the table, and say what is in it; 1 if a file could not be read."""
    prepare_process(command.quiet)
    find_recordings(command.folders)  # a mistake is answered before anything is imported
    from videxpr.annotation.export.export import export_table

    with progress_bar("recordings", command.quiet) as progress:
        text, tally = export_table(command, progress)
    write_output(command.output, text)
    for error in tally.errors:
        print_error(error)
    if not command.quiet:
        for line in _lines(command, tally):
            print_message(line)
    return int(bool(tally.errors))


def _lines(command: ExportCommand, tally: "Tally") -> Iterator[str]:
    """Yield what is in the table, and what is not."""
    place = "" if command.output == STANDARD_OUTPUT else f"{command.output}: "
    yield (
        f"{place}{_count(tally.rows, 'row')} of {_count(tally.people, 'person', 'people')}"
        f" in {_count(tally.recordings, 'recording')}"
    )
    removed, filters = tally.removed, command.filters
    for count, all_of_them, what in (
        (removed.by_quality, removed.faces, f"frames by --min-quality {filters.min_quality:g}"),
        (
            removed.by_confidence,
            removed.faces,
            f"frames by --min-confidence {filters.min_confidence:g}",
        ),
        (removed.by_coverage, removed.rows, f"rows by --min-coverage {filters.min_coverage:g}"),
    ):
        if count:
            yield f"taken away: {count} of {all_of_them} {what}"
    for warning in tally.warnings:
        yield f"warning: {warning}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
