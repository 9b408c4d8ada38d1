"""A table of stretches of videos, as a user writes it: video, start, end and name."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.files import read_lines
from videxpr.core.names import composed
from videxpr.video.options import TimeRange, parse_seconds

COLUMNS: Final = ("video", "start", "end", "name")


@dataclass(frozen=True)
class Segment:
    """A stretch of a video, half-open.

    Attributes:
        name: that the user gave it.
        start_seconds: from the start of the file, as in a player.
        end_seconds: from the start of the file.
    """

    name: str
    start_seconds: float
    end_seconds: float

    def time_range(self, container_start_seconds: float) -> TimeRange:
        """Return it in the video's own seconds.

        Args:
            container_start_seconds: where players count from.
        """
        start, end = self.start_seconds, self.end_seconds
        return TimeRange(start + container_start_seconds, end + container_start_seconds)


def read_segments(path: Path) -> dict[str, list[Segment]]:
    """Return the stretches of each video, in the order of the file.

    Commas, semicolons or tabs may stand between cells; with the latter two, numbers may have commas.

    Raises:
        FormatError: it cannot be read, or a line of it, with the line's number.
    """
    lines = read_lines(path)
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    table = csv.DictReader(lines, delimiter=delimiter)
    if lacking := [name for name in COLUMNS if name not in (table.fieldnames or ())]:
        raise FormatError(
            f"{path}, line 1: there is no column {lacking[0]}; write {','.join(COLUMNS)}"
        )
    found: dict[str, list[Segment]] = {}
    for row in table:
        try:
            segment = _segment(row, delimiter)
        except UsageError as exc:
            raise FormatError(f"{path}, line {table.line_num}: {exc}") from exc
        found.setdefault(composed(row["video"].strip()), []).append(segment)
    return found


def find_segments(
    path: Path, recordings: Sequence[str]
) -> tuple[dict[str, list[Segment]], list[str]]:
    """Return the stretches of each recording that has some, and the names that mean none.

    Args:
        path: of the table.
        recordings: paths without ending.

    Raises:
        FormatError: it cannot be read, or a name of it may be several recordings.
    """
    wanted = read_segments(path)
    meant = match_recordings(wanted, recordings)
    found: dict[str, list[Segment]] = {}
    for name, recording in meant.items():
        found.setdefault(recording, []).extend(wanted[name])
    return found, [name for name in wanted if name not in meant]


def some(noun: str, names: Sequence[str]) -> str:
    """Return in words how many there are, and the first of them: "2 videos (a, b) are"."""
    ending, verb = ("", "is") if len(names) == 1 else ("s", "are")
    more = ", ..." if len(names) > 3 else ""
    return f"{len(names)} {noun}{ending} ({', '.join(names[:3])}{more}) {verb}"


def name_with_segment(text: str, segment: str) -> str:
    """Return what a video is called, and its stretch, if it is not the whole."""
    return f"{text} ({segment})" if segment else text


def match_recordings(names: Iterable[str], recordings: Sequence[str]) -> dict[str, str]:
    """Return the recording that each name of a file of segments means; names of none are left out.

    Args:
        names: a video's path with or without its ending, or the last part of one.
        recordings: paths without ending.

    Raises:
        FormatError: it may be several recordings.
    """
    meant: dict[str, str] = {}
    for name in names:
        spellings = (name, str(PurePosixPath(name).with_suffix("")))
        exact = [one for one in recordings if composed(one) in spellings]
        loose = [one for one in recordings if PurePosixPath(composed(one)).name in spellings]
        found = exact or loose
        if len(found) > 1:
            raise FormatError(
                f"--segments: {name!r} may be {found[0]} or {found[1]}; write the path"
            )
        meant |= dict.fromkeys([name], *found) if found else {}
    return meant


def _segment(row: Mapping[str, str | None], delimiter: str) -> Segment:
    texts = [(row[name] or "").strip() for name in ("start", "end")]
    if delimiter != ",":
        texts = [text.replace(",", ".") for text in texts]
    start, end = map(parse_seconds, texts)
    if end <= start:
        raise UsageError(f"the end ({texts[1]}) must come after the start ({texts[0]})")
    return Segment((row["name"] or "").strip(), start, end)
