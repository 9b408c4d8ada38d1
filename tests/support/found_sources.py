"""Empty files by their names, and what is found among them."""

from collections.abc import Iterable
from pathlib import Path

from videxpr.video.search import find_sources
from videxpr.video.sources import Source


def make(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()


def found(*arguments: str | Path) -> list[Source]:
    return find_sources(arguments)


def relatives(sources: Iterable[Source]) -> list[str]:
    return [source.relative.as_posix() for source in sources]


def kinds(sources: Iterable[Source]) -> list[tuple[str, str]]:
    return [(source.kind, source.relative.as_posix()) for source in sources]
