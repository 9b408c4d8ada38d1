"""Cases, run through processes that only read; what each comes to, a crash or a hang among it."""

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from traceback import format_exception
from typing import Any, Final

from .mutate import mutate
from .targets import BINARY, READERS, WEIGHTS

SECONDS: Final = 20
"""So long a case may take; a second try counts, since the machine may be busy."""

START_SECONDS: Final = 120
GROWTH_BYTES: Final = 2 << 30
"""By so much the memory of a process may grow above what the imports take."""

FINDINGS: Final = ("exception", "unnamed", "crash", "hang", "memory")
"""What a case must not come to; ``rows`` and ``error`` are as it should be."""


@dataclass(frozen=True)
class Case:
    """One mutated file, and what came of reading it.

    Attributes:
        number: from which, with the seed, all of it follows.
        target: the kind of file.
        name: of the file.
        outcome: ``rows``, ``error`` (a `VidexprError` that names the file) or one of `FINDINGS`.
        text: of the error.
        growth_bytes: of the memory of the process that read it, so far.
    """

    number: int
    target: str
    name: str
    outcome: str = ""
    text: str = ""
    growth_bytes: int = 0


def draw(corpus: Path, seed: int, number: int) -> tuple[Case, bytes]:
    """Return a case and the content of its file."""
    rng = random.Random(f"{seed} {number}")
    targets = list(READERS)
    (target,) = rng.choices(targets, [WEIGHTS.get(one, 3) for one in targets])
    files = sorted((corpus / target).iterdir())
    chosen = rng.choice(files)
    others = [file.read_bytes() for file in files]
    content = mutate(rng, chosen.read_bytes(), others, target not in BINARY)
    return Case(number, target, f"case{number}.{chosen.name}"), content


def run_cases(corpus: Path, scratch: Path, seed: int, cases: range, workers: int) -> Iterator[Case]:
    """Yield the cases as they end, in no order.

    Args:
        corpus: what `write_corpus` wrote.
        scratch: an empty folder.
        seed: of all cases.
        cases: their numbers.
        workers: processes.
    """
    waiting, late = iter(cases), set[int]()
    pool = [_Worker(corpus, scratch / str(n), seed) for n in range(min(workers, len(cases)))]
    try:
        for worker in pool:
            worker.begin(next(waiting))
        while busy := [worker for worker in pool if worker.number is not None]:
            due = min(worker.deadline for worker in busy)
            ready = wait([one.connection for one in busy], max(0, due - time.monotonic()))
            for worker in busy:
                if worker.connection in ready or worker.deadline <= time.monotonic():
                    case = worker.end()
                    if case.outcome == "hang" and case.number not in late:
                        late.add(case.number)
                        worker.begin(case.number)
                        continue
                    yield case
                    worker.begin(next(waiting, None))
    finally:
        for worker in pool:
            worker.kill()


class _Worker:
    """A process that reads one file after another, and is replaced when it dies."""

    def __init__(self, corpus: Path, scratch: Path, seed: int) -> None:
        self.corpus, self.scratch, self.seed = corpus, scratch, seed
        self.number: int | None = None
        self.deadline = 0.0
        scratch.mkdir()
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, self.corpus, self.scratch, self.seed)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False

    def begin(self, number: int | None) -> None:
        """Give it a case; None for none."""
        self.number = number
        if number is not None:
            self.connection.send(number)
            self.deadline = time.monotonic() + SECONDS + (0 if self.ready else START_SECONDS)

    def end(self) -> Case:
        """Return the case, which has ended, or must now."""
        if self.number is None:
            raise ValueError("it has no case")
        case, _ = draw(self.corpus, self.seed, self.number)
        try:
            if self.connection.poll():
                self.ready = True
                answer: Case = self.connection.recv()
                return answer
            case = replace(case, outcome="hang", text=f"no answer in {SECONDS} s")
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode or 0
            text = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            case = replace(case, outcome="crash", text=text)
        self.kill()
        self._start()
        return case

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection, corpus: Path, scratch: Path, seed: int) -> None:
    """Read the files of cases as they are asked for, until killed."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, sys.stderr.fileno())
    _warm_up(corpus, scratch)
    before = _peak_bytes()
    _limit_memory(2 * GROWTH_BYTES)
    while True:
        case, content = draw(corpus, seed, connection.recv())
        path = scratch / case.name
        path.write_bytes(content)
        outcome, text = read(case.target, path)
        growth = _peak_bytes() - before
        if growth > GROWTH_BYTES:
            outcome, text = "memory", f"{growth >> 20} MB more"
        connection.send(replace(case, outcome=outcome, text=text, growth_bytes=growth))
        if outcome == "memory":
            return  # the peak would be the next one's too
        for left in scratch.iterdir():
            left.unlink()


def read(target: str, path: Path) -> tuple[str, str]:
    """Read a file; return what came of it."""
    from videxpr.core.errors import VidexprError

    try:
        READERS[target](path)
    except VidexprError as exc:
        return ("error" if path.name in str(exc) else "unnamed"), str(exc)
    except Exception as exc:
        return "exception", "".join(format_exception(exc))
    return "rows", ""


def _warm_up(corpus: Path, scratch: Path) -> None:
    """Read every sound file once, so that memory is measured above what the imports take."""
    for target in READERS:
        for file in (corpus / target).iterdir():
            copy = scratch / file.name
            copy.write_bytes(file.read_bytes())
            outcome, text = read(target, copy)
            if outcome in FINDINGS:
                raise ValueError(f"{target}/{file.name} is no sound file: {text}")
            for left in scratch.iterdir():
                left.unlink()


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _limit_memory(more: int) -> None:
    """Let what is asked for beyond be refused, so that a test cannot take the machine's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def table(cases: list[Case]) -> str:
    """Return how many cases of each target had which outcome."""
    columns = ("rows", "error", *FINDINGS)
    lines: list[tuple[Any, ...]] = [("target", "cases", *columns)]
    for target in (*READERS, "all"):
        own = [case.outcome for case in cases if target in (case.target, "all")]
        lines.append((target, len(own), *map(own.count, columns)))
    growth = max((case.growth_bytes for case in cases), default=0) >> 20
    rows = ["  ".join(f"{cell!s:>11}" for cell in line) for line in lines]
    return "\n".join([*rows, f"memory grew by {growth} MB at most"])
