"""The real clips beside the repository, for the tests that need them."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"

needs_shared = pytest.mark.skipif(
    not (SHARED / "data" / "clips").is_dir(), reason=f"the real clips are not in {SHARED}"
)
