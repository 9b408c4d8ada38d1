"""Many sources, one after another: one that fails does not stop the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from traceback import format_exception
from typing import Literal, TypeVar

from videxpr.core.errors import SourceError, UsageError, VidexprError
from videxpr.core.names import escaped
from videxpr.video.sources import Source

Row = Mapping[str, str | int | float | None]
"""A line of ``summary.csv``; None is an empty cell."""


@dataclass(frozen=True)
class JobResult:
    """What became of one source.

    Attributes:
        source: which.
        status: ``done``, ``skipped`` (what would be written is there already) or ``failed``.
        error: why it failed; of one that did not, why something that was asked for is not there.
        error_class: of the error, by its name in Python; of a source that cannot be read, of what the
            system said.
        trace: where, if it is a bug of videxpr; empty for errors that are meant for the user.
        warnings: what its reader must know.
        frames: that were worked on.
        frames_per_second: speed of the whole pipeline.
    """

    source: Source
    status: Literal["done", "skipped", "failed"]
    error: str = ""
    error_class: str = ""
    trace: str = ""
    warnings: tuple[str, ...] = ()
    frames: int = 0
    frames_per_second: float = 0.0


Result = TypeVar("Result", bound=JobResult)


def run_jobs(
    sources: Iterable[Source],
    work: Callable[[Source], Result],
    kind: type[Result],
    fail: Callable[[Source, str], None],
) -> Iterator[Result]:
    """Work on one source after another; yield a report of each, in order.

    Args:
        sources: what to work on.
        work: what to do with each.
        kind: of the reports; one of this kind is made where `work` raises an error.
        fail: takes down that a source failed, and why.

    Raises:
        UsageError: the call itself is wrong, for every source.
    """
    for source in sources:
        try:
            report = work(source)
        except UsageError:
            raise
        except Exception as exc:
            report = failure(kind, source, exc)
            fail(source, report.error)
        yield report


def failure(kind: type[Result], source: Source, exc: Exception) -> Result:
    """Return the report of a source on which the work ended with an error.

    Args:
        kind: of the report.
        source: which.
        exc: the error.
    """
    error, trace = _describe_error(source, exc)
    # what is wrong with a disk, or with rights, is not wrong with the video
    cause = exc.__cause__ if isinstance(exc.__cause__, OSError) else exc
    kind_of_error = type(cause if isinstance(exc, SourceError) else exc).__name__
    return kind(source, "failed", error=error, error_class=kind_of_error, trace=trace)


def _describe_error(source: Source, exc: Exception) -> tuple[str, str]:
    """Return why the work on a source ended, with its path, and where, if that is a bug of videxpr."""
    text, trace = str(exc), ""
    if isinstance(exc, OSError):
        text = f"cannot read {source.path}: {exc.strerror or exc}"
    elif not isinstance(exc, VidexprError):  # a bug, or a device out of memory
        text, trace = f"unexpected {type(exc).__name__}: {exc}", "".join(format_exception(exc))
    path, shown = str(source.path), escaped(source.shown)
    is_named = source.kind == "missing" or path in text
    return (text.replace(path, shown) if is_named else f"{shown}: {text}"), trace
