"""Where results go: a folder on this machine. `OutputFolder` says what any other place has to know."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from videxpr.annotation.leases import LeaseKeeper, Leases
from videxpr.annotation.run_log import RUN_LOG, RunLog, WrittenFile
from videxpr.core.errors import OutputError
from videxpr.core.files import (
    atomic_write,
    has_room,
    leftovers,
    sha256_of,
    sync,
    temporary_beside,
)
from videxpr.core.names import is_address
from videxpr.core.remote import plain_address


class OutputFolder(Protocol):
    """A place for results, whose files are called by their paths below it.

    Attributes:
        directory: the folder on this machine; None if it is elsewhere.
    """

    @property
    def directory(self) -> Path | None: ...  # noqa: D102

    def shown(self, file: str) -> str:
        """Return a file as a user should read it."""

    def check_writable(self) -> None:
        """Refuse a place that cannot be written to, as far as it can be told; nothing is made yet.

        Raises:
            OutputError: it says why.
        """

    def has_room(self) -> bool:
        """Return whether it can take some more bytes."""

    def open_log(self) -> RunLog:
        """Return its log.

        Raises:
            FormatError: another program's file has its name.
        """

    def open_leases(self) -> LeaseKeeper:
        """Return the leases of this process in it."""

    def look(self, key: str) -> None:
        """Look anew at the files of a video, by what they are called without their endings."""

    def size(self, file: str) -> int:
        """Return the bytes of a file; -1 if it is not there."""

    def sha256(self, file: str) -> str:
        """Return the hash of a file, which is read for it."""

    def begins_with(self, file: str, beginning: bytes) -> bool:
        """Return whether a file begins so."""

    def staging(self, key: str) -> AbstractContextManager[Path]:
        """Give a new folder in which files of a video are written aside; it goes with the block."""

    def staged_at(self, staging: Path) -> str:
        """Return where others find such a folder; nothing if they cannot."""

    def publish(self, staging: Path, files: Iterable[str]) -> None:
        """Give files that were written aside their names.

        Raises:
            OutputError: it cannot be done.
            LeaseLostError: another run has done so meanwhile.
        """

    def is_staged(self, key: str, staged_at: str) -> bool:
        """Return whether what a process had written aside of a video is still there."""

    def rescue(self, staged_at: str, files: Mapping[str, WrittenFile]) -> None:
        """Give files their names that a process had written aside when it was killed."""

    def leftovers(self, key: str) -> list[Path]:
        """Return what processes have written aside of a video."""

    def remove(self, file: str) -> None:
        """Remove a file, if it is there."""

    def replacing(self, file: str) -> AbstractContextManager[Path]:
        """Give a path to write to, from which a file takes its content when the block ends well."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder on this machine, or on a disk that it shares with others."""

    directory: Path

    def __str__(self) -> str:
        return str(self.directory)

    def shown(self, file: str) -> str:
        """Return a file's path."""
        return str(self.directory / file)

    def check_writable(self) -> None:
        """Refuse what cannot be made or written to."""
        folder = self.directory
        place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        if not place.is_dir():
            raise OutputError(f"cannot write into {folder}: {place} is no folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write into {folder}: no permission")

    def has_room(self) -> bool:
        """Return whether the disk can take some more bytes."""
        return has_room(self.directory)

    def open_log(self) -> RunLog:
        """Return the log, a file."""
        return RunLog(self.directory / RUN_LOG)

    def open_leases(self) -> Leases:
        """Return leases, which are files."""
        return Leases(self.directory)

    def look(self, key: str) -> None:
        """Do nothing: every question is answered by the disk."""

    def size(self, file: str) -> int:
        """Return the bytes of a file."""
        try:
            return (self.directory / file).stat().st_size
        except OSError:
            return -1

    def sha256(self, file: str) -> str:
        """Return the hash of a file."""
        return sha256_of(self.directory / file)

    def begins_with(self, file: str, beginning: bytes) -> bool:
        """Return whether a file begins so."""
        with (self.directory / file).open("rb") as opened:
            return opened.read(len(beginning)) == beginning

    @contextmanager
    def staging(self, key: str) -> Iterator[Path]:
        """Give a hidden folder beside the files of a video."""
        staging = temporary_beside(self.directory / key)
        with naming(self.shown(key)):
            staging.mkdir(parents=True)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def staged_at(self, staging: Path) -> str:
        """Return its path below this folder."""
        return staging.relative_to(self.directory).as_posix()

    def publish(self, staging: Path, files: Iterable[str]) -> None:
        """Rename files."""
        for file in files:
            with naming(self.shown(file)):
                os.replace(staging / Path(file).name, self.directory / file)
        sync(staging.parent)

    def is_staged(self, key: str, staged_at: str) -> bool:
        """Return whether a hidden folder beside the files of a video is still there."""
        staging = self.directory / staged_at
        return staging.is_dir() and staging in self.leftovers(key)  # a log may say anything

    def rescue(self, staged_at: str, files: Mapping[str, WrittenFile]) -> None:
        """Rename those that are whole; remove the folder."""
        staging = self.directory / staged_at
        for file, written in files.items():
            staged = staging / Path(file).name
            if staged.is_file() and sha256_of(staged) == written.sha256:
                os.replace(staged, self.directory / file)
        shutil.rmtree(staging, ignore_errors=True)

    def leftovers(self, key: str) -> list[Path]:
        """Return the hidden folders of a video."""
        return list(leftovers(self.directory / key))

    def remove(self, file: str) -> None:
        """Remove a file."""
        (self.directory / file).unlink(missing_ok=True)

    def replacing(self, file: str) -> AbstractContextManager[Path]:
        """Give a path beside it."""
        return atomic_write(self.directory / file)


def open_folder(directory: Path) -> OutputFolder:
    """Return the folder of a path, or of an address, of which a path has made one slash of two.

    Raises:
        OutputError: the address cannot be used.
    """
    if not is_address(directory.as_posix()):
        return LocalFolder(directory)
    from videxpr.annotation.store_folder import StoreFolder

    return StoreFolder(plain_address(directory.as_posix()))


@contextmanager
def naming(shown: str) -> Iterator[None]:
    """Say of what goes wrong in a block that it is this file which cannot be written."""
    try:
        yield
    except (OSError, OutputError) as exc:
        number = getattr(exc.__cause__ if isinstance(exc, OutputError) else exc, "errno", None)
        reason = os.strerror(number) if number else exc  # Arrow's own text is longer
        raise OutputError(f"cannot write {shown}: {reason}") from exc
