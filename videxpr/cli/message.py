"""Lines for people on standard error: whole words, and as they are where no terminal folds them."""

from rich.console import Console


def print_message(text: str, style: str = "") -> None:
    """Print a line."""
    console = Console(stderr=True, highlight=False)
    show(console, text, style)


def print_error(text: str) -> None:
    """Print what went wrong."""
    print_message(f"error: {text}", "red")


def show(console: Console, text: str, style: str = "") -> None:
    """Print a line on a console; a terminal gets it in lines of whole words."""
    console.print(
        text,
        style=style or None,
        markup=False,
        soft_wrap=not console.is_terminal,
        overflow="ignore",
        crop=False,
    )
