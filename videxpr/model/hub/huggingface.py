"""Weights from the Hugging Face Hub: one safetensors file of a repository, and nothing else of it.

The file lies in huggingface_hub's own cache, where other programs find it too; once it is there, no
network is needed. Everything that a checkpoint says of itself is in that file, so no code, no
configuration and no pickle is ever fetched.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from videxpr.core.errors import CheckpointError, DownloadError, UsageError, VidexprError
from videxpr.core.files import sha256_of
from videxpr.core.version import VERSION
from videxpr.model.hub.download import Progress

PREFIX: Final = "hf:"
WEIGHTS: Final = "model.safetensors"
"""The file that a repository, or a packed folder, holds."""

REFERENCE: Final = re.compile(
    r"hf:(?![^\s@]*(?:--|\.\.|\.git(?:@|$)))(?P<repo>\b[\w.-]{1,96}\b/\b[\w.-]{1,96}\b)"
    r"(?:@(?P<revision>[^\s@]+))?",
    re.ASCII,
)
"""Names as the Hub allows them."""

COMMIT: Final = re.compile(r"[0-9a-f]{40}")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
CLIENT: Final = "videxpr"
"""What the Hub is told of who asks."""


@dataclass(frozen=True)
class Reference:
    """What was asked for: a repository, and a branch, tag or commit of it."""

    repo: str
    revision: str = "main"

    def __str__(self) -> str:
        suffix = "" if self.revision == "main" else f"@{self.revision}"
        return f"{PREFIX}{self.repo}{suffix}"


@dataclass(frozen=True)
class HubFile:
    """The weights on this machine.

    Attributes:
        path: in the cache.
        sha256: of the file, as hexadecimal digits.
        commit: of the repository, to which a branch or tag was resolved; 40 hexadecimal digits.
    """

    path: Path
    sha256: str
    commit: str


def parse_reference(text: str) -> Reference:
    """Read ``hf:OWNER/REPO[@REVISION]``; UsageError if it is anything else."""
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} names nothing on the Hub; write hf:OWNER/REPO, or hf:OWNER/REPO@REVISION with a "
            "branch, a tag or a commit"
        )
    return Reference(found["repo"], found["revision"] or "main")


def fetch_weights(reference: Reference, progress: Progress | None = None) -> HubFile:
    """The weights of a repository, downloaded if they are not in the cache.

    A commit that is in the cache is taken from there. Of a branch or a tag the Hub is asked where it
    is now; if it cannot be asked, it is where it was when it was asked last.

    Args:
        reference: the repository and its revision.
        progress: called with bytes as they come.

    Raises:
        UsageError: the Hub has no such names.
        CheckpointError: the repository has no safetensors file.
        DownloadError: it cannot be reached, refuses, breaks off or sends another file.
    """
    with _silence():
        path = _cached(reference) if COMMIT.fullmatch(reference.revision) else None
        path = path or _newest(reference, progress)
    return HubFile(path, _checked(path, reference), path.parent.name)


def _newest(reference: Reference, progress: Progress | None) -> Path:
    """What the revision is now; what it was when it was last here, if nobody can tell."""
    try:
        _ask(reference)
    except DownloadError:
        cached = _cached(reference)
        if cached is None:
            raise
        return cached
    return _download(reference, progress)


def _ask(reference: Reference) -> None:
    """Ask for the file's metadata, once: huggingface_hub alone tries for half a minute."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    try:
        url = hf_hub_url(reference.repo, WEIGHTS, revision=reference.revision)
        get_hf_file_metadata(url, library_name=CLIENT, library_version=VERSION)
    except HfHubHTTPError as exc:
        raise _refusal(reference, exc) from exc
    except Exception as exc:  # the transport's errors are another library's from version to version
        raise _unreachable(reference, exc) from exc


