"""Fuzz everything that reads a file: ``python -m tests.fuzz --cases 20000 --seed 1``.

A case follows from the seed and its number. Findings are written to a folder; the exit code is 1 if
there are any.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from .corpus import write_corpus
from .pool import FINDINGS, draw, run_cases, table


def main() -> int:
    """Run the cases; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    chosen = parser.parse_args()
    began, ended = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        corpus, scratch = Path(folder, "corpus"), Path(folder, "scratch")
        write_corpus(corpus)
        scratch.mkdir()
        numbers = range(chosen.first, chosen.first + chosen.cases)
        for case in run_cases(corpus, scratch, chosen.seed, numbers, chosen.workers):
            ended.append(case)
            if case.outcome in FINDINGS:
                _, content = draw(corpus, chosen.seed, case.number)
                chosen.findings.mkdir(parents=True, exist_ok=True)
                (chosen.findings / case.name).write_bytes(content)
                (chosen.findings / f"{case.name}.why").write_text(f"{case}\n\n{case.text}")
                sys.stdout.write(f"{case.outcome}: {case.name}: {case.text[-300:]}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{table(ended)}\n{time.monotonic() - began:.0f} s\n")
    return int(any(case.outcome in FINDINGS for case in ended))


if __name__ == "__main__":
    sys.exit(main())
