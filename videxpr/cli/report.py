"""``videxpr report``: one page to look at, from what annotate wrote."""

from pathlib import Path

from videxpr.annotation.export.recordings import find_recordings
from videxpr.cli.console import prepare_process, progress_bar
from videxpr.cli.message import counted, print_error, print_message
from videxpr.core.errors import UsageError
from videxpr.core.files import unwritable_reason
from videxpr.report.page.options import REPORT, SUFFIXES, ReportCommand, is_page


def run(command: ReportCommand, given: frozenset[str]) -> int:
    """Write the page, and say what is on it; 1 if a file could not be read."""
    prepare_process(command.quiet)
    path = command.output or _place(command)
    if reason := _refusal(path):
        raise UsageError(f"--output {path} {reason}")
    recordings = find_recordings(command.folders)
    from videxpr.report.page.content import gather
    from videxpr.report.page.page import write_page

    with progress_bar("recordings", command.quiet) as progress:
        content, errors = gather(recordings, command, progress)
    size = write_page(path, content)
    for error in errors:
        print_error(error)
    if not command.quiet:
        videos = counted(len(content["videos"]), "video")
        print_message(f"{path}: {videos}, {size / 1e6:.1f} MB; open it in a browser")
    return int(bool(errors))


def _refusal(path: Path) -> str:
    """Return why the page cannot be written to a path; empty if it can."""
    if reason := unwritable_reason(path, is_folder=False):
        return reason
    if path.suffix.lower() not in SUFFIXES:
        return f"must end in {' or '.join(SUFFIXES)}"
    if path.exists() and not is_page(path):
        return "is there, and no report of videxpr; choose another name"
    return ""


def _place(command: ReportCommand) -> Path:
    """Return where the page goes if nothing is said."""
    first, *others = command.folders
    return first / REPORT if first.is_dir() and not others else Path(REPORT)
