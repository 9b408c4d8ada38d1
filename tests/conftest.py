"""What many tests share: the command line, and the real clips beside the repository."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from videxpr.cli import main

Run = Callable[..., tuple[int, str, str]]

SHARED = Path(__file__).parents[2] / "shared"

needs_shared = pytest.mark.skipif(
    not (SHARED / "data" / "clips").is_dir(), reason=f"the real clips are not in {SHARED}"
)


@pytest.fixture
def videxpr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives its exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["videxpr", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out = capsys.readouterr()
        code = stop.value.code or 0
        assert isinstance(code, int)
        return code, out.out, out.err

    return run
