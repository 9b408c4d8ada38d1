"""``videxpr crops``: crops made from videos, and the geometry of crops that somebody else made."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from videxpr.cli.console import BatchDisplay, output_console, prepare_process, progress_bar
from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.device import cpu_threads, resolve_device, stage_threads, use_cpu_threads
from videxpr.datasets.crops.batch import CropReport, crop_sources
from videxpr.datasets.crops.cropper import Cropper
from videxpr.datasets.crops.geometry import Measurement, write_plot
from videxpr.datasets.crops.geometry_file import (
    LANDMARKS,
    Facts,
    read_crop_geometry,
    write_crop_geometry,
)
from videxpr.datasets.crops.measure import SMALLEST_FACE, measure_crops
from videxpr.datasets.crops.options import CropsMakeCommand, CropsMeasureCommand
from videxpr.datasets.crops.writer import CROPS, CropTree
from videxpr.faces.detection.load import load_detector
from videxpr.video.sources import find_sources


def make(command: CropsMakeCommand, given: frozenset[str]) -> int:
    """Crop what was asked for; return 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    device, threads = str(resolve_device(command.run.device)), stage_threads()
    faces = command.crops.faces
    detection = replace(faces.detection, device=device, threads=threads)
    faces = replace(faces, detection=detection, decoding=replace(faces.decoding, device=device))
    options = replace(command.crops, template=_chosen_template(command), faces=faces)
    tree = CropTree(command.directory, options.template, command.overwrite)
    use_cpu_threads(threads)
    cropper = Cropper(load_detector(detection), options)
    sources = find_sources(command.sources)
    reports: list[CropReport] = []
    with BatchDisplay(len(sources), command.run.quiet) as display:
        display.say(_introduction(cropper))
        for report in crop_sources(cropper, sources, tree, display.begin):
            reports.append(report)
            display.end(report, _report_line(report))
    if not command.run.quiet:
        _print_reports(reports, command.directory)
    return int(any(report.status == "failed" for report in reports))


def _chosen_template(command: CropsMakeCommand) -> CropTemplate:
    template = ARCFACE if command.geometry is None else read_crop_geometry(command.geometry)
    return template if command.size is None else template.resized(command.size)


def _introduction(cropper: Cropper) -> str:
    detector, template = cropper.detector, cropper.options.template
    return (
        f"detector {detector.name} on {detector.device}, crops of {template.size} x {template.size} "
        f"pixels, geometry {template.name}"
    )


def _report_line(report: CropReport) -> str:
    if report.status == "skipped":
        return f"{report.source.path}: skipped, its crops are there"
    folders = ", ".join(f"{each.crops} crops in {each.name}" for each in report.folders)
    warnings = "".join(f"; warning: {warning}" for warning in report.warnings)
    speed = f"{report.frames_per_second:.1f} frames/s"
    return f"{report.source.path}: {report.frames} frames, {folders}, {speed}{warnings}"


def _print_reports(reports: list[CropReport], output_dir: Path) -> None:
    """Print the run as a table on standard output."""
    console = output_console()
    table = Table(title=Text(f"crops in {output_dir / CROPS}"))
    for name in ("video", "folder"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "crops", "face", "frames/s"):
        table.add_column(name, justify="right")
    table.add_column("warnings and errors", overflow="fold")
    for report in reports:
        for row in _report_rows(report):
            table.add_row(*map(Text, row), style="red" if report.status == "failed" else None)
    console.print(table)
    counts = [sum(r.status == status for r in reports) for status in ("done", "skipped", "failed")]
    console.print("{} cropped, {} skipped, {} failed".format(*counts))


def _report_rows(report: CropReport) -> list[list[str]]:
    """Return one row a folder; one for a video that has none."""
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


def measure(command: CropsMeasureCommand, given: frozenset[str]) -> int:
    """Measure, write the geometry, and say what was found."""
    prepare_process()
    detection = replace(
        command.detection,
        min_face=SMALLEST_FACE,
        device=str(resolve_device(command.run.device)),
        threads=cpu_threads(),
    )
    use_cpu_threads(cpu_threads())
    detector = load_detector(detection)
    with progress_bar("crops", command.run.quiet) as advance:
        measured = measure_crops(command.folder, detector, command.measuring, advance)
    write_crop_geometry(command.output, measured.template, facts(measured))
    if command.plot is not None:
        write_plot(command.plot, measured)
    if not command.run.quiet:
        _print_measurement(measured, command)
    return 0


def facts(measured: Measurement) -> Facts:
    """Return what stands beside the geometry in its file."""
    fit = measured.similarity
    return {
        "verdict": measured.verdict,
        "detector": measured.detector,
        "crops": len(measured.landmarks),
        "without_a_face": measured.sampled - measured.found,
        "set_aside": measured.set_aside,
        "folders": measured.folders,
        "mean": _by_landmark(measured.mean),
        "standard_deviation": _by_landmark(measured.spread),
        "displacement_from_arcface": _by_landmark(measured.displacement),
        "scale": round(fit.scale, 4),
        "degrees": round(fit.degrees, 2),
        "shift": [round(each, 2) for each in fit.shift],
    }


def _by_landmark(values: NDArray[np.float64]) -> dict[str, list[float]]:
    rounded = [[round(float(x), 2), round(float(y), 2)] for x, y in values]
    return dict(zip(LANDMARKS, rounded, strict=True))


def _print_measurement(measured: Measurement, command: CropsMeasureCommand) -> None:
    console = output_console()
    console.print(_landmark_table(measured), markup=False)
    for line in _sentences(measured):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"wrote {command.output}", markup=False, soft_wrap=True)
    if command.plot is not None:
        console.print(f"wrote {command.plot}", markup=False, soft_wrap=True)


def _landmark_table(measured: Measurement) -> Table:
    table = Table(title=f"points in crops of {measured.size} x {measured.size} pixels")
    table.add_column("point")
    columns = {
        "ArcFace": (measured.reference, "{:.1f}, {:.1f}"),
        "landmarks, mean": (measured.mean, "{:.1f}, {:.1f}"),
        "spread": (measured.spread, "{:.1f}, {:.1f}"),
        "geometry": (measured.points, "{:.1f}, {:.1f}"),
        "geometry - ArcFace": (measured.displacement, "{:+.1f}, {:+.1f}"),
    }
    for title in columns:
        table.add_column(title, justify="right")
    for number, name in enumerate(LANDMARKS):
        cells = [form.format(*values[number]) for values, form in columns.values()]
        table.add_row(name.replace("_", " "), *cells)
    return table


def _sentences(measured: Measurement) -> Iterator[str]:
    missed = measured.sampled - measured.found
    folders = "1 folder" if measured.folders == 1 else f"{measured.folders} folders"
    yield (
        f"{len(measured.landmarks)} crops of {folders} measured with "
        f"{measured.detector}; no face in {missed}, {measured.set_aside} set aside as unlike the others"
    )
    error = measured.uncertainty
    if error is None:
        yield "all crops are of one folder: one person's face can differ by a pixel or two"
    else:
        yield f"faces differ among folders, which leaves the points uncertain by {error:.1f} pixels"
    yield measured.verdict
