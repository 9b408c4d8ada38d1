"""``videxpr overlay``: the videos of annotations, with what was annotated drawn on them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from videxpr.annotation.export.recordings import RecordingFile, find_recordings
from videxpr.cli.console import prepare_process, progress_bar
from videxpr.cli.message import counted, print_error, print_message
from videxpr.cli.stop import Stopped
from videxpr.report.overlay.options import OverlayCommand

if TYPE_CHECKING:
    from videxpr.report.overlay.overlay import OverlayReport, OverlaySettings


def run(command: OverlayCommand, given: frozenset[str]) -> int:
    """Write the overlays; 1 if one could not be made."""
    prepare_process(command.quiet)
    recordings = find_recordings(command.annotations)
    from videxpr.report.overlay.overlay import OverlaySettings

    options = OverlaySettings(
        blur=command.pictures.blur,
        folder=command.output,
        video=command.video,
        sound=not command.no_sound,
        overwrite=command.overwrite,
    )
    return int(draw_overlays(recordings, options, command.quiet) > 0)


def draw_overlays(
    recordings: Sequence[RecordingFile], options: "OverlaySettings", quiet: bool
) -> int:
    """Write the overlays of recordings, a line about each; return how many failed.

    Raises:
        UsageError: they do not go together.
    """
    from videxpr.report.overlay.overlay import check_recordings, write_overlays

    check_recordings(recordings, options)
    done = failed = 0
    try:
        with progress_bar("frames drawn", quiet) as progress:
            for report in write_overlays(recordings, options, progress):
                if report.status == "failed":
                    failed += 1
                    print_error(report.error)
                    continue
                done += 1
                if not quiet:
                    print_message(_line(report))
    except Stopped as stop:
        leave_out = ", without --overwrite," if options.overwrite else ""
        stop.add_note(
            f"{done} of {counted(len(recordings), 'overlay')} {'is' if done == 1 else 'are'} done and "
            f"kept; the same command{leave_out} draws the others"
        )
        raise
    return failed


def _line(report: "OverlayReport") -> str:
    if report.status == "skipped":
        return f"{report.path}: skipped, it is there"
    speed = report.frames / max(report.seconds, 1e-9)
    notes = "".join(f"; note: {note}" for note in report.notes)
    return f"{report.path}: {counted(report.frames, 'frame')}, {speed:.1f} frames/s{notes}"
