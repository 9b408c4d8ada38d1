"""A small tree of options, with one of each kind."""

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Literal

from videxpr.core.option import check_ranges, option


def minutes(text: str) -> float:
    return 60 * float(text)


@dataclass(frozen=True)
class Inner:
    stride: int = option(16, "Frames.", least=1, below=100)
    share: float = option(0.5, "A share.", above=0, most=1)
    tail: str = "aligned"

    def __post_init__(self):
        check_ranges(self)


@dataclass(frozen=True)
class Outer:
    sources: tuple[str, ...] = option(MISSING, "Videos.", positional=True)
    folder: Path = option(Path("out"), "Where.", flag="output-dir", changes_results=False)
    formats: tuple[Literal["csv", "parquet"], ...] = option(("csv",), "What.", flag="format")
    spans: tuple[float, ...] = option((0.0, 0.5), "Seconds.", flag="smooth", least=0)
    person: Literal["largest", "left"] | None = option(None, "Who.")
    start: float | None = option(None, "When.", parse=minutes)
    quiet: bool = option(False, "Nothing is said.", changes_results=False)
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self):
        check_ranges(self)


OPTIONS = Outer(("a.mp4",))
