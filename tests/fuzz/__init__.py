"""Mutated files, and everything that reads them: ``python -m tests.fuzz``."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))
