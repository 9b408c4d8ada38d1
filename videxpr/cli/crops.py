"""``videxpr crops``: crops made from videos, and the geometry of crops that somebody else made.

What can be answered without torch is answered before it is imported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from videxpr.cli.console import (
    BatchDisplay,
    find_some_source,
    output_console,
    prepare_process,
    print_table,
    progress_bar,
    report_line,
    resume_hint,
)
from videxpr.cli.report_table import Cells, print_reports
from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import SourceError
from videxpr.datasets.crops.geometry_file import (
    LANDMARKS,
    Facts,
    read_crop_geometry,
    write_crop_geometry,
)
from videxpr.datasets.crops.options import CropsMakeCommand, CropsMeasureCommand
from videxpr.faces.detection.load import choose_detector

if TYPE_CHECKING:
    from videxpr.datasets.crops.batch import CropReport
    from videxpr.datasets.crops.cropper import Cropper
    from videxpr.datasets.crops.geometry import Measurement

HEADER: Final = ("folder", "frames", "crops", "face", "")


def make(command: CropsMakeCommand, given: frozenset[str]) -> int:
    """Crop what was asked for; return 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    sources = find_some_source(command.sources)
    template = _chosen_template(command)
    choose_detector(command.crops.faces.detection)
    from videxpr.annotation.load import on_device
    from videxpr.core.device import resolve_device, use_cpu_threads
    from videxpr.core.threads import stage_threads
    from videxpr.datasets.crops.batch import crop_sources
    from videxpr.datasets.crops.cropper import Cropper
    from videxpr.datasets.crops.writer import CROPS, CropTree
    from videxpr.faces.detection.load import load_detector
    from videxpr.faces.identity import load_recognizer

    threads = stage_threads()
    faces = on_device(command.crops.faces, str(resolve_device(command.run.device)), threads)
    use_cpu_threads(threads)
    options = replace(command.crops, template=template, faces=faces)
    detector, recognizer = load_detector(faces.detection), load_recognizer(faces.detection)
    cropper = Cropper(detector, options, recognizer)
    tree = CropTree(command.directory, template, command.overwrite)
    reports: list[CropReport] = []
    resume = resume_hint(command.overwrite)
    with BatchDisplay(len(sources), command.run.quiet, resume) as display:
        display.say(_introduction(cropper))
        for report in crop_sources(cropper, sources, tree, display.begin):
            reports.append(report)
            folders = ", ".join(f"{each.crops} crops in {each.name}" for each in report.folders)
            display.end(report, report_line(report, folders, "crops"))
    if not command.run.quiet:
        title = f"crops in {command.directory / CROPS}"
        print_reports(title, HEADER, reports, _rows, _total, "cropped")
    return int(any(report.status == "failed" for report in reports))


def _chosen_template(command: CropsMakeCommand) -> CropTemplate:
    template = ARCFACE if command.geometry is None else read_crop_geometry(command.geometry)
    return template if command.size is None else template.resized(command.size)


def _introduction(cropper: "Cropper") -> str:
    detector, template = cropper.detector, cropper.options.template
    return (
        f"detector {detector.name} on {detector.device}, crops of {template.size} x {template.size} "
        f"pixels, geometry {template.name}"
    )


def _rows(report: "CropReport") -> list[Cells]:
    """Return one row a folder."""
    return [
        (each.name, str(report.frames), str(each.crops), f"{report.coverage(each):.1%}", "")
        for each in report.folders
    ]


def _total(reports: "Sequence[CropReport]") -> Cells:
    """Return the row of sums."""
    frames = sum(report.frames for report in reports)
    crops = sum(each.crops for report in reports for each in report.folders)
    return f"all {len(reports)} videos", str(frames), str(crops), "", ""


def measure(command: CropsMeasureCommand, given: frozenset[str]) -> int:
    """Measure, write the geometry, and say what was found."""
    prepare_process()
    if not command.folder.is_dir():
        raise SourceError(f"no folder {command.folder}")
    choose_detector(command.detection)
    from videxpr.core.device import resolve_device, use_cpu_threads
    from videxpr.core.threads import cpu_threads
    from videxpr.datasets.crops.measure import SMALLEST_FACE, measure_crops
    from videxpr.faces.detection.load import load_detector

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
        from videxpr.datasets.crops.geometry import write_plot

        write_plot(command.plot, measured)
    if not command.run.quiet:
        _print_measurement(measured, command)
    return 0


def facts(measured: "Measurement") -> Facts:
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


def _print_measurement(measured: "Measurement", command: CropsMeasureCommand) -> None:
    console = output_console()
    print_table(console, _landmark_table(measured))
    for line in _sentences(measured):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"wrote {command.output}", markup=False, soft_wrap=True)
    if command.plot is not None:
        console.print(f"wrote {command.plot}", markup=False, soft_wrap=True)


def _landmark_table(measured: "Measurement") -> Table:
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


def _sentences(measured: "Measurement") -> Iterator[str]:
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
