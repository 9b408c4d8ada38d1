"""What is shown while videos are annotated or cropped, and the table of them at the end."""

import io
import logging
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from videxpr.core.files import atomic_write
from videxpr.video.jobs import JobResult
from videxpr.video.sources import Source

Report = TypeVar("Report", bound=JobResult)

WIDE = 200
"""Columns of a table that goes to a file or a pipe, where nothing need be folded."""

NUMBERS: Final = ("frames", "crops", "face", "frames/s")
"""Columns whose cells are numbers."""

STANDARD_OUTPUT: Final = Path("-")
"""Stands for it where a file is named."""


def write_output(path: Path, text: str) -> None:
    """Write a text to a file, whole or not at all, or to standard output.

    Raises:
        OutputError: the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def output_console() -> Console:
    """Return what prints tables on standard output, wide where that is a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)


@contextmanager
def progress_bar(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error while a block runs, if that is a terminal.

    Args:
        what: is counted.
        quiet: whether nothing is shown.

    Yields:
        The callback for what is done and for all that is to do.
    """
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=hidden
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda completed, total: bar.update(task, completed=completed, total=total)


def prepare_process(quiet: bool = False) -> None:
    """Make a long run end well: stopped like by Ctrl-C, any name printable, no chatter.

    Args:
        quiet: whether warnings that concern the process are left out.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing is lost
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.filterwarnings("ignore", module=r"facenet_pytorch|insightface|onnxruntime")
    show = _WarningLines(logging.ERROR if quiet else logging.WARNING)
    logging.getLogger("videxpr").handlers = [show]  # those of an earlier command are replaced


class _WarningLines(logging.Handler):
    """Shows what is logged on standard error, above the bars if there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{record.levelname.lower()}: {record.getMessage()}\n")


class BatchDisplay:
    """Bars for the batch and the videos in work on a terminal, plain lines elsewhere.

    Attributes:
        incomplete: whether something that was asked for could not be written.
    """

    def __init__(self, videos: int, quiet: bool) -> None:
        self.videos = videos
        self.quiet = quiet
        self.incomplete = False
        self.done = 0
        self.console = Console(stderr=True, highlight=False)
        self.bars = self.console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.bars,
            transient=True,
        )
        self._batch = self._progress.add_task("all videos", total=videos, speed="")
        self._running: dict[Source, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line for people; leave it out when quiet."""
        if not self.quiet:
            self.console.print(text, soft_wrap=True, markup=False)

    def warn(self, sentences: Iterable[str]) -> None:
        """Print warnings, a line each."""
        for sentence in sentences:
            self.say(f"warning: {sentence}")

    def report_missing(self, notes: list[str]) -> None:
        """Print what is missing from the run's files, which makes the run a failure."""
        self.incomplete = bool(notes)
        for note in notes:
            self._print_error(note)

    def _print_error(self, text: str, trace: str = "") -> None:
        self.console.print(f"{trace}error: {text}", soft_wrap=True, markup=False, style="red")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Say on a terminal what is waited for while a block runs."""
        task = self._progress.add_task(what, total=None, speed="")
        try:
            yield
        finally:
            self._progress.remove_task(task)

    def begin(self, source: Source) -> Callable[[int, int], None]:
        """Show that a video begins; return the callback for its frames."""
        if not self.bars:
            return lambda completed, total: None
        video = self._progress.add_task(source.path.name, total=None, speed="")
        self._running[source] = video

        def advance(completed: int, total: int) -> None:
            speed = next(one.speed for one in self._progress.tasks if one.id == video)
            self._progress.update(
                video,
                completed=completed,
                total=max(total, completed) or None,
                speed=f"{speed:.1f} frames/s" if speed else "",
            )

        return advance

    def end(self, report: JobResult, line: str) -> None:
        """Show that a video has ended, well or not; `line` says how where there are no bars."""
        self.done += 1
        if report.source in self._running:
            self._progress.remove_task(self._running.pop(report.source))
        self._progress.advance(self._batch)
        if report.status == "failed":
            self._print_error(failure_text(report), report.trace)
        elif not self.bars:
            self.say(f"[{self.done}/{self.videos}] {line}")


def failure_text(report: JobResult) -> str:
    """Return why a source failed, with its path (named already where it is not there)."""
    is_missing = report.source.kind == "missing"
    return report.error if is_missing else f"{report.source.path}: {report.error}"


def report_line(report: JobResult, found: str, kept: str) -> str:
    """Return a line about a source that did not fail.

    Args:
        report: of it.
        found: what was found in it.
        kept: what is there already where it was skipped.
    """
    if report.status == "skipped":
        return f"{report.source.path}: skipped, its {kept} are there"
    speed = f"{report.frames_per_second:.1f} frames/s"
    warnings = "".join(f"; warning: {warning}" for warning in report.warnings)
    return f"{report.source.path}: {report.frames} frames, {found}, {speed}{warnings}"


def print_reports(
    title: str,
    columns: Sequence[str],
    reports: Sequence[Report],
    rows: Callable[[Report], Sequence[Mapping[str, str]]],
    did: str,
    kept: str,
) -> None:
    """Print a run as a table on standard output.

    Args:
        title: of the table.
        columns: names of those between the video and its warnings.
        reports: of all sources.
        rows: makes the rows of a source that is done, cells by the names of their columns.
        did: what was done with a source.
        kept: what is there already where one was skipped.
    """
    console = output_console()
    table = Table(title=Text(title))
    names = ("video", *columns, "warnings and errors")
    for name in names:
        justify: Literal["left", "right"] = "right" if name in NUMBERS else "left"
        table.add_column(name, justify=justify, overflow="fold")
    skipped = f"skipped: its {kept} are there (--overwrite does it again)"
    for report in reports:
        is_done, video = report.status == "done", report.source.relative.as_posix()
        last = "; ".join(report.warnings) if is_done else report.error or skipped
        for row in rows(report) if is_done else [{}]:
            cells = {**row, "video": video, "warnings and errors": last}
            style = "red" if report.status == "failed" else None
            table.add_row(*(Text(cells.get(name, "")) for name in names), style=style)
            video = ""  # it stands in its first row alone
    console.print(table)
    counts = Counter(report.status for report in reports)
    console.print(f"{counts['done']} {did}, {counts['skipped']} skipped, {counts['failed']} failed")
