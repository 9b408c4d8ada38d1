"""A font that has all characters of a text: names of videos may be in any writing."""

import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.ft2font import FT2Font

LOGGER: Final = logging.getLogger(__name__)

DEJAVU: Final = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""It comes with matplotlib, and has Latin, Greek, Cyrillic, Arabic and more."""


@lru_cache(maxsize=1024)
def choose_font(text: str) -> tuple[Path, str]:
    """Return the file of the font that has most of a text, and the text as it can be drawn with it.

    What it lacks stands as escapes, which is logged once.
    """
    wanted = frozenset(map(ord, text))
    best, lacking = DEJAVU, wanted
    for path in _fonts():
        if len(missing := wanted - _characters(path)) < len(lacking):
            best, lacking = path, missing
        if not lacking:
            return best, text
    _log_lacking()
    return best, "".join(_escape(one) if ord(one) in lacking else one for one in text)


@lru_cache(maxsize=1)
def _log_lacking() -> None:
    """Log that a text cannot be drawn as it is, once."""
    LOGGER.warning(
        "no font on this machine has all characters of some names, so that they are drawn as escapes; "
        "install one that has them, as those called Noto"
    )


def _fonts() -> Iterator[Path]:
    """Yield fonts, the usual one first; the system is searched only if that is not enough."""
    yield DEJAVU
    yield from _system_fonts()


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    from matplotlib.font_manager import findSystemFonts  # here, as it takes a second

    return tuple(sorted(map(Path, findSystemFonts()), key=lambda path: path.name))


@lru_cache(maxsize=256)
def _characters(path: Path) -> frozenset[int]:
    """Return what a font has; nothing if it cannot be scaled, as fonts of colored pictures."""
    try:
        font = FT2Font(str(path))
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):
        return frozenset()


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
