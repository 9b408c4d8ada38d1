"""Models that have a name: those of the package's registry, and those of the user's own.

A registry is a TOML file with a table for each model::

    [lab-abaw]
    url = "https://example.org/abaw.safetensors"
    sha256 = "..."
    size = 20822876
    license = "research only"
    note = "trained on Aff-Wild2"

``file`` instead of ``url`` names a file on this machine, relative to the registry's folder; then
only ``file`` itself is needed. The package's registry comes first, and the user's may not give a
name of its own, or a face detector's, to another model: outputs say by name which model was used.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from videxpr.core.errors import FormatError
from videxpr.core.files import unreadable_reason
from videxpr.core.names import unwritable
from videxpr.faces.detection.packs import MTCNN, PACKS
from videxpr.model.options import NEWEST_STARTER, STARTER

PACKAGED: Final = Path(__file__).parents[2] / "weights" / "models.toml"
USERS: Final = "VIDEXPR_MODELS"
"""Environment variable that names the user's registry."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SHA256: Final = re.compile(r"[0-9a-f]{64}")


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and not unwritable(value)


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value.lower()) is not None


LINE: Final = (_is_line, "write text on one line")
CHECKS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "url": LINE,
    "file": LINE,
    "sha256": (_is_sha256, "it has 64 hexadecimal digits"),
    "size": (lambda value: type(value) is int and value > 0, "it is the file's number of bytes"),
    "license": LINE,
    "note": LINE,
}
"""The keys of an entry, what makes a value right, and what to do about a wrong one."""

NEEDED: Final = ("sha256", "size", "license")
"""What must be known of a file before it is downloaded."""


@dataclass(frozen=True)
class RegisteredModel:
    """A model that a registry names; it has an address or a file.

    Attributes:
        name: what it is called.
        registry: the file that says so.
        url: an http or https address; empty of a file on this machine.
        file: on this machine, or None.
        sha256: that the file must have, as hexadecimal digits; empty if any will do.
        size_bytes: of the file, or None.
        license: under which terms it may be used; empty where a file on this machine says it itself.
        note: what it is, in a few words.
    """

    name: str
    registry: Path
    url: str = ""
    file: Path | None = None
    sha256: str = ""
    size_bytes: int | None = None
    license: str = ""
    note: str = ""

    @property
    def in_package(self) -> bool:
        """Return whether it comes with videxpr."""
        return self.registry == PACKAGED


def registered_models() -> dict[str, RegisteredModel]:
    """Return every model that has a name, the package's first.

    Raises:
        FormatError: a registry cannot be read, or gives a name that is another model's already.
    """
    packaged, path = read_registry(PACKAGED), users_registry()
    users = read_registry(path) if os.environ.get(USERS) or path.exists() else {}
    taken = dict.fromkeys((MTCNN, *PACKS), "a face detector")
    taken |= dict.fromkeys((*packaged, NEWEST_STARTER), "a model that comes with videxpr")
    for name in users:
        if name in taken:
            raise FormatError(f"{path}: [{name}] is the name of {taken[name]}; give yours another")
    return packaged | users


def find_registered(name: str) -> RegisteredModel | None:
    """Return the model of that name, None if no registry has it.

    The user's registry is read only where the package's has no such name.
    """
    name = STARTER if name == NEWEST_STARTER else name
    if not NAME.fullmatch(name):
        return None
    return read_registry(PACKAGED).get(name) or registered_models().get(name)


def users_registry() -> Path:
    """Return where the user's own registry is, or would be.

    That is what the environment variable `USERS` names, else ``videxpr/models.toml`` in
    ``$XDG_CONFIG_HOME``, by default ``~/.config``.

    Raises:
        FormatError: the variable begins with the home of a user whom nobody knows.
    """
    if named := os.environ.get(USERS):
        return _expanded(named, f"the environment variable {USERS}")
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "videxpr" / "models.toml"


def read_registry(path: Path) -> dict[str, RegisteredModel]:
    """Read the models of one registry, by name.

    Raises:
        FormatError: the file cannot be read, or an entry is wrong; with its name and key.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as exc:  # of TOML and UTF-8: ValueErrors
        raise FormatError(
            f"cannot read the registry of models {path}: {unreadable_reason(exc)}"
        ) from exc
    return {name: _model(name, entry, path) for name, entry in content.items()}


def _model(name: str, entry: Any, path: Path) -> RegisteredModel:
    if not NAME.fullmatch(name):
        raise FormatError(
            f"{path}: [{name}] is no name for a model; write letters, digits, '.', '_' and '-'"
        )
    if not isinstance(entry, dict):
        raise FormatError(f"{path}: {name} is {entry!r}; write a table, [{name}], with its url")
    for key, value in entry.items():
        if key not in CHECKS:
            raise FormatError(
                f"{path}: [{name}] has an unknown key {key!r}; known are {', '.join(CHECKS)}"
            )
        is_right, remedy = CHECKS[key]
        if not is_right(value):
            raise FormatError(f"{path}: [{name}] {key} is {value!r}; {remedy}")
    if ("url" in entry) == ("file" in entry):
        raise FormatError(f"{path}: [{name}] has one of url and file, not both and not neither")
    for key in NEEDED if "url" in entry else ():
        if key not in entry:
            raise FormatError(f"{path}: [{name}] has a url and no {key}; both are needed")
    file = entry.get("file")
    return RegisteredModel(
        name=name,
        registry=path,
        url=entry.get("url", ""),
        file=None if file is None else path.parent / _expanded(file, f"{path}: [{name}] file"),
        sha256=entry.get("sha256", "").lower(),
        size_bytes=entry.get("size"),
        license=entry.get("license", ""),
        note=entry.get("note", ""),
    )


def _expanded(file: str, where: str) -> Path:
    """Return a path in which ``~`` and ``~NAME`` stand for a home."""
    try:
        return Path(file).expanduser()
    except RuntimeError as exc:
        raise FormatError(
            f"{where} is {file!r}, and nobody knows where that user's home is; write the whole path"
        ) from exc
