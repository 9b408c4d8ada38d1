"""The door to fsspec: files that are named by an address (``s3://bucket/a.mp4``), read by range.

Nothing is copied to a disk. fsspec, and its package for a kind of store, is imported when the first
address of that kind is used. Passwords and keys come from where those packages look for them (the
environment, their own files), never from an address.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, Self

from videxpr.core.errors import StoreError, VidexprError
from videxpr.core.names import public_address

BLOCK_BYTES: Final = 4 << 20
"""Fetched at a time: of 1 MiB, the delay of each request takes longer than its bytes; of 8 MiB, what
is fetched only to open a video doubles."""

BLOCKS: Final = 8
"""Held of a file: sound and pictures that lie far apart are read in turns."""

CACHE: Final = "background"
"""fsspec's name for a cache of such blocks, the next of which is fetched while one is decoded."""

REQUESTS: Final = 16
"""That are made at the same time."""

WHOLE: Final = frozenset({"http", "https"})
"""What is not read: many web servers give whole pages only, and no way to know that one changed."""

LOCAL: Final = frozenset({"file", "local"})
S3: Final = frozenset({"s3", "s3a"})

MODIFIED: Final = ("LastModified", "mtime", "last_modified", "updated")
ETAG: Final = ("ETag", "etag")
"""What fsspec's stores call these."""

