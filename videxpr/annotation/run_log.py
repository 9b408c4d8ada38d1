"""The log of an output folder, ``run.jsonl``: a line for each event, only ever appended.

    run       a run begins; it names its sources by their list
    listed    the sources of runs, once for all runs with this list
    started   a source is begun
    done      its files are written
    skipped   it is done, but lies elsewhere now, or has another time of modification
    failed    it cannot be annotated
    written   a file of the run is written

It says of every file who wrote it, from what and with what, so that a run with nothing to do reads it
alone. `log_file` keeps the lines.
"""

import hashlib
import json
import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Final, Literal

from videxpr.annotation.fingerprint import Setup, SourceState, path_of, size_and_time
from videxpr.annotation.leases import Held
from videxpr.annotation.log_file import Append, Line, LogFile, LogStore
from videxpr.core.version import VERSION
from videxpr.formats.label_runs import TextLabels
from videxpr.video.jobs import Row
from videxpr.video.segments import name_with_segment
from videxpr.video.sources import Source

RUN_LOG: Final = "run.jsonl"
LATER: Final = (
    "segment",
    "frames",
    "coverage",
    "device",
    "peak_memory_bytes",
    "staging",
    "error_class",
    "refused",
)
"""What lines of earlier versions lack."""


@dataclass(frozen=True)
class WrittenFile:
    """A file as it was written.

    Attributes:
        format: its name in ``--format``; empty for the summary.
        size: in bytes.
        sha256: of its content.
    """

    format: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What became of one source.

    Attributes:
        event: ``done``, ``skipped`` or ``failed``.
        time: when, in UTC, as ISO 8601.
        video: the source's path relative to its argument.
        key: what its files are called below the output folder, without their endings.
        source: the bytes that were read; of a source that failed, its path alone.
        kind: ``video``, ``crops`` or ``missing``.
        setup: what it was made with; None if it failed.
        files: what was written, by path below the output folder.
        labels: what text says; None unless predictions were asked for.
        segment: name of the stretch of the source; empty for the whole.
        summary: its lines of ``summary.csv``.
        frames: that were annotated.
        coverage: share of them in which the main person's face was detected.
        seconds: that it took.
        device: that annotated it.
        peak_memory_bytes: the most that its process held; None where nothing tells.
        staging: the folder below the output folder in which the files were written before they got
            their names; who finds them there may give them these.
        error: why it failed.
        error_class: of the error, by its name in Python.
        refused: why a format that was asked for cannot hold it, by the format's name.
    """

    event: Literal["done", "skipped", "failed"]
    time: str
    video: str
    key: str
    source: SourceState
    kind: str
    setup: Setup | None = None
    files: Mapping[str, WrittenFile] = field(default_factory=dict)
    labels: TextLabels | None = None
    segment: str = ""
    summary: tuple[Row, ...] = ()
    frames: int = 0
    coverage: float | None = None
    seconds: float = 0.0
    device: str = ""
    peak_memory_bytes: int | None = None
    staging: str = ""
    error: str = ""
    error_class: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[tuple[str, ...], str]:
        """Where it stands among others in a file of the run."""
        return PurePosixPath(self.video).parts, self.source.path

    @property
    def whose(self) -> str:
        """Which source it is of: the path, and the stretch."""
        return name_with_segment(self.source.path, self.segment)

    @property
    def minute(self) -> str:
        """When it was, in words for people."""
        return f"{self.time[:16].replace('T', ' ')} UTC"

    def refusal(self, formats: Collection[str]) -> str:
        """Return why some of these formats were not written; empty if all were."""
        reasons = [text for name, text in self.refused.items() if name in formats]
        return "; ".join(dict.fromkeys(reasons))

    def line(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        made = {} if self.setup is None else asdict(self.setup)
        return {
            "event": self.event,
            "time": self.time,
            "videxpr_version": VERSION,
            "video": self.video,
            "key": self.key,
            "kind": self.kind,
            "segment": self.segment,
            **{f"source_{name}": value for name, value in asdict(self.source).items()},
            **made,
            "frames": self.frames,
            "coverage": self.coverage,
            "seconds": round(self.seconds, 3),
            "device": self.device,
            "peak_memory_bytes": self.peak_memory_bytes,
            "staging": self.staging,
            "error_class": self.error_class,
            "error": self.error,
            "refused": self.refused,
            "files": {name: asdict(one) for name, one in self.files.items()},
            "labels": None if self.labels is None else self.labels.line(),
            "summary": self.summary,
        }


def outcome_in(line: Mapping[str, Any]) -> Outcome:
    """Return what a line says.

    Raises:
        KeyError, TypeError: it is not of this version.
    """
    labels = line["labels"]
    return Outcome(
        event=line["event"],
        time=line["time"],
        video=line["video"],
        key=line["key"],
        source=SourceState(
            *(line[f"source_{name}"] for name in ("path", "size", "modified_ns", "sha256"))
        ),
        kind=line["kind"],
        setup=Setup(**{one.name: line[one.name] for one in fields(Setup)})
        if "schema_version" in line
        else None,
        files={name: WrittenFile(**one) for name, one in line["files"].items()},
        labels=None if labels is None else TextLabels(**labels),
        summary=tuple(line["summary"]),
        seconds=line["seconds"],
        error=line["error"],
        **{name: line[name] for name in LATER if name in line},
    )


def now() -> str:
    """Return the time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_lines(sources: Sequence[Source], shard: str, log: "RunLog") -> Iterator[Mapping[str, Any]]:
    """Yield the lines that say that a run begins, and of which sources."""
    videos = [
        [
            one.printable,
            one.key,
            name_with_segment(path_of(one), one.segment_name),
            size_and_time(one)[0],
        ]
        for one in sources
    ]
    digest = hashlib.sha256(json.dumps(videos).encode()).hexdigest()
    about = {"time": now(), "videxpr_version": VERSION}
    if digest not in log.lists:
        yield {"event": "listed", **about, "sha256": digest, "videos": videos}
    process = {"host": socket.gethostname(), "process": os.getpid()}
    yield {"event": "run", **about, **process, "shard": shard, "list_sha256": digest}


