"""``videxpr doctor``: what videxpr stands on, what is not well, and what to do about it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console

from videxpr.annotation.doctor.examine import examine
from videxpr.annotation.doctor.finding import Finding, with_short_home, without_paths
from videxpr.annotation.doctor.options import DoctorCommand
from videxpr.cli.console import output_console, write_output
from videxpr.cli.message import show
from videxpr.core.files import STANDARD_OUTPUT

STYLES: Final = {"ok": "", "warning": "yellow", "problem": "red"}
STATE_WIDTH: Final = 8
NAME_WIDTH: Final = 25


def run(command: DoctorCommand, given: frozenset[str]) -> int:
    """Print a line for each thing as it is tried; 1 if one of them is broken."""
    console, findings = output_console(), list[Finding]()
    told = with_short_home if command.paths else without_paths
    for finding in map(told, examine(command.detector_dir)):
        findings.append(finding)
        if command.json != STANDARD_OUTPUT:
            _print(console, finding)
    counts = Counter[str](one.state for one in findings)
    if command.json != STANDARD_OUTPUT:
        show(console, _verdict(counts, command.paths))
    if command.json is not None:
        write_output(command.json, _as_json(findings))
    return int(counts["problem"] > 0)


def _print(console: Console, finding: Finding) -> None:
    place = f" [{finding.path}]" if finding.path else ""
    start = f"{finding.state:<{STATE_WIDTH}}{finding.name:<{NAME_WIDTH}}"
    console.print(
        f"{start} {finding.text}{place}",
        style=STYLES[finding.state],
        soft_wrap=True,
        markup=False,
    )
    if finding.remedy:
        console.print(f"{'':{STATE_WIDTH}}-> {finding.remedy}", soft_wrap=True, markup=False)


def _verdict(counts: Counter[str], paths: bool) -> str:
    words = [
        f"{counts[state]} {state}{'s' if counts[state] > 1 else ''}"
        for state in ("problem", "warning")
        if counts[state]
    ]
    if not words:
        return "all is well"
    return " and ".join(words) + ("" if paths else "; --paths says where things lie")


def _as_json(findings: Sequence[Finding]) -> str:
    rows = [{name: value for name, value in asdict(one).items() if value} for one in findings]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
