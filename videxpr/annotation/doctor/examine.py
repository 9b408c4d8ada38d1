"""Run the checks in a process of their own: what crashes, or hangs, there is a finding as well."""

import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from videxpr.annotation.doctor.checks import CHECKS
from videxpr.annotation.doctor.finding import Finding
from videxpr.core.errors import VidexprError

SECONDS: Final = 120.0
"""Of silence, after which a check hangs; torch may take a minute on a busy machine or a slow disk."""

END_SECONDS: Final = 5.0
SPAWN: Final = get_context("spawn")
REMEDY: Final = (
    "something that it uses was built for another machine, or is damaged: install videxpr into a new "
    "environment"
)

DONE: Final = None
"""Sent when a check has found all that it can."""


def examine(root: Path | None, names: Iterable[str] = CHECKS) -> Iterator[Finding]:
    """Yield what checks find, as they find it.

    Args:
        root: folder that holds packs of detectors; None is insightface's own.
        names: of the checks.
    """
    waiting = deque(names)
    while waiting:
        ours, theirs = SPAWN.Pipe(duplex=False)
        work = (theirs, tuple(waiting), root)
        process = SPAWN.Process(target=_serve, args=work, daemon=True)
        try:
            process.start()
        except OSError as exc:
            yield Finding("processes", "problem", f"none can be started: {exc.strerror or exc}")
            return
        theirs.close()
        try:
            for found in _heard(ours):
                if found is DONE:
                    waiting.popleft()
                else:
                    yield found
            process.join(END_SECONDS)
            text = f"ends the process by {_reason(process.exitcode)}"
        except TimeoutError:
            text = f"hangs: it said nothing for {SECONDS:.0f} s, and was ended"
        process.kill()
        if waiting:
            yield Finding(waiting.popleft(), "problem", text, REMEDY)


def _heard(answers: Connection) -> Iterator[Finding | None]:
    """Yield what a process sends until it ends; TimeoutError if it says nothing for too long."""
    with answers, suppress(EOFError):
        while answers.poll(SECONDS):
            yield answers.recv()
        raise TimeoutError


def _reason(code: int | None) -> str:
    with suppress(ValueError):
        if code is not None and code < 0:
            return signal.Signals(-code).name
    return f"exit code {code}"


def _serve(answers: Connection, names: tuple[str, ...], root: Path | None) -> None:
    """Run checks in this process, and send what they find."""
    _mute()
    for name in names:
        for finding in _found(name, root):
            answers.send(finding)
        answers.send(DONE)


def _found(name: str, root: Path | None) -> Iterator[Finding]:
    """Yield what a check finds; whatever it raises is a finding too."""
    try:
        yield from CHECKS[name](root)
    except VidexprError as exc:
        yield Finding(name, "problem", str(exc))
    except ImportError as exc:
        yield Finding(name, "problem", f"cannot be tried: {exc}", "see the packages above")
    except Exception as exc:  # a bug of ours or of a library's is what is looked for
        yield Finding(name, "problem", f"{type(exc).__name__}: {exc}", "report this as a bug")


def _mute() -> None:
    """Let libraries that chatter, or say their last words, do so where nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
