"""A colored strip a video, at the end of a run in a terminal: who shows what when, at a glance."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.colors import COLORS, ink

MOST_STRIPS: Final = 20
NAME_WIDTH: Final = 30
"""Columns of the names; longer ones lose their end."""

LEAST_WIDTH: Final = 10
"""Columns of a strip, below which it would tell nothing."""

NOBODY: Final = "·"
LETTERS: Final = 2

Strip = tuple[int | None, ...]


def print_strips(console: Console, strips: Sequence[tuple[str, Strip]]) -> None:
    """Print the strips of videos, and what their colors mean; nothing where there are no colors.

    Args:
        console: that prints.
        strips: names of videos, and the label of each part of them; None where nobody is seen.
    """
    if not console.is_terminal or console.no_color or console.color_system is None or not strips:
        return
    shown = strips[:MOST_STRIPS]
    names = min(NAME_WIDTH, max(cell_len(name) for name, _ in shown))
    width = console.width - names - 2
    if width < LEAST_WIDTH:
        return
    for name, strip in shown:
        line = Text(_fitted(name, names) + "  ")
        for label, run in groupby(narrowed(strip, width)):
            line.append_text(_run(label, len(list(run))))
        console.print(line, soft_wrap=True)
    if more := len(strips) - len(shown):
        console.print(f"and {more} more: videxpr report shows all", highlight=False)
    console.print(_legend([strip for _, strip in shown]))


def narrowed(strip: Strip, width: int) -> Strip:
    """Return a strip of at most so many parts: of each group of them, the one in the middle."""
    count = min(len(strip), width)
    return tuple(strip[(2 * part + 1) * len(strip) // (2 * count)] for part in range(count))


def _fitted(name: str, width: int) -> str:
    if cell_len(name) <= width:
        return set_cell_size(name, width)
    return set_cell_size(name, width - 1) + "…"


def _run(label: int | None, length: int) -> Text:
    """Return parts of one label, with its name or its first letters: colors of terminals differ."""
    if label is None:
        return Text(NOBODY * length, style="dim")
    name = EXPRESSIONS[label]
    word = name if length > len(name) else name[: min(length, LETTERS)]
    return Text(word.ljust(length), style=f"{ink(name)} on {COLORS[name]}")


def _legend(strips: Sequence[Strip]) -> Text:
    """Return what the colors mean that there are."""
    labels = {label for strip in strips for label in strip}
    line = Text()
    for label, name in enumerate(EXPRESSIONS):
        if label in labels:
            line.append_text(_run(label, LETTERS)).append(f" {name}  ")
    if None in labels:
        line.append_text(_run(None, 1)).append(" no face")
    return line
