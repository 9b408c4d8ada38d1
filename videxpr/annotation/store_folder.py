"""Where results go: a folder in S3, which several runs may share.

A store has no locks, no renaming and no appending, but it puts an object only where none is. So each
video has a *chain* of small objects, ``.videxpr/log/HASH.000001`` and so on, each put only if its name
is free: who puts the next one has seen the last. A lease is such an object, and the outcome is the one
after it. Whoever was away while another run took over finds the name taken, and has written nothing.

    lease: a process is at the video; it is put again to stay young, and in the end as ``released``
    done, skipped, failed: as in `run_log`

Lines about runs have random names. ``run.jsonl`` is a copy, for people and for a quick start.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, time_ns
from typing import Final

from videxpr.annotation.leases import (
    LEASE_SECONDS,
    RENEW_SECONDS,
    Held,
    Holder,
    LeaseLostError,
    holder_is_gone,
    this_process,
)
from videxpr.annotation.log_file import Append, Line, check_beginning, encoded, parsed
from videxpr.annotation.run_log import RUN_LOG, RunLog, WrittenFile, now
from videxpr.core.errors import OutputError
from videxpr.core.files import has_room, sha256_of
from videxpr.core.remote import RemoteFile
from videxpr.core.remote_folder import RemoteFolder

STATE: Final = ".videxpr/"
LOG: Final = f"{STATE}log/"
CLOCK: Final = f"{STATE}clock"
"""An object that is put anew to learn the store's time."""

OUTCOMES: Final = frozenset({"done", "skipped", "failed"})
ATTEMPTS: Final = 20
"""Others may add to a chain at the same time, but not without end."""


class StoreFolder:
    """A folder in S3. Files are written in a temporary folder on this machine, and put at the end."""

    directory = None

    def __init__(self, address: str) -> None:
        self._remote = RemoteFolder(address)
        self._files: dict[str, RemoteFile] = {}
        self._looked = ""  # the beginning of the names that were looked at; empty: of all
        self._is_listed = False

    def __str__(self) -> str:
        return self._remote.address

    def shown(self, file: str) -> str:
        """Return a file's address."""
        return f"{self}/{file}"

    def check_writable(self) -> None:
        """Refuse a store that does not answer."""
        self._remote.files(CLOCK)

    def has_room(self) -> bool:
        """Return whether files can be written aside: stores are never full."""
        return has_room(Path(tempfile.gettempdir()))

    def open_log(self) -> RunLog:
        """Return the log, which is kept in objects."""
        return RunLog(StoreLog(self._remote))

    def open_leases(self) -> "StoreLeases":
        """Return leases, which are objects."""
        return StoreLeases(self._remote)

    def look(self, key: str) -> None:
        """List the files of a video."""
        kept = {name: one for name, one in self._files.items() if not name.startswith(key)}
        self._files, self._looked = kept | self._remote.files(key), key

    def size(self, file: str) -> int:
        """Return the bytes of a file, as it was listed."""
        if not self._is_listed and not (self._looked and file.startswith(self._looked)):
            everything = self._remote.files().items()
            self._files = {name: one for name, one in everything if not name.startswith(STATE)}
            self._is_listed = True
        return self._files[file].size if file in self._files else -1

    def sha256(self, file: str) -> str:
        """Return the hash of a file."""
        return sha256_of(self._files[file])

    def begins_with(self, file: str, beginning: bytes) -> bool:
        """Return whether a file begins so."""
        return self._remote.read([file])[file].startswith(beginning)

    @contextmanager
    def staging(self, key: str) -> Iterator[Path]:
        """Give a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="videxpr-") as folder:
            yield Path(folder)

    def staged_at(self, staging: Path) -> str:
        """Return nothing: other machines do not see it."""
        return ""

    def publish(self, staging: Path, files: Iterable[str]) -> None:
        """Put files, each where none is or over the one that was seen when this video was looked at."""
        for file in files:
            if not self._remote.create(file, staging / Path(file).name, self._files.get(file)):
                raise LeaseLostError(f"{self.shown(file)} was written by another run meanwhile")

    def is_staged(self, key: str, staged_at: str) -> bool:
        """Return no: what was not put is gone."""
        return False

    def rescue(self, staged_at: str, files: Mapping[str, WrittenFile]) -> None:
        """Do nothing: there is nothing left to name."""

    def leftovers(self, key: str) -> list[Path]:
        """Return nothing: the system clears its temporary folder."""
        return []

    def remove(self, file: str) -> None:
        """Remove an object."""
        self._remote.remove(file)

    @contextmanager
    def replacing(self, file: str) -> Iterator[Path]:
        """Give a path in a temporary folder."""
        with self.staging(file) as staging:
            yield staging / file
            self._remote.replace(file, staging / file)


class StoreLog:
    """The lines of a log, each an object."""

    def __init__(self, remote: RemoteFolder) -> None:
        self._remote = remote
        self._known: dict[str, Line] = {}  # by name of their object, as they were read
        self._own: list[Line] = []
        self._has_copy = False
        self._in_copy = 0

    def new_lines(self, key: str = "") -> Iterator[Line]:
        """Yield what others have added, and what was added here."""
        if not self._has_copy:
            self._has_copy = True
            yield from self._copied()
        if self._own:
            own, self._own = self._own, []
            yield from own
            return  # which spares a request
        listed = self._remote.files(chain_of(key) if key else LOG)
        new = [name for name in listed if name not in self._known]
        content = self._remote.read(new)
        for name in sorted(new, key=lambda one: (listed[one].modified_ns, one)):
            for line in parsed(content[name]):
                self._known[name] = line
                yield line

    def _copied(self) -> Iterator[Line]:
        """Yield the lines of the copy, which spares reading their objects."""
        if RUN_LOG not in self._remote.files(RUN_LOG):
            return
        data = self._remote.read([RUN_LOG])[RUN_LOG]
        check_beginning(data, f"{self._remote.address}/{RUN_LOG}")
        for line in parsed(data):
            self._known[line.get("object", "")] = line
            yield line
        self._in_copy = len(self._known)

    @contextmanager
    def adding(self, key: str, lease: Held | None) -> Iterator[Append]:
        """Let a block add lines; an outcome comes after the lease, or not at all."""

        def add(line: Line) -> None:
            if line["event"] not in OUTCOMES:
                self._add(f"{LOG}run.{secrets.token_hex(12)}", line)
            elif isinstance(lease, StoreLease):
                if not self._add(link(lease.key, lease.number + 1), line):
                    raise LeaseLostError(f"{lease.key} was taken over by another run")
            else:
                self._add_last(line)

        yield add

    def compact(self) -> None:
        """Put a copy of all lines into one object, if there are new ones."""
        if len(self._known) > self._in_copy:
            self._remote.replace(RUN_LOG, b"".join(map(encoded, self._known.values())))

    def _add_last(self, line: Line) -> None:
        """Add a line at the end of its video's chain."""
        for _ in range(ATTEMPTS):
            if self._add(link(line["key"], _last(self._remote, line["key"])[0] + 1), line):
                return
        raise OutputError(f"{self._remote.address}: too many runs add to {line['key']} at once")

    def _add(self, name: str, line: Line) -> bool:
        # a random part, or another run's line could pass for this one
        line = {**line, "object": name, "nonce": secrets.token_hex(4)}
        if not self._remote.create(name, encoded(line)):
            return False
        self._known[name] = line
        self._own.append(line)
        return True