ERRORS: Final[Mapping[str, str]] = {
    "FileNotFoundError": "no such bucket or file",
    "PermissionError": "access denied ({text}); look at the credentials and their rights",
    "NoCredentialsError": (
        "no credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    ),
    "FileExpired": "it was changed while it was read; run again",
    "HTTPClientError": "the store cannot be reached ({text}); look at the network, then run again",
    "EndpointConnectionError": (
        "the store cannot be reached ({text}); look at the network, then run again"
    ),
    "Exception": "cannot be used ({text})",
}
"""What an error of fsspec, or of a store's package, means and what to do: the first class that the
error is of, as its classes stand above each other, counts."""

QUERY: Final = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
"""Part of addresses in errors that may hold a signature."""


@dataclass(frozen=True)
class RemoteStatus:
    """What `pathlib.Path.stat` tells of a file, as far as it is used."""

    st_size: int
    st_mtime_ns: int


@dataclass(frozen=True)
class RemoteFile:
    """A file that is named by an address, as its store described it.

    Attributes:
        address: e.g. ``s3://bucket/folder/clip.mp4``.
        size: in bytes.
        modified_ns: when it was modified last.
        etag: the store's own name for these bytes; empty if it has none.
    """

    address: str
    size: int = 0
    modified_ns: int = 0
    etag: str = ""

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return self.address.rstrip("/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """Return the ending of its name."""
        return PurePosixPath(self.name).suffix

    @property
    def identity(self) -> str:
        """Return what changes with its bytes and is known without reading them; empty if nothing is."""
        return f"etag:{self.etag}" if self.etag else ""

    def stat(self) -> RemoteStatus:
        """Return its size and its time."""
        return RemoteStatus(self.size, self.modified_ns)

    def open(self, mode: Literal["rb"] = "rb") -> "RemoteReader":
        """Open it; it must still be as it was described.

        Raises:
            StoreError: it cannot be read, or has changed since.
        """
        with explained(self.address):
            system, path = located(self.address)
            file = system.open(
                path,
                mode,
                block_size=BLOCK_BYTES,
                cache_type=CACHE,
                cache_options={"maxblocks": BLOCKS},
            )
        now = _described(self.address, getattr(file, "details", {}))
        if now.etag != self.etag:
            raise StoreError(f"{self}: it has changed since it was found; run again")
        return RemoteReader(self, file)


Location = Path | RemoteFile
"""Where a file is: on this machine, or at an address."""


class RemoteReader:
    """A file that is open for reading.

    Attributes:
        name: of the file, by which FFmpeg knows some formats.
    """

    def __init__(self, remote: RemoteFile, file: Any) -> None:
        self.name = remote.name
        self._remote = remote
        self._file = file
        self._has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, less only at the end.

        Raises:
            StoreError: they cannot be had.
        """
        if self._has_failed:
            return b""  # FFmpeg asks once more, before PyAV raises the error of the first time
        self._has_failed = True
        with explained(self._remote.address):
            begin = self._file.tell()
            data: bytes = self._file.read(size)
        left = max(self._remote.size - begin, 0)
        if len(data) < (left if size < 0 else min(size, left)):  # else it would pass for the end
            raise StoreError(f"{self._remote}: the store sent less than was asked for; run again")
        self._has_failed = False
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, as in any file."""
        place: int = self._file.seek(offset, whence)
        return place

    def tell(self) -> int:
        """Return the place."""
        place: int = self._file.tell()
        return place

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def full_path(location: Location) -> str:
    """Return an address as it is, and a path from the root; a link is a name of its own."""
    if isinstance(location, RemoteFile):
        return location.address
    return os.path.abspath(location)  # noqa: PTH100


def plain_address(text: str) -> str:
    """Return an address with two slashes, of which a path makes one, and without one at its end."""
    address = re.sub(r"^([^:/]+:)/(?!/)", r"\1//", text)
    return address if address.endswith("://") else address.rstrip("/")


def find_files(address: str) -> list[RemoteFile]:
    """Return the file of an address, or else all files below it, by name; none if there are none.

    Raises:
        StoreError: the store does not answer, or not to us.
    """
    with explained(address):
        system, path = located(address)
        system.invalidate_cache()  # what was listed earlier may have changed
        try:
            found = system.info(path)
        except FileNotFoundError:
            return []
        if found["type"] != "directory":
            return [_described(address, found)]
        return _files(address, path, system.find(path, detail=True))


def match_files(pattern: str) -> list[RemoteFile]:
    """Return the files that an address with wildcards matches, and those below what it matches.

    Raises:
        StoreError: the store does not answer, or not to us.
    """
    with explained(pattern):
        system, path = located(pattern)
        found = system.glob(path, detail=True)
        if not pattern.endswith("**"):  # which matches all that is below, too
            for name, info in list(found.items()):
                if info["type"] == "directory":
                    found |= system.find(name, detail=True)
        return _files(pattern, path, found)


def read_file(address: str) -> bytes:
    """Return what is in a file.

    Raises:
        SourceError: it is not there, or cannot be read.
    """
    with explained(address):
        system, path = located(address)
        data: bytes = system.cat_file(path)
    return data


def located(address: str) -> tuple[Any, str]:
    """Return fsspec's file system of an address, and what it calls its path.

    Not by fsspec's own parser, to which ``::`` is the mark of a second address: names may hold it.
    """
    import fsspec

    protocol = address.partition("://")[0]
    if reason := _refusal(address):
        raise StoreError(f"{public_address(address)}: {reason}")
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except ImportError as exc:
        remedy = "pip install 'videxpr[s3]'" if protocol in S3 else str(exc)
        raise StoreError(f"{address}: needs a package that is not installed: {remedy}") from exc
    return kind(**kind._get_kwargs_from_urls(address)), kind._strip_protocol(address)


def _refusal(address: str) -> str | None:
    """Return why an address is not used, in words; None if it can be tried."""
    import fsspec

    protocol, _, rest = address.partition("://")
    if protocol in LOCAL:
        return f"a file on this machine; give its path, without {protocol}://"
    if protocol in WHOLE or protocol not in fsspec.available_protocols():
        return "an address; download it, and give the path of the file"
    if ":" in rest.partition("/")[0].rpartition("@")[0]:
        return "holds a password, which results would show; leave it to fsspec's own settings"
    return None


def _files(address: str, path: str, found: Mapping[str, Mapping[str, Any]]) -> list[RemoteFile]:
    """Return the files among what a store lists, with addresses like the one that was asked for."""
    above = address.removesuffix(path)
    if above == address:
        above = address.partition("://")[0] + "://"
    return [
        _described(above + name, info)
        for name, info in sorted(found.items())
        if info["type"] != "directory" and not name.endswith("/")  # which S3's console makes
    ]


def _described(address: str, info: Mapping[str, Any]) -> RemoteFile:
    etag = next((info[key] for key in ETAG if info.get(key)), "")
    return RemoteFile(address, info.get("size") or 0, _modified_ns(info), etag.strip('"'))


def _modified_ns(info: Mapping[str, Any]) -> int:
    """Return when a file was modified; now, if that is not known, so that its bytes are compared."""
    known = next((info[key] for key in MODIFIED if key in info), None)
    if isinstance(known, datetime):
        known = known.timestamp()
    return round(known * 1e9) if isinstance(known, int | float) else time.time_ns()


@contextmanager
def explained(address: str, kind: type[VidexprError] = StoreError) -> Iterator[None]:
    """Say of what goes wrong in a block what it means, and of which address.

    Args:
        address: that is used in it.
        kind: of the error that is raised.

    Raises:
        VidexprError: something did.
    """
    try:
        yield
    except VidexprError as exc:
        raise exc if isinstance(exc, kind) else kind(str(exc)) from exc
    except Exception as exc:  # those of the stores' packages share no base class
        names = [kind.__name__ for kind in type(exc).__mro__]
        words = next(ERRORS[name] for name in names if name in ERRORS)
        text = QUERY.sub(r"\1", " ".join(str(exc).split())) or type(exc).__name__
        raise kind(f"{address}: {words.format(text=text)}") from exc
