"""From options to a command line: Typer's signatures are made from the fields of dataclasses."""

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from importlib import import_module
from itertools import starmap
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from videxpr.core.config import read_config, record, with_values
from videxpr.core.errors import UsageError
from videxpr.core.files import STANDARD_OUTPUT, unwritable_reason
from videxpr.core.names import is_address
from videxpr.core.option import OptionField, option, option_fields, options
from videxpr.core.options import PANEL as RUNNING

Options = TypeVar("Options")

CALL_ERROR: Final[type[Exception]] = typer.BadParameter.__bases__[0]
"""What Typer raises of a call that it cannot read; it has no public name."""

HELP_FLAGS: Final = {"help_option_names": ["-h", "--help"]}
"""Of Typer's contexts."""

KIND: Final = inspect.Parameter.POSITIONAL_OR_KEYWORD


@options("Configuration")
class ConfigurationOptions:
    """What every command takes besides its own options.

    Attributes:
        config: a file of options.
        print_config: whether such a file is printed instead.
    """

    config: Path | None = option(
        None, "Read options from a file; those given here win.", metavar="FILE.toml"
    )
    print_config: bool = option(
        False, "Print the options that would be used as such a file, and end."
    )


def add_command(
    app: typer.Typer,
    name: str,
    options: type[Options],
    *,
    module: str = "",
    base: Callable[[Options, Mapping[str, Any]], Options] | None = None,
) -> None:
    """Add a command whose arguments are the fields of a dataclass.

    Values count in this order: the field's default, what `base` makes of a preset, the configuration
    file, the command line.

    Args:
        app: to which it is added.
        name: of the command.
        options: the dataclass; its docstring is the command's help, with the examples below it.
        module: of `videxpr.cli`, named like the command if empty, imported when it runs; its ``run``,
            or the function behind a colon, takes the options and the names of the given ones, and
            returns the exit code.
        base: makes the options that others are chosen over, from the defaults and the values that
            were given; a preset.
    """
    parameters, text, examples = _parameters(options), *_help_and_examples(options)

    def command(**values: Any) -> None:
        config, print_config = values.pop("config"), values.pop("print_config")
        given = {} if config is None else read_config(Path(config), options)
        given |= {
            parameters[word].name: parameters[word].read(value)
            for word, value in values.items()
            if value is not None and value != []
        }
        missing = _missing(options, given)
        if missing and not print_config:
            word = _metavar(missing[0]) if missing[0].option.positional else missing[0].flags[0]
            raise UsageError(f"name {word}: {examples[0]}")
        try:
            chosen = _chosen(options, given, missing, base)
        except UsageError as exc:
            raise UsageError(f"{exc}, by {config} or the command line" if config else exc) from exc
        if print_config:
            _print_config(chosen, missing)
            raise typer.Exit
        _check_outputs(chosen)
        file, _, function = (module or name).partition(":")
        run = getattr(import_module(f"videxpr.cli.{file}"), function or "run")
        raise typer.Exit(run(chosen, frozenset(given)))

    known = (parameters | _parameters(ConfigurationOptions)).items()
    signature = inspect.Signature(list(starmap(_parameter, known)))
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__, command.__doc__ = {}, text
    command.options = options  # type: ignore[attr-defined]
    calls = "\n".join(f"  [dim]$[/dim] {escape(line)}" for line in examples)
    alone = {f"--{one.name}": one for one in parameters.values() if one.option.alone}
    kind = type(Command.__name__, (Command,), {"alone": alone})
    app.command(
        name, cls=kind, epilog=f"[bold]Examples[/bold]\n{calls}", context_settings=HELP_FLAGS
    )(command)


def _parameters(options: type) -> dict[str, OptionField]:
    """Return the options by the names of Python's parameters for them."""
    return {
        one.paths[0][-1] if one.option.positional else one.name.replace("-", "_"): one
        # what concerns the machine stands behind what concerns results
        for one in sorted(
            option_fields(options).values(), key=lambda one: one.option.panel == RUNNING
        )
        if not one.option.config_only
    }


def _missing(options: type, given: Mapping[str, Any]) -> list[OptionField]:
    fields = option_fields(options).values()
    return [one for one in fields if one.default is MISSING and one.name not in given]


def _chosen(
    options: type[Options],
    given: Mapping[str, Any],
    missing: Sequence[OptionField],
    base: Callable[[Options, Mapping[str, Any]], Options] | None,
) -> Options:
    """Return the options; a value that is missing is empty."""
    values = {one.name: () if one.is_list else Path() for one in missing} | dict(given)
    required = [one for one in option_fields(options).values() if one.default is MISSING]
    plain = options(**{one.paths[0][-1]: values[one.name] for one in required})
    return with_values(plain if base is None else base(plain, values), values)


