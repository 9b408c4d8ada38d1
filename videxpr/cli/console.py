"""What is shown while videos are annotated or cropped, and the table of them at the end."""

import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

from videxpr.cli.message import show
from videxpr.cli.stop import Stopped
from videxpr.core.errors import SourceError
from videxpr.core.files import STANDARD_OUTPUT, atomic_write

if TYPE_CHECKING:  # videxpr doctor runs where numpy, which these need, cannot be imported
    from videxpr.video.jobs import JobResult
    from videxpr.video.sources import Source

WIDE = 200
"""Columns of a table that goes to a file or a pipe, where nothing need be folded."""


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


def print_table(console: Console, table: Table) -> None:
    """Print a table, without its lines where they would leave no room for whole words."""
    wanted = Measurement.get(console, console.options.update(width=WIDE), table).maximum
    if wanted > console.width:
        table.box, table.padding = None, (0, 1, 0, 0)
    console.print(table)


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
    """Make a long run readable: any name printable, no chatter of libraries.

    Args:
        quiet: whether warnings that concern the process are left out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.filterwarnings("ignore", module=r"facenet_pytorch|insightface|onnxruntime")
    show = _WarningLines(logging.ERROR if quiet else logging.WARNING)
    logging.getLogger("videxpr").handlers = [show]  # those of an earlier command are replaced


def find_some_source(arguments: Iterable[str]) -> "list[Source]":
    """Return all sources that the arguments name, of which at least one is there.

    Raises:
        SourceError: none is.
    """
    from videxpr.video.search import find_sources

    sources = find_sources(arguments)
    if all(source.kind == "missing" for source in sources):
        others = f" (and {len(sources) - 1} others like it)" if len(sources) > 1 else ""
        raise SourceError(sources[0].problem + others)
    return sources


NAME_WIDTH: Final = 24
"""Columns of a bar's name, so that its numbers fit a terminal of 60."""


class _WarningLines(logging.Handler):
    """Shows what is logged on standard error, above the bars if there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{record.levelname.lower()}: {record.getMessage()}\n")


class BatchDisplay:
    """Bars for the batch and the videos in work on a terminal, plain lines elsewhere.

    Attributes:
        incomplete: whether something that was asked for could not be written.
    """

    def __init__(self, videos: int, quiet: bool, resume: str = "") -> None:
        """Make ready.

        Args:
            videos: how many there are.
            quiet: whether nothing but errors is shown.
            resume: how to go on with a run that was stopped.
        """
        self.videos = videos
        self.quiet = quiet
        self.resume = resume
        self.incomplete = False
        self.ended = self.done = 0
        self.console = Console(stderr=True, highlight=False)
        self.bars = self.console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn(
                "{task.description}",
                markup=False,  # a video may be called [red].mp4
                table_column=Column(max_width=NAME_WIDTH, no_wrap=True),
            ),
            BarColumn(),  # alone gives way where the terminal is narrow
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            console=self.console,
            disable=not self.bars,
            transient=True,
        )
        self._batch = self._progress.add_task("all videos", total=videos, speed="")
        self._running: dict[Source, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._progress.stop()
        if isinstance(error, Stopped):
            kept = f" and kept; {self.resume}" if self.resume else ""
            noun = "video" if self.videos == 1 else "videos"
            verb = "is" if 1 in (self.done, self.videos) else "are"
            error.add_note(f"{self.done} of {self.videos} {noun} {verb} done{kept}")

    def say(self, text: str) -> None:
        """Print a line for people; leave it out when quiet."""
        if not self.quiet:
            show(self.console, text)

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
        show(self.console, f"{trace}error: {text}", "red")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Say on a terminal what is waited for while a block runs."""
        task = self._progress.add_task(what, total=None, speed="")
        try:
            yield
        finally:
            self._progress.remove_task(task)

    def begin(self, source: "Source") -> Callable[[int, int], None]:
        """Show that a video begins; return the callback for its frames."""
        if not self.bars:
            return lambda completed, total: None
        if source in self._running:  # its process has ended, and another one begins
            self._progress.remove_task(self._running[source])
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

    def end(self, report: "JobResult", line: str) -> None:
        """Show that a video has ended, well or not; `line` says how where there are no bars."""
        self.ended += 1
        self.done += report.status != "failed"
        if report.source in self._running:
            self._progress.remove_task(self._running.pop(report.source))
        self._progress.advance(self._batch)
        if report.error:
            self._print_error(report.error, report.trace)
        if report.status != "failed" and not self.bars:
            self.say(f"[{self.ended}/{self.videos}] {line}")


def resume_hint(overwrite: bool) -> str:
    """Return how to go on with a run that was stopped."""
    leave_out = ", without --overwrite," if overwrite else ""
    return f"the same command{leave_out} goes on from there"


def report_line(report: "JobResult", found: str, kept: str) -> str:
    """Return a line about a source that did not fail.

    Args:
        report: of it.
        found: what was found in it.
        kept: what is there already where it was skipped.
    """
    if report.status == "skipped":
        return f"{report.source.shown}: skipped, its {kept} are there"
    speed = f"{report.frames_per_second:.1f} frames/s"
    warnings = "".join(f"; warning: {warning}" for warning in report.warnings)
    return f"{report.source.shown}: {report.frames} frames, {found}, {speed}{warnings}"
