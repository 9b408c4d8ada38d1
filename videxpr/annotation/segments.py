"""Stretches of videos, each of which is annotated as if it were a video of its own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from videxpr.core.errors import FormatError
from videxpr.video.segments import find_segments, some
from videxpr.video.sources import Source

NAME: Final = re.compile(r"[\w](?:[\w .+-]*[\w+-])?")
"""What can be a part of a file's name everywhere."""


def cut_sources(sources: Sequence[Source], path: Path) -> tuple[list[Source], list[str]]:
    """Return the stretches of sources that a table names, and what a user should know, in sentences.

    Args:
        sources: videos; those of which there is no stretch are left out, unless they are missing: they
            stay, to fail.
        path: of the table: video, start, end, name.

    Raises:
        FormatError: it cannot be read, names none of the sources, a name cannot be a file's, or two
            stretches of a video have one.
    """
    own, absent = find_segments(path, [source.key for source in sources])
    others = [source for source in sources if source.key not in own]
    lost = [source for source in others if source.kind == "missing"]
    if not own and not lost:
        raise FormatError(
            f"{path} names none of the videos: its first is {next(iter(absent), 'none')!r}, and the "
            f"first that was given {sources[0].relative}"
        )
    for key, segments in own.items():
        _check_names(path, key, [one.name for one in segments])
    cut = [
        replace(source, name=f"{source.name}.{segment.name}", segment=segment)
        for source in sources
        for segment in own.get(source.key, ())
    ]
    left_out = [source.printable for source in others if source not in lost]
    notes = [f"{path}: {some('video', absent)} not among the videos"] if absent else []
    notes += [f"{some('video', left_out)} without a segment, and left out"] if left_out else []
    return cut + lost, notes


def _check_names(path: Path, key: str, names: Sequence[str]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise FormatError(
                f"{path}: a segment of {key} is called {name!r}, and its files would be too; write "
                "letters, digits, spaces, _, - and ."
            )
    if twice := [name for name in names if names.count(name) > 1]:
        raise FormatError(
            f"{path}: two segments of {key} are called {twice[0]!r}; their files would be each other's"
        )
