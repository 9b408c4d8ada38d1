"""Names of files: text that any file can hold, and one name however Unicode spells it.

macOS puts U+202F into the names of its recordings, emoji are joined by U+200D, and an accent is part
of its letter (NFC) or a character of its own (NFD): all of these are names. An address is none.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from typing import Final

UNWRITABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of characters that no line of text can hold: control characters (tabs and line breaks
among them), what stands for bytes that are no UTF-8, and separators of lines and paragraphs."""

ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+")
"""How ``https://host/a.mp4`` begins, also where a path has made one slash of two; ``C:/`` does not."""


def unwritable(name: str) -> str:
    """Return the first character of a name that no line of text can hold; nothing if all is well."""
    return next((each for each in name if unicodedata.category(each) in UNWRITABLE), "")


def escaped(name: str) -> str:
    """Return a name with what no line of text can hold written as an escape."""
    return "".join(
        each.encode("unicode_escape").decode("ascii") if unwritable(each) else each for each in name
    )


def is_address(text: str) -> bool:
    """Return whether a text is an address (``s3://bucket/a.mp4``), and no path on this machine."""
    return ADDRESS.match(text) is not None


def public_address(address: str) -> str:
    """Return an address without what may be secret in it: it is written into outputs."""
    above, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    if above in ("http", "https"):
        path = re.split("[?#]", path)[0]
    return f"{above}{mark}{host.rpartition('@')[2]}{slash}{path}"


def composed(name: str) -> str:
    """Return a name with every accent in its letter (NFC); equal names are then equal texts."""
    return unicodedata.normalize("NFC", name)


def respelled(names: Collection[str], wanted: Collection[str]) -> dict[str, str]:
    """Return how `wanted` spells each name: as it is, or else as the one name that is composed alike.

    A name that could be two of either side stays as it is.

    Args:
        names: each once.
        wanted: names as somebody else has them.
    """
    spellings: dict[str, list[str]] = {}
    for one in dict.fromkeys(wanted):
        spellings.setdefault(composed(one), []).append(one)
    counts = Counter(map(composed, names))
    found = {}
    for name in names:
        alike = spellings.get(composed(name), [])
        is_clear = len(alike) == counts[composed(name)] == 1
        found[name] = alike[0] if is_clear else name
    return found