def started_line(source: Source, attempt: int) -> Mapping[str, Any]:
    """Return the line that says that a source is begun."""
    return {
        "event": "started",
        "time": now(),
        "videxpr_version": VERSION,
        "video": source.printable,
        "key": source.key,
        "source_path": path_of(source),
        "attempt": attempt,
        "host": socket.gethostname(),
        "process": os.getpid(),
    }


class RunLog:
    """The log, as far as it has been read.

    Attributes:
        done: what was last made under each key.
        owners: the key whose source each file is of.
        run_files: what the run's own files were made from when they were last written, by name.
        lists: the sources of runs, by the hash of their list.
        runs: as they began.
        changed: whether there were outcomes since.
    """

    def __init__(self, place: "Path | LogStore") -> None:
        """Read it.

        Args:
            place: its file, which need not be there, or where else its lines are kept.

        Raises:
            FormatError: the file is another program's, or cannot be read.
        """
        self._store: LogStore = LogFile(place) if isinstance(place, Path) else place
        self.done: dict[str, Outcome] = {}
        self.owners: dict[str, str] = {}
        self.run_files: dict[str, Mapping[str, Any]] = {}
        self.lists: dict[str, Mapping[str, Any]] = {}
        self.runs: list[Mapping[str, Any]] = []
        self.changed: set[str] = set()
        self._last: dict[str, dict[str, tuple[int, Outcome]]] = {}  # by key and by source
        self._numbers: dict[str, int] = {}  # of outcomes that are done, as they came
        self._count = 0
        self._reading = Lock()
        self.refresh()

    @property
    def outcomes(self) -> list[Outcome]:
        """The last outcome of each source, by path."""
        return _in_order(one for of_key in self._last.values() for one in of_key.values())

    @property
    def annotated(self) -> list[Outcome]:
        """What was last made of each source, by path."""
        return _in_order((number, self.done[key]) for key, number in self._numbers.items())

    def last_of(self, key: str, path: str) -> Outcome | None:
        """Return the last outcome of a source; None if it has none since others had its name.

        Args:
            key: what its files are called.
            path: of the source, absolute.
        """
        return self._last.get(key, {}).get(path, (0, None))[1]

    def refresh(self, key: str = "") -> None:
        """Read what was added since; what is of one video is enough if it is named."""
        with self._reading:
            for line in self._store.new_lines(key):
                with suppress(KeyError, TypeError):  # a later version's
                    self._take(line)

    @contextmanager
    def locked(self, key: str = "", lease: Held | None = None) -> Iterator[Append]:
        """Keep other processes from writing while a block runs; what they wrote is known in it.

        Args:
            key: of the video that the block is about; empty if it is about several.
            lease: that must be held.

        Yields:
            The function that adds a line.

        Raises:
            OutputError: the log cannot be written.
            LeaseLostError: another run has taken the video over.
        """
        with self._store.adding(key, lease) as add:
            self.refresh(key)

            def append(line: Line) -> None:
                add(line)
                self.refresh(key)

            yield append

    def append(self, *lines: Outcome | Line) -> None:
        """Add outcomes, and lines of other events.

        Raises:
            OutputError: the log cannot be written.
        """
        with self._store.adding("", None) as add:
            for line in lines:
                add(line.line() if isinstance(line, Outcome) else line)
        self.refresh()

    def compact(self) -> None:
        """Make ready what is read at once the next time, where lines lie apart.

        Raises:
            OutputError: nothing can be written.
        """
        self._store.compact()

    def _take(self, line: Mapping[str, Any]) -> None:
        """Take in what a line says."""
        if line["event"] == "written":
            self.run_files[line["file"]] = line
            self.changed.discard(line["file"])
            return
        if line["event"] == "run":
            self.runs.append(line)
        elif line["event"] == "listed":
            self.lists[line["sha256"]] = line
        if line["event"] not in ("done", "skipped", "failed"):
            return
        outcome = outcome_in(line)
        self._count += 1
        if outcome.event != "failed":
            self.done[outcome.key] = outcome
            self._numbers[outcome.key] = self._count
            self.owners |= dict.fromkeys(outcome.files, outcome.key)
            self._last[outcome.key] = {}  # whoever had the name before has it no longer
        self._last.setdefault(outcome.key, {})[outcome.source.path] = (self._count, outcome)
        self.changed |= set(self.run_files)


def _in_order(numbered: Iterable[tuple[int, Outcome]]) -> list[Outcome]:
    """Return the last outcome of each source, whatever its files were called, by path."""
    last = {one.whose: one for _, one in sorted(numbered, key=lambda pair: pair[0])}
    return sorted(last.values(), key=lambda one: one.place)
