"""Leases on videos: runs that share an output folder never annotate one video at the same time.

A lease is a file that only one process can create. Whoever holds it renews its time; one that was not
renewed for a while is taken over by the next *generation*, a file with the next number, which again
only one process can create. Times are compared by the clock of the file system, which machines share,
and whoever was away for longer than a lease finds at the end that it has lost it.
"""

import hashlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

import psutil

from videxpr.core.errors import OutputError

FOLDER: Final = ".videxpr-leases"
RENEW_SECONDS: Final = 15.0
LEASE_SECONDS: Final = 60.0
"""A lease that was not renewed for so long may be taken over: three renewals may be late."""

GRAIN_SECONDS: Final = 2.0
"""The same process is said to have begun a little earlier or later where a machine's clock is set."""

NAMESPACE: Final = Path("/proc/self/ns/pid")
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class LeaseLostError(OutputError):
    """Another run has taken a video over; what was made of it is not written."""


@dataclass(frozen=True)
class Holder:
    """A process that holds leases.

    Attributes:
        host: name of its machine.
        boot: identifies the machine's start, and the container, in which its number means something.
        process: its number.
        begun: when it began, in seconds since 1970: numbers are used again.
    """

    host: str
    boot: str
    process: int
    begun: float

    def is_gone(self, here: "Holder") -> bool:
        """Return whether it has surely ended, as far as the machine `here` can tell."""
        if (self.host, self.boot) != (here.host, here.boot):
            return False
        try:
            begun = psutil.Process(self.process).create_time()
            return abs(begun - self.begun) > GRAIN_SECONDS
        except psutil.NoSuchProcess:
            return True


def holder_is_gone(content: Mapping[str, Any], here: Holder) -> bool:
    """Return whether whoever a lease names has surely ended, as far as this machine can tell.

    Args:
        content: of the lease.
        here: this process.
    """
    try:
        return Holder(*(content[one.name] for one in fields(Holder))).is_gone(here)
    except KeyError:  # it is just being written
        return False


def this_process() -> Holder:
    """Return this process as a holder of leases."""
    boot = BOOT.read_text().strip() if BOOT.is_file() else str(int(psutil.boot_time()))
    if NAMESPACE.exists():  # containers of one machine share its start, not its numbers
        boot = f"{boot} {os.readlink(NAMESPACE)}"  # noqa: PTH115 (it links to no file)
    return Holder(socket.gethostname(), boot, os.getpid(), psutil.Process().create_time())


@dataclass(frozen=True)
class Lease:
    """A lease that was acquired.

    Attributes:
        path: of its file.
        token: that stands in it, and in no other.
    """

    path: Path
    token: str

    def is_held(self) -> bool:
        """Return whether nobody has taken it over."""
        stem, generation = _parts(self.path)
        later = (one for one, _ in _generations(self.path.parent, stem) if one > generation)
        return next(later, None) is None and _read(self.path).get("token") == self.token


class Held(Protocol):
    """A lease that was acquired, wherever it is kept."""

    def is_held(self) -> bool:
        """Return whether nobody has taken it over."""


class LeaseKeeper(Protocol):
    """The leases of this process in one place for results."""

    def acquire(self, key: str) -> Held | None:
        """Return a lease on a video, by what its files are called; None if another process has one.

        Raises:
            OutputError: nothing can be written there.
        """

    def release(self, lease: Any) -> None:
        """Give a lease back."""

    def count(self) -> int:
        """Return how many videos any process has a lease on, and works on."""

    def renew(self) -> None:
        """Renew all leases if it is time to."""

    def close(self) -> None:
        """Give all leases back."""


@dataclass
class Leases:
    """The leases of this process in one output folder.

    Attributes:
        directory: the output folder.
        holder: this process.
    """

    directory: Path
    holder: Holder = field(default_factory=this_process)

    def __post_init__(self) -> None:
        self._folder = self.directory / FOLDER
        self._held: set[Lease] = set()
        self._renewed = monotonic()

    def acquire(self, key: str) -> Lease | None:
        """Return a lease on a video; None if another process has one.

        Args:
            key: what its files are called below the output folder, without their endings.

        Raises:
            OutputError: the folder cannot be written to.
        """
        stem = hashlib.sha256(os.fsencode(key)).hexdigest()[:24]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            last = max(_generations(self._folder, stem), default=None)
            if last is not None and not self._is_free(last[1]):
                return None
            return self._create(self._folder / f"{stem}.{0 if last is None else last[0] + 1}", key)
        except FileExistsError:
            return None
        except OSError as exc:
            raise OutputError(f"cannot write into {self._folder}: {exc.strerror or exc}") from exc

    def release(self, lease: Lease) -> None:
        """Give a lease back; its earlier generations go with it."""
        self._held.discard(lease)
        if not lease.is_held():
            return
        for _, path in sorted(_generations(self._folder, _parts(lease.path)[0])):
            path.unlink(missing_ok=True)

    def count(self) -> int:
        """Return how many videos any process has a lease on, and works on."""
        return len({_parts(path)[0] for path in self._files() if not self._is_free(path)})

    def renew(self) -> None:
        """Renew all leases if it is time to."""
        if monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = monotonic()
        for lease in self._held:
            with suppress(OSError):  # of one that was taken over, its owner learns in the end
                os.utime(lease.path)

    def close(self) -> None:
        """Give all leases back, and remove the folder if no other process needs it.

        A process that was killed right after it had written its results has left a lease that nobody
        will take over.
        """
        for lease in tuple(self._held):
            self.release(lease)
        for path in self._files():
            if self._is_free(path):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("*.*") if path.suffix[1:].isdecimal()]

    def _create(self, path: Path, key: str) -> Lease:
        lease = Lease(path, secrets.token_hex(8))
        content = {**asdict(self.holder), "token": lease.token, "video": key}
        with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(content, file)
        self._held.add(lease)
        return lease

    def _is_free(self, path: Path) -> bool:
        """Return whether a lease may be taken over."""
        if holder_is_gone(_read(path), self.holder):
            return True
        try:
            return self._now() - path.stat().st_mtime > LEASE_SECONDS
        except FileNotFoundError:  # given back meanwhile
            return False

    def _now(self) -> float:
        """Return the time by the clock that stamps the leases."""
        with tempfile.NamedTemporaryFile(dir=self._folder) as clock:
            return Path(clock.name).stat().st_mtime


def _generations(folder: Path, stem: str) -> Iterator[tuple[int, Path]]:
    """Yield the generations of a lease, and their files."""
    for path in folder.glob(f"{stem}.*"):
        yield _parts(path)[1], path


def _parts(path: Path) -> tuple[str, int]:
    stem, _, generation = path.name.partition(".")
    return stem, int(generation)


def _read(path: Path) -> dict[str, Any]:
    """Return what stands in a lease; nothing if it is gone, or just being written."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content
