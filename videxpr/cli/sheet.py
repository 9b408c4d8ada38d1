"""``videxpr sheet``: one picture of faces over time with their labels."""

from videxpr.annotation.export.recordings import find_recordings
from videxpr.cli.console import prepare_process, progress_bar
from videxpr.cli.message import counted, print_error, print_message
from videxpr.report.sheet.options import SheetCommand


def run(command: SheetCommand, given: frozenset[str]) -> int:
    """Write the picture, and say what is on it; 1 if a video could not be shown."""
    prepare_process(command.quiet)
    recordings = find_recordings(command.annotations)
    from videxpr.report.sheet.sheet import make_sheet

    with progress_bar("videos", command.quiet) as progress:
        sheet = make_sheet(recordings, command, progress)
    for error in sheet.errors:
        print_error(error)
    if sheet.image is not None and not command.quiet:
        height, width = sheet.image.shape[:2]
        videos = counted(sheet.videos, "video")
        print_message(f"{command.output}: {videos}, {width} x {height} pixels")
    return int(bool(sheet.errors))
