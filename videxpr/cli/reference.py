"""The options of every command as Markdown, for docs/options.md.

python -m videxpr.cli.reference > docs/options.md
"""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from videxpr.cli import app
from videxpr.core.option import OptionField, option_fields

HEAD = """# Options

Every option of every command, made from the code by `python -m videxpr.cli.reference`.

The same names are keys of a configuration file, which `--config FILE.toml` reads and `--print-config`
prints. What is given on the command line counts more than the file, the file more than a preset, a
preset more than the default.
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    for name, help_text, options in _commands(app, ()):
        parts.append(
            f"## videxpr {name}\n\n{help_text.partition(chr(10))[0]}\n\n{_table(options)}\n"
        )
    return "\n".join(parts)


def _commands(of: typer.Typer, above: tuple[str, ...]) -> Iterator[tuple[str, str, Any]]:
    for one in of.registered_commands:
        callback: Any = one.callback
        if hasattr(callback, "options"):
            yield " ".join((*above, str(one.name))), str(callback.__doc__), callback.options
    for group in of.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance, (*above, str(group.name)))


def _table(options: type) -> str:
    rows = ["| option | default | meaning |", "| --- | --- | --- |"]
    for one in option_fields(options).values():
        rows.append(f"| {_name(one)} | {one.default_text} | {_meaning(one)} |")
    return "\n".join(rows)


def _name(one: OptionField) -> str:
    if one.option.positional:
        return f"`{one.name.upper()}`"
    if one.option.config_only:
        return f"`{one.name}` (only in a file)"
    return ", ".join(f"`{flag}`" for flag in one.flags)


def _meaning(one: OptionField) -> str:
    choices = f" One of {', '.join(one.choices)}." if len(one.unnamed_choices) > 1 else ""
    limits = f" ({one.option.range_text})" if one.option.range_text else ""
    return (one.option.help + choices + limits).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
