"""Lines for people on standard error, of whole words on a terminal and in one piece elsewhere."""

import textwrap

from rich.console import Console
from rich.text import Text


def print_message(text: str, style: str = "") -> None:
    """Print a line."""
    show(Console(stderr=True, highlight=False), text, style)


def print_error(text: str) -> None:
    """Print what went wrong."""
    print_message(f"error: {text}", "red")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return how many there are, in words: ``1 video``, ``3 people``.

    Args:
        number: of them.
        noun: of one.
        plural: of several; empty where it is the noun with an s.
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def show(console: Console, text: str, style: str = "") -> None:
    """Print a line on a console."""
    lines = words(text, console.width) if console.is_terminal else [text]
    console.print(Text("\n".join(lines), style=style), soft_wrap=True)


def words(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text in lines of whole words; one that is longer than the width stays whole too."""
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
