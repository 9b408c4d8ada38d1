"""What a check found, and how it is told to strangers: without paths, and so without names of users."""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

State = Literal["ok", "warning", "problem"]

HIDDEN: Final = "<path>"
END: Final = r"[^\s'\"(),;:<>]*"
"""What may follow the beginning of a path; spaces end one that is not known."""

ROOTS: Final = (r"(?<![\w.~/\\:<>-])[A-Za-z]:[\\/]", r"\\\\", r"(?<![\w.~/:<>-])/(?=\w)", r"~[\\/]")


@dataclass(frozen=True)
class Finding:
    """What is known of one thing that videxpr stands on.

    Attributes:
        name: of the thing.
        state: ``ok``; ``warning``, if something is slower or lacks something; ``problem``, if it is
            broken.
        text: what was found.
        remedy: what to do about it; empty if there is nothing to do.
        path: where it lies on this machine; empty if that says nothing.
    """

    name: str
    state: State
    text: str
    remedy: str = ""
    path: str = ""


def without_paths(finding: Finding) -> Finding:
    """Return a finding that names no file and no folder."""
    known = sorted((re.escape(one) for one in _folders()), key=len, reverse=True)
    pattern = re.compile(f"(?:{'|'.join((*known, *ROOTS))}){END}")
    text, remedy = (pattern.sub(HIDDEN, one) for one in (finding.text, finding.remedy))
    return replace(finding, text=text, remedy=remedy, path="")


def with_short_home(finding: Finding) -> Finding:
    """Return a finding in which the user's home is ``~``."""
    home = _home()
    if not home:
        return finding
    pattern = re.compile(rf"{re.escape(home)}(?=[\\/]|\b)")
    text, remedy, path = (
        pattern.sub("~", one) for one in (finding.text, finding.remedy, finding.path)
    )
    return replace(finding, text=text, remedy=remedy, path=path)


def _folders() -> Iterator[str]:
    """Yield folders whose names may have spaces in them, or be those of users."""
    yield from filter(None, (_home(), sys.prefix, sys.base_prefix))
    with suppress(OSError):
        yield str(Path.cwd())
    with suppress(OSError):
        yield tempfile.gettempdir()


def _home() -> str:
    """Return the user's home; empty if there is none that says anything."""
    with suppress(RuntimeError):
        home = Path.home()
        return "" if home == Path(home.anchor) else str(home)
    return ""
