"""What the page says: a dict that its script reads, gathered from one recording after another."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from videxpr.annotation.export.options import level_names
from videxpr.annotation.export.recordings import (
    SUFFIX,
    RecordingFile,
    folders_above,
    level_columns,
)
from videxpr.annotation.run_log import RUN_LOG, RunLog
from videxpr.annotation.summary import add_people, label_strip, main_people
from videxpr.core.errors import FormatError, SourceError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.version import VERSION
from videxpr.formats.intervals import frame_edges, rows_of
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation
from videxpr.report.colors import COLORS, ink
from videxpr.report.page.faces import surest_faces
from videxpr.report.page.groups import Member, compare_folders
from videxpr.report.page.options import ReportCommand
from videxpr.report.page.timelines import strip_text, timeline
from videxpr.temporal.options import IntervalOptions

MOST_COLUMNS: Final = 600
LEAST_COLUMNS: Final = 120
ALL_COLUMNS: Final = 180_000
"""Of all timelines together: beyond 300 videos each becomes coarser, so that the page still opens."""

STRIP_COLUMNS: Final = 96
MOST_EPISODES: Final = 200
"""Of a video in its table, the longest; `videxpr export` has all."""

DECIMALS: Final = 4
SHORT_HASH: Final = 12


@dataclass
class Gathered:
    """What was read.

    Attributes:
        videos: as the page holds them.
        members: the same for comparisons of folders; those that could be read.
        setups: what made them, each once.
        errors: why a recording, or its thumbnails, are not on the page.
    """

    videos: list[dict[str, Any]] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    setups: list[dict[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def gather(
    recordings: Sequence[RecordingFile],
    command: ReportCommand,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, Any], list[str]]:
    """Return what the page says, and why recordings or thumbnails are not on it.

    Args:
        recordings: of annotate, in the command's folders.
        command: what is wanted.
        progress: called with the recordings that are done, and all of them.

    Raises:
        UsageError: levels do not fit.
    """
    levels = level_columns(recordings, level_names(command.levels), ())
    columns = int(np.clip(ALL_COLUMNS // len(recordings), LEAST_COLUMNS, MOST_COLUMNS))
    found = Gathered()
    failures = _failures(command.folders, found.errors)
    for done, recording in enumerate(recordings):
        progress(done, len(recordings))
        _, failure = failures.pop(recording.path.absolute(), (recording, ""))
        _add(found, recording, columns, command, failure)
    progress(len(recordings), len(recordings))
    found.videos += [
        {"name": file.name, "folders": list(file.folders), "error": error}
        for file, error in failures.values()
    ]
    content = {
        "title": command.title or ", ".join(path.resolve().name for path in command.folders),
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": VERSION,
        "expressions": [
            {"name": name, "color": COLORS[name], "ink": ink(name)} for name in EXPRESSIONS
        ],
        "levels": levels,
        "episodes": _episode_rule(command.intervals),
        "setups": found.setups,
        "videos": found.videos,
        "comparison": compare_folders(found.members, levels) if found.members else [],
    }
    return content, found.errors


def _add(
    found: Gathered, file: RecordingFile, columns: int, command: ReportCommand, failure: str
) -> None:
    """Add a recording; one that cannot be read is a video with an error.

    Args:
        found: to which it is added.
        file: that is read.
        columns: into which its timeline may be cut.
        command: what is wanted.
        failure: why the last run could not annotate it anew; empty if it could.
    """
    place = {"name": file.name, "folders": list(file.folders)}
    try:
        annotation = read_annotation(file.path)
    except FormatError as exc:
        found.errors.append(str(exc))
        found.videos.append({**place, "error": str(exc)})
        return
    setup = _setup(annotation)
    if setup not in found.setups:
        found.setups.append(setup)
    shares, warnings = _shares(annotation), list(annotation.warnings)
    if failure:
        warnings.append(f"this is of an earlier run, as the last one failed: {failure}")
    found.members.append(Member(file.folders, shares, annotation.coverage))
    edges = frame_edges(annotation)
    found.videos.append(
        {
            **place,
            "setup": found.setups.index(setup),
            "frames": len(annotation),
            "seconds": round(float(edges[-1] - edges[0]), 3),
            "coverage": round(annotation.coverage, DECIMALS),
            "people": len(np.unique(annotation.faces.person)),
            "shares": [None if one is None else round(one, DECIMALS) for one in shares],
            "warnings": warnings,
            "strip": strip_text(label_strip(annotation, STRIP_COLUMNS)),
            "timeline": timeline(annotation, columns),
            **_episodes(annotation, command),
            "faces": _faces(found, file, annotation, command) if command.thumbnails else [],
        }
    )


def _shares(annotation: Annotation) -> tuple[float | None, ...]:
    """Return the share of each expression in the frames in which the main person was detected.

    Returns:
        Shares, None of what was never trained; empty if nobody was seen.
    """
    main = add_people(main_people(annotation))
    if main.frames == 0:
        return ()
    shares = zip(main.shares, annotation.faces.are_trained, strict=True)
    return tuple(share if is_trained else None for share, is_trained in shares)


def _episodes(annotation: Annotation, command: ReportCommand) -> dict[str, Any]:
    """Return the longest episodes by start, and how many there are."""
    rows = list(rows_of(annotation, command.intervals))
    longest = sorted(rows, key=lambda row: -row["duration"])[:MOST_EPISODES]
    shown = sorted(longest, key=lambda row: (row["start"], row["person"]))
    return {
        "episode_count": len(rows),
        "episodes": [
            [
                round(row["start"], 3),
                round(row["end"], 3),
                EXPRESSIONS.index(row["expression"]),
                row["person"],
                row["mean_probability"],
                row["coverage"],
            ]
            for row in shown
        ],
    }


def _faces(
    found: Gathered, file: RecordingFile, annotation: Annotation, command: ReportCommand
) -> list[dict[str, Any]]:
    """Return pictures of the main person; what stands in the way is an error, and there are none."""
    try:
        return surest_faces(file.path, annotation, command.pictures.blur)
    except (SourceError, FormatError) as exc:
        found.errors.append(f"no thumbnails of {file.name}: {exc}")
        return []


def _episode_rule(options: IntervalOptions) -> str:
    """Return in words why episodes are not simply the runs of the band."""
    return (
        "They are steadier than the band above: an expression that leads by less than "
        f"{options.hysteresis:g} (--hysteresis), or for less than {options.min_seconds:g} s "
        "(--min-duration), is given to its neighbor."
    )


def _setup(annotation: Annotation) -> dict[str, str]:
    """Return in words what made an annotation: model, detector, options."""
    made = annotation.provenance
    hashes = {name: made.get(f"{name}_sha256", "")[:SHORT_HASH] for name in ("model", "detector")}
    named = {
        **{name: f"{made.get(name, 'unknown')} ({digest})" for name, digest in hashes.items()},
        "never trained": made.get("untrained_expressions", "").replace(",", ", "),
        "videxpr": made.get("videxpr_version", ""),
    }
    # of a stretch: they differ in each video, and say nothing of how it was made
    own = {"start", "end"} if "segment" in made else set()
    options = {
        f"--{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in annotation.options.items()
        if name not in own
    }
    return {name: text.removesuffix(" ()") for name, text in (named | options).items() if text}


def _failures(folders: Sequence[Path], errors: list[str]) -> dict[Path, tuple[RecordingFile, str]]:
    """Return what could not be annotated the last time, and why, by where its Parquet file would be.

    Args:
        folders: that were named; logs are looked for in them, below them, and above them.
        errors: to which what is wrong with a log is added.
    """
    failures: dict[Path, tuple[RecordingFile, str]] = {}
    for folder, level in folders_above(folders).items():
        root = folder.absolute()
        above = (one / RUN_LOG for one in root.parents if (one / RUN_LOG).is_file())
        for log in (*sorted(root.rglob(RUN_LOG)), *islice(above, 1)):
            try:
                outcomes = RunLog(log).outcomes
            except FormatError as exc:
                errors.append(str(exc))
                continue
            for one in outcomes:
                place = log.parent / f"{one.key}{SUFFIX}"
                if one.event == "failed" and root in place.parents:
                    inner = place.parent.relative_to(root).parts
                    failures[place] = RecordingFile(place, (*level, *inner)), one.error
    return failures
