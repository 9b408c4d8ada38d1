"""Files appear whole or not at all, are known by their SHA-256, and are read as lines of text."""

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from videxpr.core.errors import FormatError, OutputError
from videxpr.core.remote import Location

CHUNK_BYTES: Final = 1 << 20
ROOM_BYTES: Final = 1 << 20
"""Less than this on a disk is a full disk."""

STANDARD_OUTPUT: Final = Path("-")
"""Stands for it where a file is named."""

DEVICES: Final = Path("/dev")
NAME_BYTES: Final = 255
"""A file's name is no longer on any common file system."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block ends without an error.

    The block makes a file there, or a folder. Folders above it are made. If the block fails, what it
    made is removed and whatever was at `path` before is untouched.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before anything that builds on them.

    Else a loss of power may leave a name without its content. File systems that know no such thing for
    a folder, and Windows, are left to themselves.

    Raises:
        OSError: the file cannot be written.
    """
    if os.name == "nt":
        return
    is_folder, descriptor = path.is_dir(), os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:
            raise
    finally:
        os.close(descriptor)


def has_room(folder: Path) -> bool:
    """Return whether a folder, which may be yet to be made, can take some more bytes.

    It is tried, since free space does not tell of a user's quota.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.is_dir())
    probe = temporary_beside(there / "room")
    try:
        with probe.open("wb") as file:
            file.write(bytes(ROOM_BYTES))
            os.fsync(file.fileno())
    except OSError as exc:
        return exc.errno not in (errno.ENOSPC, errno.EDQUOT)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return True


def temporary_beside(path: Path) -> Path:
    """Return a hidden path in the same folder that nobody else has.

    Its name is short, since that of `path` may be as long as a file system allows.
    """
    return path.with_name(f"{_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}.part")


def leftovers(path: Path) -> Iterator[Path]:
    """Yield the temporary paths of those who write `path`, or were killed while they did."""
    return path.parent.glob(f"{_prefix(path)}*.part")


def folds_names(folder: Path) -> bool:
    """Return whether names that differ in case, or in how Unicode spells them, are one in a folder.

    On macOS and Windows they are. A folder that is not there yet is as the one above it; of one that
    cannot be written to nothing is known, and it is said to fold none.
    """
    there = next(one for one in (folder, *folder.parents) if one.is_dir())
    probe = temporary_beside(there / "probe\u00e9")
    probe = probe.with_name(f"{probe.name}\u00e9")
    others = (probe.name.upper(), unicodedata.normalize("NFD", probe.name))
    try:
        probe.touch()
        return any(probe.with_name(name).exists() for name in others)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    return f".videxpr-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}-"


def unwritable_reason(path: Path, is_folder: bool) -> str:
    """Return why a file, or a folder with files, cannot be written; empty if it can.

    It is tried, since permissions do not tell all, and nothing is left behind.
    """
    folder, missing = (path if is_folder else path.parent), list[Path]()
    try:
        if path.exists() and path.is_dir() != is_folder:
            return "is a file, not a folder" if is_folder else "is a folder; name a file in it"
        if path.parent == DEVICES or (path.exists() and not is_folder and not path.is_file()):
            return "is a device, which would be replaced; name a file"
        places = (folder, *folder.parents)
        missing = [one for one in places if not one.exists()]
        if not (above := places[len(missing)]).is_dir():
            return f"cannot be written: {above} is a file"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as exc:
        return f"cannot be written: {exc.strerror or exc}"
    finally:
        for one in missing:
            with suppress(OSError):  # another process is using it
                one.rmdir()


def sha256_of(*paths: Location) -> str:
    """Return the SHA-256 of a file, or of several as if they were one, as hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def unreadable_reason(error: Exception) -> str:
    """Return what an error of reading a file says of it, without its number and the file's name."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8 text"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def read_lines(path: Path) -> list[str]:
    """Read the lines of a UTF-8 file; a byte order mark and Windows line ends are taken off.

    Raises:
        FormatError: the file cannot be read, or is no such text.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise FormatError(f"cannot read {path}: {unreadable_reason(exc)}") from exc
    lines = [line.removesuffix("\r") for line in lines]
    return lines[:-1] if lines[-1] == "" else lines