@dataclass(frozen=True)
class StoreLease:
    """A lease on a video.

    Attributes:
        remote: the address of the output folder.
        key: what the video's files are called.
        number: of its object in the chain.
    """

    remote: str
    key: str
    number: int

    def is_held(self) -> bool:
        """Return whether nothing was added to the chain since."""
        return _last(RemoteFolder(self.remote), self.key)[0] == self.number


@dataclass
class StoreLeases:
    """The leases of this process in one folder.

    Attributes:
        remote: the folder.
        holder: this process.
    """

    remote: RemoteFolder
    holder: Holder = field(default_factory=this_process)

    def __post_init__(self) -> None:
        self._held: dict[StoreLease, Line] = {}
        self._renewed = monotonic()

    def acquire(self, key: str) -> StoreLease | None:
        """Return a lease on a video; None if another process has one."""
        number, last = _last(self.remote, key)
        if last is not None and not self._is_free(link(key, number), last):
            return None
        lease = StoreLease(self.remote.address, key, number + 1)
        name = link(key, lease.number)
        line = {"event": "lease", "time": now(), "key": key, **asdict(self.holder), "object": name}
        line["nonce"] = secrets.token_hex(4)
        if not self.remote.create(name, encoded(line)):
            return None
        self._held[lease] = line
        return lease

    def release(self, lease: StoreLease) -> None:
        """Give a lease back; the name of its object stays taken, so that no late owner can use it."""
        if line := self._held.pop(lease, None):
            with suppress(OutputError):  # it expires
                name = link(lease.key, lease.number)
                self.remote.replace(name, encoded({**line, "event": "released"}))

    def count(self) -> int:
        """Return how many videos any process has a lease on."""
        chains: dict[str, str] = {}
        links = self.remote.files(LOG)
        for name in sorted(links):
            chains[name.rpartition(".")[0]] = name
        oldest_ns = (
            time_ns() - LEASE_SECONDS * 1e9
        )  # by this clock: who asks may have no right to put
        content = self.remote.read(
            name
            for name in chains.values()
            if name.rpartition(".")[2].isdecimal() and links[name].modified_ns > oldest_ns
        )
        return sum(b'"event":"lease"' in one for one in content.values())

    def renew(self) -> None:
        """Put the objects of all leases anew if it is time to."""
        if monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = monotonic()
        for lease, line in self._held.items():
            with suppress(OutputError):  # the next time may do
                self.remote.replace(link(lease.key, lease.number), encoded(line))

    def close(self) -> None:
        """Give all leases back."""
        for lease in tuple(self._held):
            self.release(lease)

    def _is_free(self, name: str, file: RemoteFile) -> bool:
        """Return whether the last object of a chain keeps nobody off."""
        (line,) = parsed(self.remote.read([name])[name]) or [{}]
        if line.get("event") != "lease":
            return True
        if holder_is_gone(line, self.holder):
            return True
        return self._now_ns() - file.modified_ns > LEASE_SECONDS * 1e9

    def _now_ns(self) -> int:
        """Return the time by the store's clock."""
        self.remote.replace(CLOCK, b"")
        return self.remote.files(CLOCK)[CLOCK].modified_ns


def chain_of(key: str) -> str:
    """Return how the names of a video's objects begin."""
    return f"{LOG}{hashlib.sha256(os.fsencode(key)).hexdigest()[:24]}."


def link(key: str, number: int) -> str:
    """Return the name of an object of a video's chain, from 1; names are in the order of numbers."""
    return f"{chain_of(key)}{number:06}"


def _last(remote: RemoteFolder, key: str) -> tuple[int, RemoteFile | None]:
    """Return the number of the last object of a video's chain, and that object; 0 if there is none."""
    chain = remote.files(chain_of(key))
    name = max(chain, default="")
    return (int(name.rpartition(".")[2]), chain[name]) if name else (0, None)
