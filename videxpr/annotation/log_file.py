"""Where the lines of a log are kept: in a file, to which lines are only ever appended.

Several processes may append to it. A line that was cut off when its process was killed is left out. On
Windows nothing is locked: a folder should have one run at a time there.
"""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from videxpr.annotation.leases import Held, LeaseLostError
from videxpr.core.errors import FormatError, OutputError

if sys.platform != "win32":
    import fcntl

BEGINNING: Final = b'{"event":'
FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
UNLOCKABLE: Final = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
"""What file systems answer that know no locks; appending a line at once is nearly as safe."""

Line = Mapping[str, Any]
Append = Callable[[Line], None]


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
