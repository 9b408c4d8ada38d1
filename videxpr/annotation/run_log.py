"""The log of an output folder, ``run.jsonl``: a line for each event, only ever appended.

    run       a run begins; it names its sources by their list
    listed    the sources of runs, once for all runs with this list
    started   a source is begun
    done      its files are written
    skipped   it is done, but lies elsewhere now, or has another time of modification
    failed    it cannot be annotated
    written   a file of the run is written

It says of every file who wrote it, from what and with what, so that a run with nothing to do reads it
alone. Several processes may append to it. A line that was cut off when its process was killed is left
out. On Windows nothing is locked: a folder should have one run at a time there.
"""

import errno
import hashlib
import json
import os
import socket
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Final, Literal, Protocol

from videxpr.annotation.fingerprint import Setup, SourceState, path_of, size_and_time
from videxpr.annotation.leases import Held, LeaseLostError
from videxpr.core.errors import FormatError, OutputError
from videxpr.core.version import VERSION
from videxpr.formats.label_runs import TextLabels
from videxpr.video.jobs import Row
from videxpr.video.segments import name_with_segment
from videxpr.video.sources import Source

if sys.platform != "win32":
    import fcntl

RUN_LOG: Final = "run.jsonl"
BEGINNING: Final = b'{"event":'
FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
UNLOCKABLE: Final = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
"""What file systems answer that know no locks; appending a line at once is nearly as safe."""

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

Line = Mapping[str, Any]
Append = Callable[[Line], None]


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


class LogStore(Protocol):
    """Where the lines of a log are kept."""

    def new_lines(self, key: str = "") -> Iterable[Line]:
        """Return what was added since the last time; those of one video are enough if it is named.

        Right after something was added here, that is enough.

        Raises:
            FormatError: what is there is another program's, or cannot be read.
        """

    def adding(self, key: str, lease: Held | None) -> AbstractContextManager[Append]:
        """Let a block add lines.

        Args:
            key: of the video that they are of; empty if they are of none or several.
            lease: that must be held.

        Raises:
            OutputError: nothing can be written.
            LeaseLostError: the lease is not held.
        """

    def compact(self) -> None:
        """Make ready what is read at once the next time."""


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


class LogFile:
    """A log in a file, to which several processes may append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0

    def new_lines(self, key: str = "") -> Iterator[Line]:
        """Yield the lines that were appended since they were last taken to the end, of all videos."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read_bytes)
                data = file.read()
        except FileNotFoundError:
            return
        except OSError as exc:
            raise FormatError(f"cannot read {self._path}: {exc.strerror or exc}") from exc
        if self._read_bytes == 0:
            check_beginning(data, str(self._path))
        whole = data.rfind(b"\n") + 1  # what follows is being written, or was cut off
        yield from parsed(data[:whole])
        self._read_bytes += whole  # not before: a signal may end the reading at any line

    @contextmanager
    def adding(self, key: str, lease: Held | None) -> Iterator[Append]:
        """Lock the file while a block runs."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, FLAGS, 0o666)
        except OSError as exc:
            raise OutputError(f"cannot write {self._path}: {exc.strerror or exc}") from exc
        try:
            _lock(file)
            if lease is not None and not lease.is_held():
                raise LeaseLostError(f"{key} was taken over by another run")
            yield lambda line: self._append(file, line)
        finally:
            os.close(file)  # which ends the lock

    def compact(self) -> None:
        """Do nothing: they lie together."""

    def _append(self, file: int, line: Line) -> None:
        """Write a line at once, or nothing; one that was cut off before it is ended."""
        size, data = os.fstat(file).st_size, encoded(line)
        os.lseek(file, max(size - 1, 0), os.SEEK_SET)
        if os.read(file, 1) not in (b"\n", b""):
            data = b"\n" + data
        try:
            if os.write(file, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if line["event"] == "done":  # before its files get their names
                os.fsync(file)
        except OSError as exc:
            with suppress(OSError):
                os.ftruncate(file, size)
            raise OutputError(f"cannot write {self._path}: {exc.strerror or exc}") from exc


def check_beginning(data: bytes, shown: str) -> None:
    """Refuse a file of the log's name that is another program's.

    Raises:
        FormatError: it says which.
    """
    if not BEGINNING.startswith(data[: len(BEGINNING)]):
        raise FormatError(f"{shown} is not videxpr's: move it, or choose another -o")


def encoded(line: Line) -> bytes:
    """Return a line as the log holds it."""
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"  # as JSON escapes it


def parsed(data: bytes) -> list[Line]:
    """Return the lines in a part of a log; those that were cut off are left out."""
    found: list[Line] = []
    for text in data.decode("utf-8", "replace").split("\n"):
        with suppress(ValueError, RecursionError):
            found.append(json.loads(text))
    return found


def _lock(file: int) -> None:
    """Wait until no other process writes."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as exc:
            if exc.errno not in UNLOCKABLE:
                raise
