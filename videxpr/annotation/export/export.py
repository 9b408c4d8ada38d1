"""One table of many recordings, read one after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from videxpr.annotation.export.options import ExportCommand
from videxpr.annotation.export.recordings import (
    RecordingFile,
    find_recordings,
    level_columns,
    read_recordings,
)
from videxpr.annotation.export.tables import (
    BEFORE_LEVELS,
    Removed,
    columns,
    long_rows,
    recording_rows,
    wide_rows,
)
from videxpr.core.errors import FormatError
from videxpr.formats.csv_cells import table_text
from videxpr.formats.parquet import is_of_segment
from videxpr.video.jobs import Row
from videxpr.video.segments import Segment, find_segments, some


@dataclass
class Tally:
    """What went into a table, counted while it is made.

    Attributes:
        recordings: that were read.
        people: in them.
        rows: of the table.
        removed: by filters.
        warnings: what a reader of the table must know.
        errors: why a recording is not in it.
    """

    recordings: int = 0
    people: int = 0
    rows: int = 0
    removed: Removed = field(default_factory=Removed)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def export_table(command: ExportCommand, progress: Callable[[int, int], None]) -> tuple[str, Tally]:
    """Return the table as text, and what went into it.

    Args:
        command: what is wanted.
        progress: called with the recordings that are done, and all of them.

    Raises:
        SourceError: there is no recording.
        FormatError: the file of segments cannot be read, or means none of them.
        UsageError: levels do not fit.
    """
    options, tally = command.table, Tally()
    recordings = find_recordings(command.folders)
    has_segments = options.segments is not None or any(
        is_of_segment(one.path) for one in recordings
    )
    levels = level_columns(recordings, options.level_names, columns(options, (), has_segments))
    segments = None if options.segments is None else _segments(command, recordings, tally)
    if segments is not None:
        recordings = [one for one in recordings if one.name in segments]
    rows = _rows(command, recordings, segments, levels, tally, progress)
    if options.wide:
        ids = [*BEFORE_LEVELS, *levels, "person", *(["segment"] if has_segments else [])]
        names, wide = wide_rows(rows, ids, options)
        tally.rows = len(wide)
        return table_text(names, wide, options.decimal_comma), tally
    return table_text(columns(options, levels, has_segments), rows, options.decimal_comma), tally


def _rows(
    command: ExportCommand,
    recordings: Sequence[RecordingFile],
    segments: Mapping[str, Sequence[Segment]] | None,
    levels: Sequence[str],
    tally: Tally,
    progress: Callable[[int, int], None],
) -> Iterator[Row]:
    """Yield the rows of all recordings; a file that cannot be read is an error of the tally's."""
    empty: list[str] = []
    for file, annotation in read_recordings(recordings, tally.errors, progress):
        own = None if segments is None else segments[file.name]
        rows, removed = recording_rows(annotation, own, command)
        if not rows:
            empty.append(file.name)
        tally.recordings += 1
        tally.people += len({row["person"] for row in rows} - {None})
        tally.removed += removed
        place = dict(zip(levels, file.folders, strict=False))
        for row in long_rows(rows, command.table) if command.table.long else rows:
            tally.rows += 1
            yield {**row, **place}
    if empty:
        tally.warnings.append(f"{some('recording', empty)} without a row that --min-coverage left")


def _segments(
    command: ExportCommand, recordings: Sequence[RecordingFile], tally: Tally
) -> dict[str, list[Segment]]:
    """Return the stretches of each recording that has some, by its name."""
    path = command.table.segments
    assert path is not None, "segments are asked for"
    found, absent = find_segments(path, [one.name for one in recordings])
    if not found:
        first = next(iter(absent), "none")
        raise FormatError(
            f"{path} names no recording that is here: its first video is {first!r}, and the first "
            f"recording {recordings[0].name!r}"
        )
    if absent:
        tally.warnings.append(f"{path}: {some('recording', absent)} not here")
    if others := [one.name for one in recordings if one.name not in found]:
        tally.warnings.append(f"{some('recording', others)} without a segment, and left out")
    return found
