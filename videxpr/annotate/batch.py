"""Many sources, one after another: one that fails does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from videxpr.annotate.annotator import Annotator
from videxpr.annotate.outputs import RESERVED, Outputs
from videxpr.annotation import Annotation
from videxpr.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.following import Progress
from videxpr.labelling import Missing, frame_labels
from videxpr.sources import Source, failure


@dataclass(frozen=True)
class Report:
    """What became of one source.

    Attributes:
        source: which.
        status: ``done``, ``skipped`` (its files are there already) or ``failed``.
        error: why it failed.
        trace: where, if it is a bug of videxpr; empty for errors that are meant for the user.
        warnings: what its reader must know.
        frames: annotated frames.
        coverage: share of them in which the main person was detected.
        filled: frames of the main person's text file that were filled in.
        shares: share of each expression among the main person's labels, by name.
        frames_per_second: speed of the whole pipeline.
    """

    source: Source
    status: Literal["done", "skipped", "failed"]
    error: str = ""
    trace: str = ""
    warnings: tuple[str, ...] = ()
    frames: int = 0
    coverage: float = 0.0
    filled: int = 0
    shares: tuple[float, ...] = ()
    frames_per_second: float = 0.0


def annotate_sources(
    annotator: Annotator,
    sources: Sequence[Source],
    outputs: Outputs,
    progress: Callable[[Source], Progress] | None = None,
) -> Iterator[Report]:
    """Annotate and write one source after another; `Outputs.finish` writes what is left of the run.

    Args:
        annotator: with its model, detector and options.
        sources: what to annotate.
        outputs: where results go.
        progress: called with each source that is begun, to get the callback for its frames.

    Yields:
        One report a source, in order. Errors of videxpr are reports; anything else is a bug.
    """
    taken = dict.fromkeys(RESERVED, "the run's own files")
    for source in sources:
        key = (source.relative.parent / source.stem).as_posix()
        if source.kind != "missing" and key in taken:
            report = Report(source, "failed", error=_clash(source, taken[key]))
        elif source.kind != "missing" and outputs.is_done(source):
            report = Report(source, "skipped")
        else:
            report = _annotated(annotator, source, outputs, progress(source) if progress else None)
        if source.kind != "missing":
            taken.setdefault(key, str(source.path))
        if report.status == "failed":
            outputs.summarise({"video": source.printable, "error": report.error})
        yield report


def _annotated(
    annotator: Annotator, source: Source, outputs: Outputs, progress: Progress | None
) -> Report:
    begun = perf_counter()
    try:
        annotation = annotator.annotate(source, progress)
        notes = outputs.write(source, annotation)
    except Exception as exc:
        found = failure(source, exc)
        return Report(source, "failed", error=found.error, trace=found.trace)
    missing = annotator.options.missing
    report = _report(source, annotation, missing, notes, perf_counter() - begun)
    outputs.summarise(_summary(report, annotation))
    return report


def _report(
    source: Source, annotation: Annotation, missing: Missing, notes: list[str], seconds: float
) -> Report:
    labels = frame_labels(annotation, 0, missing)
    labels = labels[labels != NOT_ANNOTATED]
    counts = np.bincount(labels, minlength=len(EXPRESSIONS))
    return Report(
        source=source,
        status="done",
        warnings=(*annotation.warnings, *notes),
        frames=len(annotation),
        coverage=annotation.coverage,
        filled=len(labels) - len(annotation.faces.of_rank(0)),
        shares=tuple((counts / max(len(labels), 1)).tolist()),
        frames_per_second=len(annotation) / seconds,
    )


def _summary(report: Report, annotation: Annotation) -> dict[str, str | int | float]:
    """The video's line in ``summary.csv``; without speeds, so that the same run gives the same."""
    shares = zip(EXPRESSIONS, report.shares, strict=True)
    return {
        "video": annotation.video,
        "frames": report.frames,
        "coverage": round(report.coverage, 4),
        "filled_frames": report.filled,
        **{name: round(share, 4) for name, share in shares},
        "detector": annotation.provenance["detector"],
        "model": annotation.provenance["model"],
        "decode_errors": annotation.decode_errors,
        "warnings": "; ".join(report.warnings),
        "error": "",
    }


def _clash(source: Source, other: str) -> str:
    return (
        f"{source.path} would be written to the same files as {other}; annotate it in a run of its "
        "own, with another --output-dir, or rename it"
    )
