"""What many tests share: the command line, the real clips, nobody's own models."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from videxpr.cli import main

# processes that tests spawn find these files from here, and the installed videxpr before
sys.path.append(str(Path(__file__).parents[1]))

Run = Callable[..., tuple[int, str, str]]

settings.register_profile("tests", deadline=None)  # a slow machine fails no test
settings.load_profile("tests")

SHARED = Path(__file__).parents[2] / "shared"

needs_shared = pytest.mark.skipif(
    not (SHARED / "data" / "clips").is_dir(), reason=f"the real clips are not in {SHARED}"
)


def pytest_configure(config: pytest.Config) -> None:
    """Let commands hear Ctrl-C, and give each of several test processes a core of its own.

    A shell script's background jobs ignore Ctrl-C, and so would what the tests start in one.
    Threads of two processes would fight for both cores.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or one process would end long after the others."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def exit_code_of(*words: object) -> int:
    """Run a command in this process; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["videxpr", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
    code = stop.value.code or 0
    assert isinstance(code, int)
    return code


@pytest.fixture
def videxpr(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives its exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        if words[:1] == ("annotate",) and "-j" not in words:
            words = ("annotate", "-j", 0, *words[1:])  # what processes do has tests of its own
        code = exit_code_of(*words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session", autouse=True)
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty registry and a cache of the tests' own in place of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDEXPR_MODELS", os.devnull)
        patch.setenv("VIDEXPR_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture
def no_graphs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No graph can be made of a model, and none is in the cache."""

    def refuse(model: object) -> bytes:
        raise ValueError("no graph\nof it")

    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr("videxpr.model.engine.engine.feature_graph", refuse)
