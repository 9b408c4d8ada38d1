"""Every command that a page shows can be typed as it stands, and every command is shown."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from videxpr.cli import app
from videxpr.core.option import option_fields

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")))


OF_ALL = {"--config", "--help", "--print-config", "--version"}
OTHERS_FLAGS = frozenset(
    [
        "--build-arg",
        "--cases",
        "--compiled",
        "--gpus",
        "--local-dir",
        "--quick",
        "--shm-size",
        "--user",
    ]
)
"""Flags of other programs, and of scripts, that pages name."""


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of the commands in a page's blocks; lines are joined at a backslash."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^ {4}(?:\$ )?videxpr (.*)", text, re.MULTILINE):
        yield shlex.split(re.sub(r" > \S+$", "", line), comments=True)


def inline_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of the commands within a page's sentences, but for those that are cut short."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for line in re.findall(r"`videxpr ([^`]+)`", text):
        if "..." not in line and "COMMAND" not in line:
            yield shlex.split(
                re.sub(r" (> \S+|--[a-z-]+)$", "", line)
            )  # an option without its value


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
    for words in (*commands(page), *inline_commands(page)):
        if not {"--help", "--version"} & set(words):
            parse(words)


def known_commands(
    of: typer.Typer = app, above: tuple[str, ...] = ()
) -> dict[tuple[str, ...], Any]:
    """Return the options of each command, by its words."""
    found = {
        (*above, str(one.name)): one.callback.options
        for one in of.registered_commands
        if hasattr(one.callback, "options")
    }
    for group in of.registered_groups:
        if group.typer_instance is not None:
            found |= known_commands(group.typer_instance, (*above, str(group.name)))
    return found


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_flags_of_a_page_exist(page: Path) -> None:
    fields = [
        one for options in known_commands().values() for one in option_fields(options).values()
    ]
    known = {flag for one in fields for flag in one.flags} | OF_ALL | OTHERS_FLAGS
    text = (ROOT / page).read_text(encoding="utf-8")
    found = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(re.findall(r"`[^`\n]+`", text))))
    assert found - known == set()


def test_every_command_is_shown_on_a_page_for_readers() -> None:
    pages = [page for page in PAGES if page.name not in ("README.md", "options.md")]
    shown = [words for page in pages for words in (*commands(page), *inline_commands(page))]
    shown = [["submission", "build", *words[1:]] if words[0] == "submission" and words[1] != "check"
             else words for words in shown]  # fmt: skip
    assert [
        name
        for name in known_commands()
        if not any(tuple(one[: len(name)]) == name for one in shown)
    ] == []


def test_a_flag_that_is_not_there_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["annotate", "a.mp4", "--settings", "s.json"])
    with pytest.raises(Exception, match="--gamma must be a number"):
        parse(["train", "clips", "data", "--gamma", "x"])
