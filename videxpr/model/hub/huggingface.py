"""The Hugging Face Hub: weights from it, one safetensors file of a repository, and cards for it.

The file lies in huggingface_hub's own cache, where other programs find it too; once it is there, no
network is needed. Everything that a checkpoint says of itself is in that file, so no code, no
configuration and no pickle is ever fetched.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from videxpr.core.errors import CheckpointError, DownloadError, UsageError, VidexprError
from videxpr.core.files import sha256_of
from videxpr.core.version import VERSION
from videxpr.model.hub.download import Progress, bar_class

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
"""How we name ourselves to the Hub."""

ERRORS: Final[Mapping[str, str]] = {
    "GatedRepoError": (
        "{reference} is gated: ask for access at {page}, then log in with hf auth login or set "
        "HF_TOKEN"
    ),
    "RepositoryNotFoundError": (
        "{reference} does not exist or is private: look at {page}; if it is private, log in with hf "
        "auth login or set HF_TOKEN"
    ),
    "RevisionNotFoundError": (
        "{reference.repo} on the Hub has no branch, tag or commit {reference.revision!r}; "
        "{page}/commits/main lists them"
    ),
    "RemoteEntryNotFoundError": (
        "{reference} holds no {weights}, and videxpr reads no other weights (a .bin, .pt or .ckpt "
        "file can run code); ask its owner for one that videxpr models pack made"
    ),
    "HfHubHTTPError": (
        "{reference}: {endpoint} answered {status}; try again later, log in with hf auth login or "
        "set HF_TOKEN if it is not public, or give the PATH of a copy of its {weights}"
    ),
    "OfflineModeIsEnabled": (
        "{reference} is not in the cache ({cache}), and HF_HUB_OFFLINE forbids to fetch it; unset "
        "that once, or give the PATH of a copy of its {weights}"
    ),
    "TransportError": (
        "{reference} is not in the cache ({cache}), and {endpoint} cannot be reached: {text}; check "
        "the network, or give the PATH of a copy of its {weights}"
    ),
    "Exception": "{reference} broke off: {text}; no part of it is used, try again",
}
"""What an error of huggingface_hub, or of its transport, means and what to do: the first class in
the table that the error is of counts."""

LACKING: Final = ("RevisionNotFoundError", "RemoteEntryNotFoundError")
"""Where the Hub could be asked, and has no such checkpoint."""


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
    """Read what was asked for of the Hub.

    Args:
        text: ``hf:OWNER/REPO[@REVISION]``.

    Raises:
        UsageError: it is anything else.
    """
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} names nothing on the Hub; write hf:OWNER/REPO, or hf:OWNER/REPO@REVISION with a "
            "branch, a tag or a commit"
        )
    return Reference(found["repo"], found["revision"] or "main")


def fetch_weights(reference: Reference, progress: Progress | None = None) -> HubFile:
    """Return the weights of a repository, downloaded if they are not in the cache.

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
    from huggingface_hub import try_to_load_from_cache

    def cached() -> str | None:
        found = try_to_load_from_cache(reference.repo, WEIGHTS, revision=reference.revision)
        return found if isinstance(found, str) else None

    with _silence():
        path = cached() if COMMIT.fullmatch(reference.revision) else None
        try:
            path = path or _download(reference, progress)
        except (
            Exception
        ) as exc:  # the transport's errors are another library's from version to version
            path = cached()
            if path is None:
                raise _explained(reference, exc) from exc
    return HubFile(Path(path), _checked(Path(path), reference), Path(path).parent.name)


def render_card(template: str, facts: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Return a model card as the Hub reads it: YAML between dashes, then Markdown.

    Args:
        template: of Jinja; ``card_data`` in it stands for the YAML.
        facts: values for the template.
        data: for `huggingface_hub.ModelCardData`; metrics are in ``eval_results``, as arguments of
            `huggingface_hub.EvalResult`.
    """
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    metrics = [EvalResult(**one) for one in data.get("eval_results", ())]
    card_data = ModelCardData(**dict(data) | {"eval_results": metrics or None})
    return str(ModelCard.from_template(card_data, template_str=template, **facts))


def _download(reference: Reference, progress: Progress | None) -> str:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    url = hf_hub_url(reference.repo, WEIGHTS, revision=reference.revision)
    # asked once before: hf_hub_download alone would try for half a minute
    get_hf_file_metadata(url, library_name=CLIENT, library_version=VERSION)
    return hf_hub_download(
        reference.repo,
        WEIGHTS,
        revision=reference.revision,
        tqdm_class=bar_class(progress),
        library_name=CLIENT,
        library_version=VERSION,
    )


def _explained(reference: Reference, exc: Exception) -> VidexprError:
    """Return what an error means, by the table of `ERRORS`."""
    from huggingface_hub import constants

    classes = {kind.__name__ for kind in type(exc).__mro__}
    name = next(name for name in ERRORS if name in classes)
    error = CheckpointError if name in LACKING else DownloadError
    message = (str(exc) or type(exc).__name__).split("\n\n")[0]  # its first paragraph, on one line
    return error(
        ERRORS[name].format(
            reference=reference,
            page=f"{constants.ENDPOINT}/{reference.repo}",
            endpoint=constants.ENDPOINT,
            cache=constants.HF_HUB_CACHE,
            status=getattr(getattr(exc, "response", None), "status_code", "an error"),
            text=" ".join(message.split()).removesuffix("."),
            weights=WEIGHTS,
        )
    )


def _checked(path: Path, reference: Reference) -> str:
    """Return the SHA-256 of a file of the cache, which is called by the one that the Hub states."""
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


@contextmanager
def _silence() -> Iterator[None]:
    """Keep huggingface_hub's lines about retries from the terminal: the outcome is said once."""
    from huggingface_hub.utils import logging as hub_logging

    before = hub_logging.get_verbosity()
    hub_logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        hub_logging.set_verbosity(before)
