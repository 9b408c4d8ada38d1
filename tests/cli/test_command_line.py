"""A command line that is made from the fields of options, by a command made up."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from videxpr.cli.command_line import add_command
from videxpr.core.errors import UsageError
from videxpr.core.option import (
    check_ranges,
    option,
    option_fields,
    preset_values,
    read_values,
    with_values,
)


@dataclass(frozen=True)
class Oven:
    heat: float = option(180.0, "Of the air.", least=0, most=300, presets={"pizza": 300.0})
    fan: int = option(0, "Speed.", presets={"pizza": 2})

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class Bake:
    dough: Path = option(Path("dough"), "What.", positional=True)
    oven: Oven = Oven(heat=220.0)
    proving: Oven = field(default_factory=Oven)


def test_a_default_is_that_of_the_outer_fields_instance():
    fields = option_fields(Bake)
    assert fields["heat"].default == 220.0 and fields["heat"].paths[0] == ("oven", "heat")
    assert option_fields(Oven)["heat"].default == 180.0


def test_a_preset_chooses_by_the_names_of_flags():
    assert preset_values(Oven, "pizza") == {"heat": 300.0, "fan": 2}
    assert preset_values(Oven, "cake") == {}
    assert with_values(Oven(), preset_values(Oven, "pizza")) == Oven(300.0, 2)


def test_help_tells_the_default_of_each_preset_and_a_default_of_0(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    add_command(app, "bake", Oven, "nowhere", help="Bake.", examples=("bake",))
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Of the air. (at least 0 and at most 300) [default: 180.0; pizza: 300.0]" in shown
    assert "Speed. [default: 0; pizza: 2]" in shown


def test_a_range_is_told_in_all_its_digits():
    @dataclass(frozen=True)
    class Seeded:
        seed: int = option(0, "Of what is drawn.", most=2**32 - 1)

        def __post_init__(self) -> None:
            check_ranges(self)

    with pytest.raises(UsageError, match="--seed must be at most 4294967295, not 4294967296"):
        Seeded(2**32)
    assert read_values({"seed": 3}, Seeded, "a file") == {"seed": 3}
