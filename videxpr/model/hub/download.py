"""Files from plain addresses, known by their SHA-256, and the models in a zip file."""

import io
import logging
import os
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from videxpr.core.errors import DownloadError, OutputError

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far, and the bytes in all where they are known."""

TIMEOUT_SECONDS: Final = 30
"""How long a server may stay silent."""

CHUNK_BYTES: Final = 1 << 18


def bar_class(progress: Progress | None) -> type[Any]:
    """Return a class of bars, as pooch and huggingface_hub ask for, that pass bytes on instead.

    Args:
        progress: called after every piece.
    """
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, **looks: Any) -> None:
            super().__init__(**looks | {"file": io.StringIO(), "disable": False})

        def __bool__(self) -> bool:
            return True  # tqdm's is false without a total, and pooch then reports nothing

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if progress is not None:  # pooch counts its last piece as a whole one
                progress(int(min(self.n, self.total or self.n)), self.total or None)

    return Bar


def fetch(url: str, path: Path, sha256: str, progress: Progress | None = None) -> None:
    """Download a file to `path`, whole or not at all; what was there stays until then.

    Args:
        url: an http or https address.
        path: where the file goes; folders above it are made.
        sha256: the hash that it must have. A file at `path` that has it is not fetched again.
        progress: called after every piece.

    Raises:
        DownloadError: the server cannot be reached, refuses, stops early or sends another file.
        OutputError: the file cannot be written.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise DownloadError(f"{url} is no http or https address; videxpr downloads from no other")
    from requests import exceptions as failed

    by_hand = f"copy {url} from another machine to {path} and run this again"
    try:
        _retrieve(url, path, sha256, progress)
    except failed.HTTPError as exc:
        answer = exc.response
        said = "an error" if answer is None else f"{answer.status_code} {answer.reason}"
        raise DownloadError(f"{url} answered {said}; try again later, or {by_hand}") from exc
    except (failed.ConnectionError, failed.Timeout) as exc:
        host = urlsplit(url).netloc.rpartition("@")[2]
        raise DownloadError(
            f"cannot reach {host}: {_reason(exc)}; check the network, or {by_hand}"
        ) from exc
    except failed.RequestException as exc:
        raise DownloadError(f"{url} broke off: {_reason(exc)}; try again") from exc
    except ValueError as exc:  # the hash
        raise DownloadError(
            f"{url}: {exc} Try again, and if it happens again, do not trust that source"
        ) from exc
    except OSError as exc:
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc


def _retrieve(url: str, path: Path, sha256: str, progress: Progress | None) -> None:
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)  # it would say on the terminal what it does
    with ExitStack() as stack:

        def close_later(response: Any, **_: Any) -> None:
            stack.callback(response.close)  # pooch leaves it open

        downloader = pooch.HTTPDownloader(
            progressbar=bar_class(progress)(),
            chunk_size=CHUNK_BYTES,
            timeout=TIMEOUT_SECONDS,
            hooks={"response": close_later},
        )
        pooch.retrieve(url, sha256, path.name, path.parent, downloader=downloader)


def unpack(archive: Path, folder: Path, suffix: str) -> tuple[Path, ...]:
    """Unpack the files of one kind of a zip file straight into a folder, all of them or none.

    They are written aside first; files of the same names are replaced, others stay. Folders inside the
    archive are not made, so that nothing can be written elsewhere.

    Args:
        archive: the zip file; its hash has been checked.
        folder: where the files go.
        suffix: of the names of the files that are wanted.

    Returns:
        The files, by name.

    Raises:
        DownloadError: the archive is damaged, or holds nothing that is wanted.
        OutputError: the folder cannot be written to.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as aside:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(aside)
            found = {_flat(file.name): file for file in Path(aside).rglob(f"*{suffix}")}
            folder.mkdir(exist_ok=True)
            for name, file in found.items():
                os.replace(file, folder / name)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as exc:
        raise DownloadError(
            f"{archive} cannot be unpacked ({exc}); remove it and download it again"
        ) from exc
    except OSError as exc:
        raise OutputError(f"cannot unpack {archive} into {folder}: {exc.strerror or exc}") from exc
    if not found:
        raise DownloadError(f"{archive} holds none of the files that it should; do not use it")
    return tuple(folder / name for name in sorted(found))


def _flat(name: str) -> str:
    """Return a member's name without folders, as Windows writes them too."""
    return PurePosixPath(name.replace("\\", "/")).name


def _reason(exc: BaseException) -> str:
    """Return why a connection failed, on one line: the first cause that the system named."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(exc).split())