def _refusal(reference: Reference, exc: Exception) -> VidexprError:
    """What the Hub's answer means, and what to do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"{_endpoint()}/{reference.repo}"
    if isinstance(exc, GatedRepoError):
        return DownloadError(
            f"{reference} is gated: ask for access at {page}, then log in with hf auth login or set "
            "HF_TOKEN"
        )
    status = getattr(getattr(exc, "response", None), "status_code", "an error")
    if isinstance(exc, RepositoryNotFoundError) or status == 401:
        return DownloadError(
            f"{reference} does not exist or is private: look at {page}; if it is private, log in "
            "with hf auth login or set HF_TOKEN"
        )
    if isinstance(exc, RevisionNotFoundError):
        return CheckpointError(
            f"{reference.repo} on the Hub has no branch, tag or commit {reference.revision!r}; "
            f"{page}/commits/main lists them"
        )
    if isinstance(exc, RemoteEntryNotFoundError):
        return CheckpointError(
            f"{reference} holds no {WEIGHTS}, and videxpr reads no other weights (a .bin, .pt or "
            ".ckpt file can run code); ask its owner for one that videxpr models pack made"
        )
    return DownloadError(
        f"{reference}: {_endpoint()} answered {status}; try again later, log in with hf auth login if "
        f"it is not public, or give the PATH of a copy of its {WEIGHTS}"
    )


def _unreachable(reference: Reference, exc: Exception) -> DownloadError:
    from huggingface_hub import constants
    from huggingface_hub.errors import OfflineModeIsEnabled

    by_hand = f"give the PATH of a copy of its {WEIGHTS}"
    where = f"{reference} is not in the cache ({constants.HF_HUB_CACHE})"
    if isinstance(exc, OfflineModeIsEnabled):
        return DownloadError(
            f"{where}, and HF_HUB_OFFLINE forbids to fetch it; unset that once, or {by_hand}"
        )
    return DownloadError(
        f"{where}, and {_endpoint()} cannot be reached: {_line(exc)}; check the network, or {by_hand}"
    )


def _cached(reference: Reference) -> Path | None:
    """The file in the cache, None if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(reference.repo, WEIGHTS, revision=reference.revision)
    return Path(found) if isinstance(found, str) else None


def _download(reference: Reference, progress: Progress | None) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(
            hf_hub_download(
                reference.repo,
                WEIGHTS,
                revision=reference.revision,
                tqdm_class=_reporter(progress),
                library_name=CLIENT,
                library_version=VERSION,
            )
        )
    except Exception as exc:  # as above; whatever stops a download is for the user
        raise DownloadError(
            f"{reference} broke off: {_line(exc)}; no part of it is used, try again"
        ) from exc


def _checked(path: Path, reference: Reference) -> str:
    """The SHA-256 of a file of the cache, which is called by the one that the Hub states."""
    found = sha256_of(path)
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if SHA256.fullmatch(blob.name) and found != blob.name:
        path.unlink()
        blob.unlink(missing_ok=True)
        raise DownloadError(
            f"{reference} has SHA-256 {found}, not {blob.name} as the Hub states, and was not kept; "
            "try again, and if it happens again, do not trust that copy"
        )
    return found


def _reporter(progress: Progress | None) -> type["_Bar"]:
    """The kind of bar that passes bytes on to `progress`."""

    class Reporter(_Bar):
        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if progress is not None:
                progress(self.n, self.total)

    return Reporter


class _Bar:
    """What huggingface_hub asks of a bar (tqdm's contract), and nothing is drawn.

    Attributes:
        n: bytes so far.
        total: bytes in all, where they are known.
    """

    def __init__(self, *, total: int | None = None, initial: int = 0, **looks: Any) -> None:
        self.n = initial
        self.total = total

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def update(self, n: float | None = 1) -> None:
        """So many bytes came."""
        self.n += int(n or 0)

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        """The speed in words, which nobody sees."""

    def refresh(self) -> None:
        """Draw again."""

    def close(self) -> None:
        """Nothing more comes."""


@contextmanager
def _silence() -> Iterator[None]:
    """Keep huggingface_hub's remarks about retries from the terminal: the outcome is told once."""
    from huggingface_hub.utils import logging as remarks

    before = remarks.get_verbosity()
    remarks.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        remarks.set_verbosity(before)


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _line(exc: Exception) -> str:
    """The first sentence of an error, on one line."""
    text = " ".join((str(exc) or type(exc).__name__).split("\n\n")[0].split())
    return text.removesuffix(".")
