"""Every command that a page shows can be typed as it stands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from videxpr.cli import app
from videxpr.core.option import option_fields

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")))


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of the commands in a page's indented blocks; lines are joined at a backslash."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^ {4}(?:\$ )?videxpr (.*)", text, re.MULTILINE):
        yield shlex.split(line, comments=True)


def parse(words: list[str]) -> None:
    """Let the command line read words, and the options their values."""
    command: Any = get_command(app)
    context = command.make_context("videxpr", list(words))
    while hasattr(command, "resolve_command"):  # a group may have put a word in front
        below = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, below)
        context = command.make_context(name, rest, parent=context)
    known = option_fields(command.callback.options)
    for one in known.values():
        flag = one.paths[0][-1] if one.option.positional else one.name.replace("-", "_")
        value = context.params.get(flag)
        if value:
            one.read(value)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_of_a_page_can_be_typed(page: Path) -> None:
    for words in commands(page):
        if not {"--help", "--version"} & set(words):
            parse(words)


def test_a_flag_that_is_not_there_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["annotate", "a.mp4", "--settings", "s.json"])
    with pytest.raises(Exception, match="--gamma must be a number"):
        parse(["train", "clips", "data", "--gamma", "x"])
