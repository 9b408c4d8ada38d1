"""``videxpr config``: the configuration that repeats a run, from what the run wrote."""

import sys

import tomli_w

from videxpr.annotation.options import ConfigCommand
from videxpr.annotation.provenance import configuration_of
from videxpr.core.files import atomic_write
from videxpr.formats.parquet import read_annotation


def run(command: ConfigCommand, given: frozenset[str]) -> int:
    """Write the configuration."""
    annotation = read_annotation(command.parquet)
    text = (
        f"# repeats {command.parquet.name}, with this file as run.toml:\n"
        f"# videxpr annotate {annotation.video} --config run.toml\n"
        f"{tomli_w.dumps(configuration_of(annotation))}"
    )
    if command.output is None:
        sys.stdout.write(text)
        return 0
    with atomic_write(command.output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return 0
