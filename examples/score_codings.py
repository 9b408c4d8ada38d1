"""How far does videxpr agree with a person who coded some stretches by hand? Cohen's kappa.

    videxpr annotate study -o annotations
    python examples/score_codings.py coded.csv annotations -o coded
    videxpr evaluate annotations coded     # F1 of each expression, with its interval

The table has the columns video, start, end and name, as that of trials; the name is the expression that
the coder saw, and times are those of a player. What is not coded does not count. Frames that the coder
coded and in which no face was found are counted, and left out of kappa. The interval of kappa is of
95 % of the draws of whole recordings, with returning; of fewer than five none is given. A label a
frame, -1 where nothing is coded, is written for `videxpr evaluate`.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from videxpr.core.errors import VidexprError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.structures import Integers
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    Metrics,
    confusion_matrix,
    percentile_interval,
    resampled,
)
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.frame_labels import padded_labels
from videxpr.formats.intervals import frame_edges
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation
from videxpr.video.segments import Segment, find_segments

RESAMPLES = 2000
FEWEST_RECORDINGS = 5


@dataclass(frozen=True)
class Coded:
    """One recording: its name, and labels (N,) of its frames by the coder and by videxpr, or -1."""

    name: str
    coder: Integers
    videxpr: Integers

    @property
    def confusion(self) -> Counts:
        """Coded frames (8, 9) by what the coder and what videxpr says, the last without a face."""
        return confusion_matrix(self.coder, self.videxpr)


def label_of(name: str) -> int:
    """Return the number of an expression; exits if there is none of that name."""
    names = [one.lower() for one in EXPRESSIONS]
    if name.lower() not in names:
        raise SystemExit(f"{name!r} is no expression; write one of {', '.join(EXPRESSIONS)}")
    return names.index(name.lower())


def coder_labels(annotation: Annotation, codings: Sequence[Segment]) -> Integers:
    """Return the coder's label of each frame of the video, -1 where nothing is coded.

    Exits if stretches overlap.
    """
    labels = np.full(annotation.end_frame, NOT_ANNOTATED)
    begins = frame_edges(annotation)[:-1]
    for one in codings:
        inside = (begins >= one.start_seconds) & (begins < one.end_seconds)
        if (labels[annotation.first_frame :][inside] != NOT_ANNOTATED).any():
            raise SystemExit(
                f"{annotation.video}: the stretch at {one.start_seconds:g} s overlaps another one"
            )
        labels[annotation.first_frame :][inside] = label_of(one.name)
    return labels


def read_codings(table: Path, folder: Path) -> Iterator[Coded]:
    """Yield each recording of which something is coded; exits if one of the table is not there."""
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path
             for path in sorted(folder.rglob("*.parquet"))}  # fmt: skip
    found, lacking = find_segments(table, list(paths))
    if lacking:
        raise SystemExit(f"{folder} has no annotation (Parquet) of {', '.join(lacking)}")
    for name, codings in found.items():
        annotation = read_annotation(paths[name])
        labels = coder_labels(annotation, codings)
        yield Coded(name, labels, padded_labels(annotation, 0, "none")[: len(labels)])


def kappa(tables: Counts) -> Metrics:
    """Return Cohen's kappa of tables (..., 8, 8); NaN where both always say the same one thing."""
    with np.errstate(invalid="ignore"):
        shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
        same = np.trace(shares, axis1=-2, axis2=-1)
        chance = (shares.sum(axis=-2) * shares.sum(axis=-1)).sum(axis=-1)
        return np.asarray((same - chance) / (1 - chance))


def report(recordings: Sequence[Coded]) -> Iterator[str]:
    """Yield kappa, and what the coder and videxpr say of the same frames, a line at a time."""
    groups = np.stack([one.confusion for one in recordings])
    whole = groups.sum(axis=0)
    table = whole[:, :CLASSES]
    if not table.sum():
        raise SystemExit("no frame is coded in which a face was found")
    absent = whole[:, CLASSES].sum()
    yield f"{len(recordings)} recordings, {whole.sum()} coded frames, {absent} without a face"
    text = f"kappa {kappa(table):.3f}"
    if len(recordings) >= FEWEST_RECORDINGS:
        draws = kappa(resampled(groups, RESAMPLES, seed=0)[..., :CLASSES])
        text += f" ({percentile_interval(draws[np.isfinite(draws)]):.3f})"
    yield f"{text}, the same label in {np.trace(table) / table.sum():.3f} of {table.sum()} frames\n"
    yield f"| coder, then videxpr | {' | '.join(EXPRESSIONS)} | no face |"
    yield "| --- " * (CLASSES + 2) + "|"
    for name, row in zip(EXPRESSIONS, whole.tolist(), strict=True):
        yield f"| {name} | {' | '.join(map(str, row))} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("codings", type=Path, help="the table of coded stretches")
    parser.add_argument("folder", type=Path, help="what `videxpr annotate -o` wrote")
    parser.add_argument("-o", "--output", type=Path, help="folder for a label a frame")
    arguments = parser.parse_args()
    if arguments.output and arguments.output.is_file():
        raise SystemExit(f"-o {arguments.output} is a file; name a folder")
    try:
        recordings = list(read_codings(arguments.codings, arguments.folder))
    except VidexprError as exc:
        raise SystemExit(f"error: {exc}") from None
    for text in report(recordings):
        print(text)
    for one in recordings if arguments.output else ():
        path = arguments.output / f"{one.name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_labels(path, one.coder)


if __name__ == "__main__":
    main()
