"""The one door for models: from what a user typed to a file, and where that came from."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from videxpr.core.errors import CheckpointError, DownloadError, UsageError, did_you_mean
from videxpr.core.files import sha256_of
from videxpr.core.names import public_address
from videxpr.formats.record import JOINT
from videxpr.model.hub.download import Progress, fetch
from videxpr.model.hub.huggingface import PREFIX, WEIGHTS, fetch_weights, parse_reference
from videxpr.model.hub.registry import NAME, RegisteredModel, find_registered, registered_models

IN_PACKAGE: Final = "in the package"
A_FILE: Final = "a file"
CACHE: Final = "VIDEXPR_CACHE"
"""Environment variable that names the folder for downloads, and for graphs made of models."""


@dataclass(frozen=True)
class ModelFile:
    """Weights on this machine.

    Attributes:
        name: what outputs call the model: its name in the registry, the file's or the packed
            folder's, or ``hf:OWNER/REPO[@REVISION]``.
        path: the safetensors file.
        sha256: of that file, as hexadecimal digits.
        origin: where it came from: `IN_PACKAGE`, `A_FILE`, an address, or ``hf:OWNER/REPO@COMMIT``.
    """

    name: str
    path: Path
    sha256: str
    origin: str

    def __str__(self) -> str:
        return str(self.path) if self.origin == A_FILE else f"{self.name} ({self.path})"


def resolve_model(
    asked: str | Path,
    progress: Progress | None = None,
    on_download: Callable[[str], None] = lambda what: None,
) -> ModelFile:
    """Return the weights that a user means, downloaded if they are not here.

    Args:
        asked: a name of the registries, the path of a file or of a folder with a
            ``model.safetensors``, or ``hf:OWNER/REPO[@REVISION]``. A name wins over a file that is
            called the same; write ``./NAME`` for the file.
        progress: called with the bytes of a download as they come.
        on_download: called before a registered model is downloaded, with its license, in words.

    Raises:
        CheckpointError: there is no such model.
        UsageError: what stands after ``hf:`` is no repository.
        DownloadError: it is not here and cannot be fetched, or is not the file that it should be.
        FormatError: the user's registry cannot be read.
    """
    text = str(asked)
    if text.startswith(PREFIX):
        reference = parse_reference(text)
        found = fetch_weights(reference, progress)
        origin = f"{PREFIX}{reference.repo}@{found.commit}"
        return ModelFile(str(reference), found.path, found.sha256, origin)
    registered = find_registered(text)
    if registered is None:
        return _at_path(text)
    if registered.url:
        return _downloaded(registered, progress, on_download)
    return _on_this_machine(registered)


def check_distinct(models: Sequence[ModelFile]) -> None:
    """Refuse weights that stand for two models.

    Raises:
        UsageError: a file is given twice.
    """
    seen: set[str] = set()
    for file in models:
        if file.sha256 in seen:
            raise UsageError(
                f"model {file.name} is given twice; its probabilities would count twice"
            )
        seen.add(file.sha256)


def recorded_models(made: Mapping[str, str]) -> list[str]:
    """Return by which names annotate finds the models of a record.

    One that was a file is named by the file's name, since its folder is not in the record.

    Args:
        made: what an annotation says of how it was made.
    """
    names = made["model"].split(JOINT)
    origins = made.get("model_origin", "").split(JOINT)
    return [
        f"{name}.safetensors" if origin == A_FILE else name
        for name, origin in zip_longest(names, origins[: len(names)])
    ]


def cached_file(model: RegisteredModel) -> Path:
    """Return where a registered model's file lies on this machine, or would after a download."""
    if model.file is not None:
        return model.file
    return cache_folder() / "models" / f"{model.name}-{model.sha256[:16]}.safetensors"


def cache_folder() -> Path:
    """Return the user's folder for what can be fetched or made again; it need not be there yet.

    Raises:
        RuntimeError: the user has no home, and no variable names another place.
    """
    root = os.environ.get(CACHE)
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(root) if root else (Path(base) if base else Path.home() / ".cache") / "videxpr"


def _at_path(asked: str) -> ModelFile:
    path = Path(asked)
    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise CheckpointError(f"no model {asked!r}{_hint(asked)}")
    name = path.resolve().name if path.is_dir() else file.stem
    return ModelFile(name, file, _sha256(file), A_FILE)


def _hint(asked: str) -> str:
    """Return what may have been meant by the name of a model that is not there."""
    if Path(asked).is_dir():
        return f" (the folder has no {WEIGHTS})"
    if not NAME.fullmatch(asked) or Path(asked).suffix:
        return ": there is no such file"
    if Path(f"{asked}.safetensors").is_file():  # outputs name a file's model so
        return f"; did you mean '{asked}.safetensors'?"
    hint = did_you_mean(asked.lower(), registered_models())
    return hint or "; videxpr models list names some, and files end in .safetensors"


def _on_this_machine(model: RegisteredModel) -> ModelFile:
    """Return a registered model that is a file already: the package's, or one of the user's."""
    file = cached_file(model)
    if not file.is_file():
        remedy = "install videxpr again" if model.in_package else f"see {model.registry}"
        raise CheckpointError(f"model {model.name} lacks its file {file}; {remedy}")
    found = _sha256(file)
    if model.sha256 not in ("", found):
        raise CheckpointError(
            f"model {model.name}: {file} has SHA-256 {found}, not {model.sha256} as "
            f"{model.registry} states; put the right file there, or correct that line"
        )
    return ModelFile(model.name, file, found, IN_PACKAGE if model.in_package else A_FILE)


def _downloaded(
    model: RegisteredModel, progress: Progress | None, on_download: Callable[[str], None]
) -> ModelFile:
    """Return a registered model with an address; a file in the cache that is another is replaced."""
    file = cached_file(model)
    if not file.is_file() or _sha256(file) != model.sha256:
        on_download(
            f"downloading model {model.name}; its license, as {model.registry} states it: "
            f"{model.license}"
        )
        try:
            fetch(model.url, file, model.sha256, progress)
        except DownloadError as exc:
            raise DownloadError(f"model {model.name}: {exc}") from exc
    return ModelFile(model.name, file, model.sha256, public_address(model.url))


def _sha256(file: Path) -> str:
    try:
        return sha256_of(file)
    except OSError as exc:
        raise CheckpointError(f"cannot read {file}: {exc.strerror or exc}") from exc
