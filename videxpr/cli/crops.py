"""``videxpr crops measure``: to which geometry crops were aligned."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from videxpr.cli.console import WIDE, prepare_process
from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
from videxpr.datasets.crops.geometry import Measurement
from videxpr.datasets.crops.geometry_file import LANDMARKS, Facts, write_crop_template
from videxpr.datasets.crops.measure import SMALLEST_FACE, measure_crops
from videxpr.datasets.crops.options import MeasureCommand
from videxpr.datasets.crops.preview import write_picture
from videxpr.faces.detection.load import load_detector


def run(command: MeasureCommand, given: frozenset[str]) -> int:
    """Measure, write the template, and say what was found."""
    prepare_process()
    detection = replace(
        command.detection,
        min_face=SMALLEST_FACE,
        device=str(resolve_device(command.run.device)),
        threads=cpu_threads(),
    )
    use_cpu_threads(cpu_threads())
    detector = load_detector(detection)
    with _bar(command.run.quiet) as advance:
        measured = measure_crops(command.folder, detector, command.measuring, advance)
    write_crop_template(command.output, measured.template, facts(measured))
    if command.plot is not None:
        write_picture(command.plot, measured)
    if not command.run.quiet:
        _say(measured, command)
    return 0


def facts(measured: Measurement) -> Facts:
    """What stands beside the template in its file."""
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


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while a block runs, if that is a terminal."""
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("crops", total=None)
        yield lambda completed, total: progress.update(task, completed=completed, total=total)


def _say(measured: Measurement, command: MeasureCommand) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(_table(measured), markup=False)
    for line in _sentences(measured):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"wrote {command.output}", markup=False, soft_wrap=True)
    if command.plot is not None:
        console.print(f"wrote {command.plot}", markup=False, soft_wrap=True)


def _table(measured: Measurement) -> Table:
    table = Table(title=f"points in crops of {measured.size} x {measured.size} pixels")
    table.add_column("point")
    columns = {
        "ArcFace": (measured.reference, "{:.1f}, {:.1f}"),
        "landmarks, mean": (measured.mean, "{:.1f}, {:.1f}"),
        "spread": (measured.spread, "{:.1f}, {:.1f}"),
        "template": (measured.points, "{:.1f}, {:.1f}"),
        "template - ArcFace": (measured.displacement, "{:+.1f}, {:+.1f}"),
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
