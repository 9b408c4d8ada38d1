"""``videxpr export``: a table of all recordings, or files for annotators, from what annotate wrote."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from videxpr.annotation.export.options import (
    FILES,
    TABLE,
    ExportCommand,
    FileOptions,
    FilterOptions,
    TableOptions,
)
from videxpr.annotation.export.recordings import find_recordings
from videxpr.cli.console import prepare_process, progress_bar, write_output
from videxpr.cli.message import counted, print_error, print_message
from videxpr.core.errors import UsageError
from videxpr.core.files import STANDARD_OUTPUT, unwritable_reason
from videxpr.core.option import option_fields
from videxpr.video.segments import some

if TYPE_CHECKING:
    from videxpr.annotation.export.export import Tally


def run(command: ExportCommand, given: frozenset[str]) -> int:
    """Write the table or the files, and say what is in them; 1 if a file could not be read."""
    prepare_process(command.quiet)
    _check(command, given)
    find_recordings(command.folders)  # a mistake is answered before anything is imported
    return _export_files(command) if command.files.formats else _export_table(command)


def _check(command: ExportCommand, given: frozenset[str]) -> None:
    """Refuse options that mean nothing here, and places that cannot be written."""
    to_files = bool(command.files.formats)
    others = (TableOptions, FilterOptions) if to_files else (FileOptions,)
    wrong = [name for kind in others for name in option_fields(kind) if name in given]
    if wrong:
        raise UsageError(
            f"--{wrong[0]} shapes tables; leave it out, or --to"
            if to_files
            else f"--{wrong[0]} shapes files of intervals; name a format with --to"
        )
    path = command.output or (FILES if to_files else TABLE)
    if to_files and path == STANDARD_OUTPUT:
        raise UsageError("--output must be a folder with --to: results are several files")
    if path != STANDARD_OUTPUT and (reason := unwritable_reason(path, to_files)):
        raise UsageError(f"--output {path} {reason}")


def _export_files(command: ExportCommand) -> int:
    from videxpr.annotation.export.files import export_files

    with progress_bar("recordings", command.quiet) as progress:
        tally = export_files(command, progress)
    for error in tally.errors:
        print_error(error)
    if not command.quiet:
        print_message(
            f"{command.output or FILES}: {counted(tally.files, 'file')}, "
            f"{counted(tally.intervals, 'interval')} in {counted(tally.recordings, 'recording')}"
        )
        if tally.without_video:
            print_message(
                f"warning: {some('video', tally.without_video)} not at the old place: put each "
                "beside its file, or open it by hand"
            )
    return int(bool(tally.errors))


def _export_table(command: ExportCommand) -> int:
    from videxpr.annotation.export.export import export_table

    with progress_bar("recordings", command.quiet) as progress:
        text, tally = export_table(command, progress)
    write_output(command.output or TABLE, text)
    for error in tally.errors:
        print_error(error)
    if not command.quiet:
        for line in _lines(command, tally):
            print_message(line)
    return int(bool(tally.errors))


def _lines(command: ExportCommand, tally: "Tally") -> Iterator[str]:
    """Yield what is in the table, and what is not."""
    place = "" if command.output == STANDARD_OUTPUT else f"{command.output or TABLE}: "
    yield (
        f"{place}{counted(tally.rows, 'row')} of {counted(tally.people, 'person', 'people')}"
        f" in {counted(tally.recordings, 'recording')}"
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
