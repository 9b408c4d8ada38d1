"""Files from the network, checked before anything uses them, and archives, unpacked with care."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from videxpr.core.errors import DownloadError, OutputError
from videxpr.core.files import atomic_write, sha256_of

Progress = Callable[[int, int | None], None]
"""Told the bytes so far, and the bytes in all where they are known."""

TIMEOUT_SECONDS: Final = 30.0
"""How long a server may stay silent."""

CHUNK_BYTES: Final = 1 << 18


def fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None,
    size: int | None,
    progress: Progress | None = None,
) -> str:
    """Download a file to `path`, whole or not at all; what was there stays until then.

    Args:
        url: an http or https address.
        path: where the file goes; folders above it are made.
        sha256: the hash that it must have, or None to take it as it comes.
        size: its bytes, used where the server does not say; None if nobody knows.
        progress: called after every piece.

    Returns:
        The SHA-256 of the file, as hexadecimal digits.

    Raises:
        DownloadError: the server cannot be reached, refuses, stops early or sends another file.
        OutputError: the file cannot be written.
    """
    with _open(url, path) as response, atomic_write(path) as temporary:
        total = size if response.length is None else response.length
        with temporary.open("wb") as file:
            for chunk in _chunks(response, url):
                file.write(chunk)
                if progress is not None:
                    progress(file.tell(), total)
        return _checked(temporary, url, sha256, total)


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> tuple[Path, ...]:
    """Unpack some members of a zip file straight into a folder, all of them or none.

    They are written aside first; files of the same names are replaced, others stay.

    Args:
        archive: the zip file.
        folder: where the members go; folders inside the archive are not made.
        wanted: whether to take a member, given its name without folders.

    Returns:
        The files, by name.

    Raises:
        DownloadError: the archive is damaged, holds nothing wanted, holds a name twice, or has a
            member that points outside.
        OutputError: the folder cannot be written to.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as aside:
            files = _extract(archive, Path(aside), wanted)
            folder.mkdir(exist_ok=True)
            for file in files:
                os.replace(file, folder / file.name)
    except OSError as exc:
        raise OutputError(f"cannot unpack {archive} into {folder}: {exc.strerror or exc}") from exc
    return tuple(folder / file.name for file in files)


def _open(url: str, path: Path) -> HTTPResponse:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise DownloadError(f"{url} is no http or https address; videxpr downloads from no other")
    by_hand = f"copy {url} from another machine to {path} and run this again"
    try:
        request = Request(url, headers={"User-Agent": "videxpr"})
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT_SECONDS)
    except HTTPError as exc:
        exc.close()
        raise DownloadError(
            f"{url} answered {exc.code} {exc.reason}; try again later, or {by_hand}"
        ) from exc
    except (OSError, HTTPException) as exc:
        raise DownloadError(
            f"cannot reach {parts.netloc}: {_reason(exc)}; check the network, or {by_hand}"
        ) from exc
    return response


def _chunks(response: HTTPResponse, url: str) -> Iterator[bytes]:
    """What the server sends, piece by piece."""
    try:
        while chunk := response.read(CHUNK_BYTES):
            yield chunk
    except (OSError, HTTPException) as exc:
        raise DownloadError(f"{url} broke off: {_reason(exc)}; try again") from exc


def _checked(file: Path, url: str, sha256: str | None, size: int | None) -> str:
    """The SHA-256 of a file that was downloaded, if it is whole and the right one."""
    received, found = file.stat().st_size, sha256_of(file)
    if size is not None and received != size:
        raise DownloadError(f"{url} ended after {received} of {size} bytes; try again")
    if sha256 is not None and found != sha256:
        raise DownloadError(
            f"{url} has SHA-256 {found}, not {sha256} as expected, and was not kept; "
            "try again, and if it happens again, do not trust that source"
        )
    return found


def _reason(exc: Exception) -> str:
    """Why a connection failed, on one line and without a number."""
    cause = getattr(exc, "reason", exc)
    return " ".join(str(getattr(cause, "strerror", None) or cause).split())


def _extract(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive, wanted)
            for name, member in members.items():
                with opened.open(member) as source, (folder / name).open("wb") as file:
                    copyfileobj(source, file)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as exc:
        raise DownloadError(
            f"{archive} cannot be unpacked ({exc}); remove it and download it again"
        ) from exc
    return [folder / name for name in sorted(members)]


def _members(
    opened: zipfile.ZipFile, archive: Path, wanted: Callable[[str], bool]
) -> dict[str, zipfile.ZipInfo]:
    """The members that are wanted, by their name without folders."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in opened.infolist():
        path = PurePosixPath(member.orig_filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.orig_filename:
            raise DownloadError(
                f"{archive} holds {member.orig_filename!r}, which points outside; do not use it"
            )
        if member.is_dir() or not wanted(path.name):
            continue
        if path.name in found:
            raise DownloadError(f"{archive} holds two files named {path.name}; do not use it")
        found[path.name] = member
    if not found:
        raise DownloadError(f"{archive} holds none of the files that it should; do not use it")
    return found
