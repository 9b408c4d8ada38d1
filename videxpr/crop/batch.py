"""Many videos, one after another: one that fails does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from videxpr.crop.cropper import Cropper
from videxpr.crop.tree import CropTree, PersonFolder
from videxpr.errors import OutputError, SourceError
from videxpr.following import FrameLog, Progress
from videxpr.sources import Source, failure


@dataclass(frozen=True)
class CropReport:
    """What became of one source.

    Attributes:
        source: which.
        status: ``done``, ``skipped`` (its crops are there already) or ``failed``.
        error: why it failed.
        trace: where, if it is a bug of videxpr; empty for errors that are meant for the user.
        warnings: what its reader must know.
        frames: of the video.
        folders: what was written, the main person first.
        frames_per_second: speed of the whole pipeline.
    """

    source: Source
    status: Literal["done", "skipped", "failed"]
    error: str = ""
    trace: str = ""
    warnings: tuple[str, ...] = ()
    frames: int = 0
    folders: tuple[PersonFolder, ...] = ()
    frames_per_second: float = 0.0

    def coverage(self, folder: PersonFolder) -> float:
        """Share of the video's frames that have a crop in one of its folders."""
        return folder.crops / self.frames


def crop_sources(
    cropper: Cropper,
    sources: Sequence[Source],
    tree: CropTree,
    progress: Callable[[Source], Progress] | None = None,
) -> Iterator[CropReport]:
    """Write the crops of one video after another.

    Args:
        cropper: with its detector and options.
        sources: videos.
        tree: where crops go.
        progress: called with each video that is begun, to get the callback for its frames.

    Yields:
        One report a source, in order. Errors of videxpr are reports; anything else is a bug.
    """
    taken: dict[str, Source] = {}
    for source in sources:
        report = _reported(cropper, source, tree, taken, progress)
        if report.status == "failed":
            tree.summarise([{"video": source.printable, "error": report.error}])
        yield report


def _reported(
    cropper: Cropper,
    source: Source,
    tree: CropTree,
    taken: dict[str, Source],
    progress: Callable[[Source], Progress] | None,
) -> CropReport:
    try:
        _check(source, taken)
        if tree.is_done(source):
            return CropReport(source, "skipped")
        return _cropped(cropper, source, tree, progress(source) if progress else None)
    except Exception as exc:
        found = failure(source, exc)
        return CropReport(source, "failed", error=found.error, trace=found.trace)


def _check(source: Source, taken: dict[str, Source]) -> None:
    """Refuse what is no video, and names that no folder or summary should have."""
    if source.kind == "missing":
        raise SourceError(f"nothing to crop at {source.path}: {source.problem}")
    if source.kind == "crops":
        raise SourceError(f"{source.path} holds crops already")
    if not source.relative.as_posix().isprintable():
        raise SourceError(f"the name {source.relative.as_posix()!r} cannot be written; rename it")
    other = taken.setdefault(source.name, source)
    if other is not source:
        raise OutputError(
            f"{source.path} would be written to the same folder as {other.path}; crop it in a run of "
            "its own, with another --output-dir, or rename it"
        )


def _cropped(
    cropper: Cropper, source: Source, tree: CropTree, progress: Progress | None
) -> CropReport:
    begun = perf_counter()
    log = FrameLog()
    folders = tree.write(source, cropper.crops(source.path, log, progress))
    report = CropReport(
        source=source,
        status="done",
        warnings=tuple(_warnings(log, folders)),
        frames=len(log),
        folders=tuple(folders),
        frames_per_second=len(log) / (perf_counter() - begun),
    )
    tree.summarise([_row(report, folder, log, cropper) for folder in folders])
    return report


def _warnings(log: FrameLog, folders: Sequence[PersonFolder]) -> Iterator[str]:
    if not folders[0].crops:
        yield "no face was found: the folder is empty"
    if log.decode_errors:
        yield f"{log.decode_errors} damaged packets or frames in the video"


def _row(
    report: CropReport, folder: PersonFolder, log: FrameLog, cropper: Cropper
) -> dict[str, str | int | float]:
    """A person's line in ``summary.csv``; without speeds, so that the same run gives the same."""
    return {
        "video": report.source.relative.as_posix(),
        "name": folder.name,
        "person": "main" if folder is report.folders[0] else "second",
        "frames": report.frames,
        "crops": folder.crops,
        "coverage": round(report.coverage(folder), 4),
        "detector": cropper.detector.name,
        "template": cropper.options.template.name,
        "source_bytes": report.source.path.stat().st_size,
        "decode_errors": log.decode_errors,
        "warnings": "; ".join(report.warnings),
        "error": "",
    }
