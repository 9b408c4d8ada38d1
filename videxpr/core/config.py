"""Values of options by the names of their flags: chosen, read from a configuration file, recorded."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from videxpr.core.errors import FormatError, UsageError, did_you_mean
from videxpr.core.option import option_fields

Options = TypeVar("Options")


def with_values(options: Options, values: Mapping[str, Any]) -> Options:
    """Return options with some of them chosen anew, by the names of their flags.

    Raises:
        UsageError: a value lies outside its range, or does not go with another one.
    """
    known = option_fields(type(options))
    changes: dict[tuple[str, ...], Any] = {
        path: value for name, value in values.items() for path in known[name].paths
    }
    changed: Options = _changed(options, changes)
    return changed


def _changed(options: Any, changes: Mapping[tuple[str, ...], Any]) -> Any:
    """Replace the values at these paths, each dataclass once, so that it is checked as a whole."""
    parts: dict[str, dict[tuple[str, ...], Any]] = {}
    for (name, *inner), value in changes.items():
        parts.setdefault(name, {})[tuple(inner)] = value
    return replace(
        options,
        **{
            name: part[()] if () in part else _changed(getattr(options, name), part)
            for name, part in parts.items()
        },
    )


def preset_values(options: type, preset: str) -> dict[str, Any]:
    """Return what a preset chooses, by the names of flags."""
    return {
        name: one.option.presets[preset]
        for name, one in option_fields(options).items()
        if preset in one.option.presets
    }


def read_config(path: Path, options: type) -> dict[str, Any]:
    """Read a configuration file: TOML, one option a line, named as on the command line.

    Raises:
        UsageError: it is not there, or says what no option understands.
        FormatError: it is no TOML.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise UsageError(f"--config {path} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:  # of TOML and UTF-8: ValueErrors
        raise FormatError(f"{path} is not a TOML file: {exc}") from exc
    return read_values(table, options, str(path))


def read_values(table: Mapping[str, Any], options: type, origin: str) -> dict[str, Any]:
    """Return the values of a table whose keys are names of flags; `origin` is for errors.

    Raises:
        UsageError: a name is no option's, or its value not of the right kind.
    """
    known = {name: one for name, one in option_fields(options).items() if not one.option.positional}
    values = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name not in known:
            raise UsageError(f"{origin}: there is no option {key!r}{did_you_mean(name, known)}")
        try:
            values[name] = known[name].read(value)
        except UsageError as exc:
            raise UsageError(f"{origin}: {exc}") from exc
    return values


def record(options: Any, results_only: bool = False) -> dict[str, Any]:
    """Return every option as a TOML value, by the name of its flag; those that are None left out.

    Args:
        options: a tree of dataclasses.
        results_only: leave out what cannot change a result.
    """
    shown = {
        name: one.show(one.default)
        for name, one in option_fields(type(options), options).items()
        if not one.option.positional and (one.option.changes_results or not results_only)
    }
    return {name: value for name, value in shown.items() if value is not None}
