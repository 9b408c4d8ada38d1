"""Annotations of many sources."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from videxpr.annotate.annotator import Annotator
from videxpr.annotate.outputs import RESERVED, Outputs
from videxpr.annotation import Annotation
from videxpr.batches import Outcome, worked_off
from videxpr.errors import OutputError
from videxpr.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.following import Progress
from videxpr.labelling import Missing, frame_labels
from videxpr.sources import Source


@dataclass(frozen=True)
class Report(Outcome):
    """What became of one source.

    Attributes:
        coverage: share of them in which the main person was detected.
        filled: frames of the main person's text file that were filled in.
        shares: share of each expression among the main person's labels, by name.
    """

    coverage: float = 0.0
    filled: int = 0
    shares: tuple[float, ...] = ()


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

    Returns:
        One report a source, in order, as it comes.
    """
    taken = dict.fromkeys(RESERVED, "the run's own files")

    def work(source: Source) -> Report:
        if source.kind != "missing":  # else annotate says so
            _check_name(source, taken)
            if outputs.is_done(source):
                return Report(source, "skipped")
        return _annotated(annotator, source, outputs, progress(source) if progress else None)

    return worked_off(sources, work, Report, outputs.summarise)


def _check_name(source: Source, taken: dict[str, str]) -> None:
    """Refuse a source whose files would be written over others of the run."""
    key = (source.relative.parent / source.stem).as_posix()
    if key in taken:
        raise OutputError(
            f"{source.path} would be written to the same files as {taken[key]}; annotate it in a run "
            "of its own, with another --output-dir, or rename it"
        )
    taken[key] = str(source.path)


def _annotated(
    annotator: Annotator, source: Source, outputs: Outputs, progress: Progress | None
) -> Report:
    begun = perf_counter()
    annotation = annotator.annotate(source, progress)
    notes = outputs.write(source, annotation)
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
