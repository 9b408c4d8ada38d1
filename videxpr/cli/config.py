"""``videxpr config``: the configuration that repeats a run, from what the run wrote."""

import tomli_w

from videxpr.annotation.options import ConfigCommand
from videxpr.annotation.provenance import configuration_of
from videxpr.cli.console import write_output
from videxpr.core.files import STANDARD_OUTPUT
from videxpr.formats.parquet import read_annotation


def run(command: ConfigCommand, given: frozenset[str]) -> int:
    """Write the configuration."""
    annotation = read_annotation(command.parquet)
    text = (
        f"# repeats {command.parquet.name}, with this file as run.toml:\n"
        f"# videxpr annotate {annotation.video} --config run.toml\n"
        f"{tomli_w.dumps(configuration_of(annotation))}"
    )
    write_output(command.output or STANDARD_OUTPUT, text)
    return 0
