"""How well intervals tell when expressions begin, by hysteresis and minimum duration.

    videxpr synthesize faces --split split.csv --part validation --validation-videos 30 -o made
    videxpr annotate made/cropped_aligned/* -f parquet -o annotated
    python examples/interval_defaults.py made annotated

The truth is known: it is written beside the synthetic sequences. An event is a stretch of one
expression other than Neutral that lasts for `--shortest` seconds or longer. A found one is right if a
true one of the same expression begins within 0.3 s (`videxpr/evaluation/events.py`); its onset error is
how far apart they begin.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from videxpr.core.expressions import NEUTRAL, NOT_ANNOTATED
from videxpr.evaluation.events import ONSET_SECONDS, match_onsets
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.intervals import frame_edges, intervals_of
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation
from videxpr.temporal.options import IntervalOptions

HYSTERESIS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
MIN_SECONDS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Sequence:
    """An annotation, and the true label of each of its frames."""

    annotation: Annotation
    truth: np.ndarray


@dataclass(frozen=True)
class Figures:
    """What was counted in all sequences: events, and seconds between true and found beginnings."""

    true: int
    found: int
    errors: np.ndarray

    @property
    def f1(self) -> float:
        return 2 * len(self.errors) / max(self.true + self.found, 1)


def read_sequences(tree: Path, annotated: Path) -> list[Sequence]:
    """Every sequence of the Validation_Set that was annotated."""
    files = sorted((tree / "EXPR_Set" / "Validation_Set").glob("*.txt"))
    sequences = []
    for file in files:
        annotation = read_annotation(annotated / f"{file.stem}.parquet")
        sequences.append(Sequence(annotation, read_labels(file)[: len(annotation)]))
    return sequences


def true_events(one: Sequence, shortest: float) -> list[tuple[int, float]]:
    """Label and beginning of the events of the truth."""
    edges, events, first = frame_edges(one.annotation), [], 0
    for label, run in groupby(one.truth.tolist()):
        end = first + len(list(run))
        is_event = label not in (NEUTRAL, NOT_ANNOTATED)
        if is_event and edges[end] - edges[first] >= shortest - 1e-6:
            events.append((label, float(edges[first])))
        first = end
    return events


def found_events(one: Sequence, options: IntervalOptions) -> list[tuple[int, float]]:
    """Label and beginning of intervals; those that begin where nothing is labeled are left out."""
    return [
        (interval.label, interval.start_seconds)
        for interval in intervals_of(one.annotation, options)
        if interval.label != NEUTRAL and one.truth[interval.first_frame] != NOT_ANNOTATED
    ]


def count(sequences: list[Sequence], options: IntervalOptions, shortest: float) -> Figures:
    """Compare all sequences."""
    true_count, found_count, errors = 0, 0, []
    for one in sequences:
        true, found = true_events(one, shortest), found_events(one, options)
        true_count, found_count = true_count + len(true), found_count + len(found)
        for label in {label for label, _ in true}:
            wanted = [time for its, time in true if its == label]
            mine = [time for its, time in found if its == label]
            pairs = match_onsets(wanted, mine, ONSET_SECONDS)
            errors += [mine[second] - wanted[first] for first, second in pairs]
    return Figures(true_count, found_count, np.array(errors))


def lines_of(sequences: list[Sequence], shortest: float) -> Iterator[str]:
    """The table, a row a choice."""
    seconds = sum(float(np.ptp(frame_edges(one.annotation))) for one in sequences)
    true = count(sequences, IntervalOptions(), shortest).true
    yield f"{len(sequences)} sequences of {seconds:.0f} s, {true} true events of {shortest:g} s or more"
    yield "hysteresis  min s   right  false  false/min    F1  onset error: median, |median|, 90 %"
    for hysteresis in HYSTERESIS:
        for min_seconds in MIN_SECONDS:
            options = IntervalOptions(hysteresis=hysteresis, min_seconds=min_seconds)
            c = count(sequences, options, shortest)
            false, size = c.found - len(c.errors), np.abs(c.errors)
            yield (
                f"{hysteresis:10.2f} {min_seconds:6.2f} {len(c.errors):7} {false:6} "
                f"{false * 60 / seconds:10.1f} {c.f1:5.3f} {np.median(c.errors):+19.3f} "
                f"{np.median(size):9.3f} {np.quantile(size, 0.9):6.3f}"
            )


def main() -> None:
    """Read the arguments, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, help="of videxpr synthesize")
    parser.add_argument("annotated", type=Path, help="its crops, annotated")
    parser.add_argument("--shortest", type=float, default=0.3, help="true event, in seconds")
    arguments = parser.parse_args()
    for line in lines_of(read_sequences(arguments.tree, arguments.annotated), arguments.shortest):
        print(line)


if __name__ == "__main__":
    main()