def _check_outputs(chosen: Any) -> None:
    """Refuse outputs that cannot be written, before any work.

    Raises:
        UsageError: with the option's flag, its value and the reason.
    """
    for one in option_fields(type(chosen), chosen).values():
        path = one.default
        if not one.option.writes or path in (None, STANDARD_OUTPUT) or is_address(str(path)):
            continue
        if reason := unwritable_reason(path, one.option.writes == "folder"):
            name = "" if one.option.positional else f"--{one.name} "
            raise UsageError(f"{name}{path} {reason}")


def _print_config(chosen: Any, missing: Sequence[OptionField]) -> None:
    import tomli_w

    shown = record(chosen)
    for one in missing:
        shown.pop(one.name, None)
    sys.stdout.write(tomli_w.dumps(shown))


class _WithoutTypes:
    """Shows no Python types in a command's help: neither a flag nor a list of names has one."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, flags and arguments without a type to show."""
        shown: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for one in shown:
            if one.param_type_name == "argument":
                one.display_type_rich = lambda ctx: None
            elif one.is_flag:
                one.metavar = " "
        return shown


class Command(_WithoutTypes, TyperCommand):
    """A command.

    Attributes:
        alone: options whose flag may stand without a value, by it.
    """

    alone: Mapping[str, OptionField] = MappingProxyType({})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write out what flags mean that stand alone: no choice of theirs follows."""
        words = []
        for word, after in zip(args, [*args[1:], ""], strict=False):
            words.append(word)
            if word in self.alone and after.lower() not in self.alone[word].choices:
                words.append(self.alone[word].option.alone)
        return super().parse_args(ctx, words)


class Group(_WithoutTypes, TyperGroup):
    """A command that others are below."""


class BuildByDefault(Group):
    """A group whose command ``build`` is meant where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front of what is none."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["build", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the group's own help, and below it that of what it does by default."""
        super().format_help(ctx, formatter)
        command = self.commands["build"]
        with command.make_context("build", [], parent=ctx, resilient_parsing=True) as below:
            command.format_help(below, formatter)


def _help_and_examples(options: type) -> tuple[str, list[str]]:
    """Return what a docstring says before its sections, a line a paragraph, and its examples."""
    text, *sections = re.split(r"^(?=\w+:$)", inspect.cleandoc(options.__doc__ or ""), flags=re.M)
    examples = next((part for part in sections if part.startswith("Examples:")), "")
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(paragraphs), [line.strip() for line in examples.splitlines()[1:] if line]


def _parameter(name: str, one: OptionField) -> inspect.Parameter:
    """Return a parameter as Typer reads it; None stands for an option that was not given."""
    about = one.option
    # all but flags are texts, and read by the option
    kind: Any = bool if one.type is bool else (list[str] if one.is_list else str)
    more: dict[str, Any] = {"help": _help(one), "metavar": _metavar(one)}
    if about.positional:
        info: Any = typer.Argument(**more, show_default=False)
    else:
        info = typer.Option(
            *one.flags,
            **more,
            rich_help_panel=about.panel or None,
            show_default=False,
        )
        if one.choices:
            info.autocompletion = lambda incomplete: _completions(one, incomplete)
    annotation: Any = Annotated[kind | None, info]
    return inspect.Parameter(name, KIND, default=None, annotation=annotation)


def _metavar(one: OptionField) -> str:
    if one.option.positional and not one.option.metavar:
        return one.name.upper()
    if one.option.metavar or one.type is bool:
        return one.option.metavar or " "  # a flag has no value
    if one.choices:
        return "NAME,..." if one.is_list else "|".join(map(str, one.choices))
    words = {int: "N", float: "X", Path: "PATH"}
    return next((words[each] for each in one.kinds if each in words), "TEXT")


def _help(one: OptionField) -> str:
    parts = [escape(one.option.help)]
    if one.unnamed_choices and one.is_list:
        parts.append(f"Choose from {', '.join(one.choices)}; separated by commas.")
    if one.option.range_text:
        parts.append(f"({one.option.range_text})")
    if one.default is MISSING and not one.option.positional:
        parts.append(f"[dim]{escape('[required]')}[/dim]")
    if one.default_text:
        parts.append(f"[dim]{escape(f'[default: {one.default_text}]')}[/dim]")
    return " ".join(parts)


def _completions(one: OptionField, incomplete: str) -> list[str]:
    """Return what the last word of a list may become."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + word for word in one.choices if word.startswith(last.lower())]


def call_error_text(error: Any) -> str:
    """Return in one line what is wrong with a call; empty where Typer has shown the help instead."""
    text: str = error.message.rstrip(".").replace(". Did", "; did")
    text = text[:1].lower() + text[1:]
    if not text:
        return ""
    if likely := getattr(error, "possibilities", None):
        return f"{text}; did you mean {likely[0]}?"
    if error.ctx is None or "?" in text:
        return text
    return f"{text}; see {error.ctx.command_path} --help"
