"""What a field of options says of itself, and what is made from it.

The options of a stage are a frozen dataclass in its wing's ``options.py``; a field is declared once::

    smooth_seconds: float = option(0.5, "Span of the moving mean.", flag="smooth", least=0)

From it come the command line (`videxpr.cli.command_line`), configuration files, the record of a
run, the check of its range, and the tables of docs/options.md. Dataclasses nest: a command's options
hold those of its stages, and every option is found by the name of its flag.
"""

import contextlib
import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from itertools import chain
from pathlib import Path
from typing import (
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from videxpr.core.errors import UsageError, did_you_mean
from videxpr.core.files import STANDARD_OUTPUT
from videxpr.core.names import is_address
from videxpr.core.remote import S3, plain_address

OPTION: Final = "option"
PANEL: Final = "_panel"

OUTPUT_FOLDER: Final = "output-dir"

NUMBERS: Final[Mapping[type, Any]] = {int: int | str, float: float | int | str}
"""From which values a number is read; text is what a command line gives."""

Options = TypeVar("Options")


@dataclass(frozen=True)
class Option:
    """What is known of an option besides its type and default.

    Attributes:
        help: a sentence or two for a user.
        flag: its long name without dashes; the field's own name if empty.
        short: a letter, as in ``-o``; empty for none.
        metavar: what stands for the value in help texts.
        panel: heading under which help texts list it.
        least: the smallest value that makes sense, itself included.
        above: the value that it must exceed.
        most: the largest value that makes sense, itself included.
        below: the value that it must not reach.
        default_text: what help texts say where the default is not a value.
        alone: the value that the flag means where none follows it; empty if one must.
        presets: other defaults, by the name of the preset that brings them.
        choices: the words among which a user chooses, where the type is no Literal that lists them.
        parse: makes a value from a user's text; without it the field's type decides.
        show: the text that `parse` would read.
        changes_results: whether another value can change a result, so that it is recorded.
        positional: whether it stands on the command line without a flag.
        config_only: whether only a configuration file can set it.
        writes: what its path is of that the command will write; ``-`` is standard output.
        in_store: whether its path may be an address in S3.
    """

    help: str
    flag: str = ""
    short: str = ""
    metavar: str = ""
    panel: str = ""
    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf
    below: float = math.inf
    default_text: str = ""
    alone: str = ""
    presets: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    show: Callable[[Any], str] | None = None
    changes_results: bool = True
    positional: bool = False
    config_only: bool = False
    writes: Literal["", "file", "folder"] = ""
    in_store: bool = False

    @property
    def range_text(self) -> str:
        """The range in words; empty without one."""
        limits = {
            "at least": self.least,
            "above": self.above,
            "at most": self.most,
            "below": self.below,
        }
        return " and ".join(
            f"{words} {limit:.10g}" for words, limit in limits.items() if math.isfinite(limit)
        )

    def holds(self, value: float) -> bool:
        """Return whether a number lies in the range."""
        is_between = self.least <= value <= self.most and self.above < value < self.below
        return math.isfinite(value) and is_between


def option(default: Any, help: str, **more: Any) -> Any:
    """Declare a field that is an option; `more` are the other fields of `Option`.

    A default of `dataclasses.MISSING` makes it required.
    """
    return field(default=default, metadata={OPTION: Option(help, **more)})


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def options(panel: str = "") -> Callable[[type[Options]], type[Options]]:
    """Declare a class of options: a frozen dataclass whose values are checked when it is made.

    Ranges and choices are checked first, then the class's own ``__post_init__``, if it has one, checks
    what goes together.

    Args:
        panel: heading under which help texts list its fields, but for those that name their own.
    """

    def declare(kind: type[Options]) -> type[Options]:
        own = kind.__dict__.get("__post_init__")

        def check(self: Any) -> None:
            check_ranges(self)
            if own is not None:
                own(self)

        kind.__post_init__ = check  # type: ignore[attr-defined]
        setattr(kind, PANEL, panel)
        return dataclass(frozen=True)(kind)

    return declare


@dataclass(frozen=True)
class OptionField:
    """An option in a tree of dataclasses.

    Attributes:
        name: of its flag, without dashes before it.
        paths: where its value belongs; several where stages share it.
        type: of its value.
        default: of the field, or of the instance that is an outer field's default;
            `dataclasses.MISSING` where a value is required.
        option: what else is known.
    """

    name: str
    paths: tuple[tuple[str, ...], ...]
    type: Any
    default: Any
    option: Option

    @property
    def choices(self) -> tuple[str, ...]:
        """The words among which a user chooses; empty where there is no such list."""
        if self.option.choices:
            return self.option.choices
        words = (get_args(kind) for kind in self.kinds if get_origin(kind) is Literal)
        return tuple(chain.from_iterable(words))

    @property
    def flags(self) -> tuple[str, ...]:
        """How it stands on a command line: the long flag, and the short one if there is one."""
        short = (f"-{self.option.short}",) if self.option.short else ()
        return (f"--{self.name}", *short)

    @property
    def default_text(self) -> str:
        """The default in words, with those of presets; empty where there is none to speak of."""
        plain = self.option.default_text or _words(self, self.default)
        of_presets = (
            f"{name}: {'on' if value is True else self.show(value)}"
            for name, value in self.option.presets.items()
        )
        return "; ".join(filter(None, (plain, *of_presets)))

    @property
    def unnamed_choices(self) -> tuple[str, ...]:
        """The choices, unless the help names them all."""
        named = all(str(word) in self.option.help for word in self.choices)
        return () if named else self.choices

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return get_origin(self.type) is tuple and get_args(self.type)[-1:] == (...,)

    @property
    def is_comma_list(self) -> bool:
        """Whether its values may stand between commas: words to choose from, or numbers."""
        return self.is_list and (bool(self.choices) or self.kinds[0] in NUMBERS)

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types that one value may have; that of its items if it is a list."""
        kind = get_args(self.type)[0] if self.is_list else self.type
        return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)

    def read(self, value: Any) -> Any:
        """Return a value of the field's type, from a user's text or a TOML value.

        Raises:
            UsageError: it is of another kind, or not one of the choices.
        """
        if not self.is_list:
            return self._read_one(value)
        items = value if isinstance(value, list | tuple) else [value]
        if self.is_comma_list:  # as users type them: -f csv,parquet
            items = [word.strip() for item in items for word in str(item).split(",")]
        return tuple(self._read_one(item) for item in items)

    def show(self, value: Any) -> Any:
        """Return the TOML value that `read` would turn into this one; None if there is none."""
        show = self.option.show or _plain
        return [show(item) for item in value] if self.is_list else show(value)

    def _read_one(self, value: Any) -> Any:
        if self.option.parse is not None and isinstance(value, str):
            return self.option.parse(value)
        words = {str(word).lower(): word for word in self.choices}
        if str(value).lower() in words:
            return words[str(value).lower()]
        for one in () if self.option.choices else self.kinds:
            if one is Path and isinstance(value, str | Path):
                return Path(value)
            if one in NUMBERS and isinstance(value, NUMBERS[one]) and value is not True:
                with contextlib.suppress(ValueError):
                    return one(value)
            elif isinstance(one, type) and type(value) is one:
                return value
        wanted = f"one of {', '.join(self.choices)}" if self.choices else _named(self.kinds)
        if hint := did_you_mean(str(value).lower(), self.choices):
            raise UsageError(f"--{self.name} is not {value!r}{hint}")
        raise UsageError(f"--{self.name} must be {wanted}, not {value!r}")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def option_fields(options: type, defaults: Any = None) -> Mapping[str, OptionField]:
    """Return every option of a tree of dataclasses, by the name of its flag, in order.

    Args:
        options: the dataclass.
        defaults: an instance whose values stand for the fields' own defaults.
    """
    found: dict[str, OptionField] = {}
    for one in _walk(options, (), defaults):
        earlier = found.get(one.name)
        found[one.name] = (
            one if earlier is None else replace(earlier, paths=earlier.paths + one.paths)
        )
    return found


def check_ranges(options: Any) -> None:
    """Refuse values of a dataclass's own options that lie outside their ranges or choices.

    Raises:
        UsageError: with the option's flag, the value, and what is possible.
    """
    for one in _walk(type(options), (), options):
        if len(one.paths[0]) > 1:
            continue  # checked when it was made
        for item in one.default if one.is_list else (one.default,):
            if isinstance(item, int | float) and not isinstance(item, bool):
                if not one.option.holds(item):
                    wanted = one.option.range_text or "a finite number"
                    raise UsageError(f"--{one.name} must be {wanted}, not {item}")
            elif isinstance(item, str) and one.choices and one.option.parse is None:
                one.read(item)
            elif isinstance(item, Path):
                _check_place(one, item)


def _check_place(one: OptionField, path: Path) -> None:
    """Refuse addresses, and standard output as a folder.

    Raises:
        UsageError: it says what is possible.
    """
    word = one.name.upper() if one.option.positional else f"--{one.name}"
    if is_address(path.as_posix()):
        address = plain_address(path.as_posix())
        if not one.option.in_store:
            raise UsageError(f"{word} {address} is an address; give a path on this machine")
        if address.partition("://")[0] not in S3:
            raise UsageError(
                f"{word} {address}: give a path on this machine, or s3://bucket/folder"
            )
    if path == STANDARD_OUTPUT and one.name == OUTPUT_FOLDER:
        raise UsageError(f"{word} must be a folder: results are several files")


def _walk(options: type, prefix: tuple[str, ...], defaults: Any) -> Iterator[OptionField]:
    """Yield the options of a tree of dataclasses; `defaults` is an instance that stands for fields'
    own defaults, as where an outer field's default is one."""
    hints = get_type_hints(options)
    for one in fields(options):
        kind = hints[one.name]
        default = one.default if defaults is None else getattr(defaults, one.name)
        if OPTION in one.metadata:
            about: Option = one.metadata[OPTION]
            about = replace(about, panel=about.panel or getattr(options, PANEL, ""))
            name = about.flag or one.name.replace("_", "-")
            yield OptionField(name, ((*prefix, one.name),), kind, default, about)
        elif is_dataclass(kind):
            inner = None if default is MISSING else default
            yield from _walk(kind, (*prefix, one.name), inner)  # type: ignore[arg-type]


def _words(one: OptionField, default: Any) -> str:
    if any(default is absent for absent in (MISSING, None, False)) or default == ():
        return ""
    shown = one.show(default)
    values = shown if isinstance(shown, list) else [shown]
    return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in values)


def _named(kinds: tuple[Any, ...]) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return " or ".join(words.get(one, "a path") for one in kinds if one is not type(None))
