"""``videxpr crop``: videos in, a folder of aligned face crops a person out."""

import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import WIDE, BatchDisplay, prepare_process
from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.device import resolve_device, stage_threads, use_cpu_threads
from videxpr.datasets.crops.batch import CropReport, crop_sources
from videxpr.datasets.crops.cropper import Cropper
from videxpr.datasets.crops.geometry_file import read_crop_template
from videxpr.datasets.crops.options import CropCommand
from videxpr.datasets.crops.writer import CROPS, CropTree
from videxpr.faces.detection.load import load_detector
from videxpr.video.sources import find_sources


def run(command: CropCommand, given: frozenset[str]) -> int:
    """Crop what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    device, threads = str(resolve_device(command.run.device)), stage_threads()
    faces = command.crops.faces
    detection = replace(faces.detection, device=device, threads=threads)
    faces = replace(faces, detection=detection, decoding=replace(faces.decoding, device=device))
    options = replace(command.crops, template=_template(command), faces=faces)
    tree = CropTree(command.directory, options.template, command.overwrite)
    use_cpu_threads(threads)
    cropper = Cropper(load_detector(detection), options)
    sources = find_sources(command.sources)
    reports: list[CropReport] = []
    with BatchDisplay(len(sources), command.run.quiet) as display:
        display.say(_introduction(cropper))
        for report in crop_sources(cropper, sources, tree, display.begin):
            reports.append(report)
            display.end(report, _line(report))
    if not command.run.quiet:
        _print_table(reports, command.directory)
    return int(any(report.status == "failed" for report in reports))


def _template(command: CropCommand) -> CropTemplate:
    template = ARCFACE if command.geometry is None else read_crop_template(command.geometry)
    return template if command.size is None else template.resized(command.size)


def _introduction(cropper: Cropper) -> str:
    detector, template = cropper.detector, cropper.options.template
    return (
        f"detector {detector.name} on {detector.device}, crops of {template.size} x {template.size} "
        f"pixels, geometry {template.name}"
    )


def _line(report: CropReport) -> str:
    if report.status == "skipped":
        return f"{report.source.path}: skipped, its crops are there"
    folders = ", ".join(f"{each.crops} crops in {each.name}" for each in report.folders)
    warnings = "".join(f"; warning: {warning}" for warning in report.warnings)
    speed = f"{report.frames_per_second:.1f} frames/s"
    return f"{report.source.path}: {report.frames} frames, {folders}, {speed}{warnings}"


def _print_table(reports: list[CropReport], output_dir: Path) -> None:
    """The run as a table on standard output."""
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    table = Table(title=Text(f"crops in {output_dir / CROPS}"))
    for name in ("video", "folder"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "crops", "face", "frames/s"):
        table.add_column(name, justify="right")
    table.add_column("warnings and errors", overflow="fold")
    for report in reports:
        for row in _rows(report):
            table.add_row(*map(Text, row), style="red" if report.status == "failed" else None)
    console.print(table)
    counts = [sum(r.status == status for r in reports) for status in ("done", "skipped", "failed")]
    console.print("{} cropped, {} skipped, {} failed".format(*counts))


def _rows(report: CropReport) -> list[list[str]]:
    """One row a folder; one for a video that has none."""
    video = report.source.relative.as_posix()
    if report.status != "done":
        skipped = "skipped: its crops are there (--overwrite does it again)"
        return [[video, "", "", "", "", "", report.error or skipped]]
    rows = []
    for folder in report.folders:
        counts = [str(report.frames), str(folder.crops), f"{report.coverage(folder):.1%}"]
        speed = f"{report.frames_per_second:.1f}"
        rows.append([video, folder.name, *counts, speed, "; ".join(report.warnings)])
        video = ""
    return rows
