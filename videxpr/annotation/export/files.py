"""Files of intervals, made from what annotate has written: one a recording, or one for all."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from videxpr.annotation.export.options import FILES, ExportCommand
from videxpr.annotation.export.recordings import RecordingFile, find_recordings, read_recordings
from videxpr.annotation.media import find_media
from videxpr.core.errors import FormatError, UsageError
from videxpr.formats import interval_csv, json_lines
from videxpr.formats.intervals import IntervalSettings, path_from, rows_of
from videxpr.formats.writers import Format, chosen_formats
from videxpr.video.jobs import Row

TABLES: Final[Mapping[str, Callable[[Path, Iterable[Row]], None]]] = {
    "intervals": interval_csv.write_rows,
    "jsonl": json_lines.write_rows,
}
"""Formats of which there is one file for all recordings."""

LINKED: Final = frozenset({"eaf", "boris"})
"""Formats whose programs open the video that a file names."""


@dataclass
class FilesTally:
    """What became of recordings, counted while files are written.

    Attributes:
        recordings: that were read.
        files: that were written.
        intervals: of all recordings.
        without_video: names of those whose video is not where it was, so that files name it alone.
        errors: why a file was not written.
    """

    recordings: int = 0
    files: int = 0
    intervals: int = 0
    without_video: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def export_files(command: ExportCommand, progress: Callable[[int, int], None]) -> FilesTally:
    """Write files; a recording that cannot be read, or not be written so, is an error of the tally's.

    Args:
        command: what is wanted.
        progress: called with the recordings that are done, and all of them.

    Raises:
        SourceError: there is no recording.
        UsageError: files are there already, or two recordings have one name.
        OutputError: a file cannot be written.
    """
    recordings = find_recordings(command.folders)
    folder, formats = command.output or FILES, chosen_formats(command.files.formats)
    _check(recordings, folder, formats, command.files.overwrite)
    tally, rows, named = FilesTally(), list[Row](), {one.name for one in formats}
    for recording, annotation in read_recordings(recordings, tally.errors, progress):
        own = list(rows_of(annotation, command.intervals))
        tally.recordings, tally.intervals = tally.recordings + 1, tally.intervals + len(own)
        rows += own if any(one.name in TABLES for one in formats) else []
        video = find_media(recording.path)
        if video is None and not annotation.from_crops and named & LINKED:
            tally.without_video.append(recording.name)
        for one in formats:
            if one.name in TABLES:
                continue
            path = _file(folder, recording, one)
            media = "" if video is None else path_from(video, path.parent)
            try:
                one.write(path, annotation, IntervalSettings(command.intervals, media))
                tally.files += 1
            except FormatError as exc:
                tally.errors.append(str(exc))
    for one in formats:
        if one.name in TABLES:
            TABLES[one.name](folder / one.suffix.removeprefix("."), rows)
            tally.files += 1
    tally.errors = list(dict.fromkeys(tally.errors))
    return tally


def _check(
    recordings: Sequence[RecordingFile], folder: Path, formats: Sequence[Format], overwrite: bool
) -> None:
    """Refuse to write a file twice, or over what is there: a coder may have worked on it."""
    names = Counter(one.name for one in recordings)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise UsageError(
            f"{count} recordings are called {name}: name the folders that hold them, not the files"
        )
    there = [path for path in _files(recordings, folder, formats) if path.exists()]
    if there and not overwrite:
        more = f" and {len(there) - 1} more are" if len(there) > 1 else " is"
        raise UsageError(
            f"{there[0]}{more} there already: choose another -o, or replace them with --overwrite"
        )


def _files(
    recordings: Sequence[RecordingFile], folder: Path, formats: Sequence[Format]
) -> Iterator[Path]:
    for one in formats:
        if one.name in TABLES:
            yield folder / one.suffix.removeprefix(".")
        else:
            yield from (_file(folder, recording, one) for recording in recordings)


def _file(folder: Path, recording: RecordingFile, one: Format) -> Path:
    return folder / f"{recording.name}{one.suffix}"
