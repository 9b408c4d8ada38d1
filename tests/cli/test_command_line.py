"""The layer that makes a command line from options."""

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from videxpr.cli import command_line
from videxpr.cli.command_line import add_command
from videxpr.core.errors import UsageError
from videxpr.core.option import check_ranges, option


@dataclass(frozen=True)
class Inner:
    stride: int = option(16, "Frames.", least=1, panel="Time")

    def __post_init__(self):
        check_ranges(self)


@dataclass(frozen=True)
class Command:
    """Go there.

    And back.

    Examples:
        go a.mp4

    Attributes:
        sources: not for the help.
    """

    sources: tuple[str, ...] = option(MISSING, "Videos.", positional=True)
    folder: Path = option(Path("out"), "Where.", flag="output-dir", short="o")
    format: tuple[Literal["csv", "parquet"], ...] = option(("csv",), "What.", short="f")
    quiet: bool = option(False, "Nothing is said.", short="q", panel="Running")
    blur: Literal["none", "faces", "all"] = option("none", "What is blurred.", alone="faces")
    secret: int = option(0, "Not shown.", config_only=True)
    inner: Inner = field(default_factory=Inner)


def eighth(command, given):
    return Command(command.sources, inner=Inner(8)) if given.get("quiet") else command


@pytest.fixture
def call(monkeypatch):
    """Runs the command; gives what its module was called with, or the result."""
    seen = []

    class Module:
        @staticmethod
        def run(command, given):
            seen.append((command, given))
            return 3

    monkeypatch.setattr(command_line, "import_module", lambda name: Module)
    app = typer.Typer(cls=command_line.Group)
    app.callback()(lambda: None)
    add_command(app, "go", Command, base=eighth)

    def run(*words):
        result = CliRunner().invoke(app, ["go", *map(str, words)], env={"COLUMNS": "100"})
        if isinstance(result.exception, UsageError):
            raise result.exception
        return (*seen.pop(), result.exit_code) if seen else result

    return run


def test_arguments_become_options_and_what_was_given_is_known(call):
    command, given, code = call("a", "b", "-f", "CSV,parquet", "--stride", "4", "-o", "x")
    assert command == Command(("a", "b"), Path("x"), ("csv", "parquet"), inner=Inner(4))
    assert given == {"sources", "output-dir", "format", "stride"}
    assert code == 3


def test_command_line_wins_over_file_over_preset_over_default(call, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text("stride = 5\nsecret = 7")
    assert call("a")[0].inner.stride == 16
    assert call("a", "-q")[0].inner.stride == 8
    assert call("a", "-q", "--config", file)[0].inner.stride == 5
    command, given, _ = call("a", "-q", "--config", file, "--stride", 4)
    assert (command.inner.stride, command.secret) == (4, 7)
    assert given == {"sources", "quiet", "secret", "stride"}


def test_what_is_printed_is_a_configuration_and_wants_no_source(call, tmp_path):
    printed = call("-f", "parquet", "--print-config").stdout
    file = tmp_path / "c.toml"
    file.write_text(printed)
    assert call("a", "--config", file)[0] == Command(("a",), format=("parquet",))


def test_help_has_panels_defaults_ranges_and_examples_and_no_python_types(call):
    text = call("--help").stdout
    shown = " ".join(text.replace("│", " ").split())
    for words in (
        "Go there. And back.",
        "SOURCES",
        "Choose from csv, parquet; separated by commas. [default: csv]",
        "Frames. (at least 1) [default: 16]",
        "$ go a.mp4",
    ):
        assert words in shown
    assert text.index("Time") < text.index("Running") < text.index("Configuration")
    for absent in ("<", "secret", "not for the help"):
        assert absent not in text


def test_a_flag_may_stand_alone_where_an_option_says_what_it_means_then(call):
    for words, blur in (
        (("a", "--blur"), "faces"),
        (("--blur", "a"), "faces"),
        (("--blur", "ALL", "a"), "all"),
        (("a", "--blur=all"), "all"),
        (("a", "--blur", "-q"), "faces"),
        (("a",), "none"),
    ):
        command = call(*words)[0]
        assert (command.sources, command.blur) == (("a",), blur)
    with pytest.raises(UsageError, match="--blur"):
        call("a", "--blur=face")


def test_a_missing_source_is_one_sentence_with_an_example(call):
    with pytest.raises(UsageError, match=r"name SOURCES: go a\.mp4"):
        call("-q")


def test_words_of_lists_and_choices_are_completed():
    known = command_line.option_fields(Command)["format"]
    assert command_line._completions(known, "par") == ["parquet"]
    assert command_line._completions(known, "csv,P") == ["csv,parquet"]
