"""What an evaluation found, as a value, as JSON for programs and as a Markdown table for papers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    Difference,
    Interval,
    Intervals,
    Scores,
    compute_scores,
)
from videxpr.evaluation.pairing import first_names

SubsetName = Literal["covered", "detected", "bridged", "filled"]


@dataclass(frozen=True)
class Scored:
    """Labeled frames or images, and what was predicted for them.

    Attributes:
        confusion: (8, 9) by true and predicted class; the last column has no prediction.
    """

    confusion: Counts

    @property
    def frames(self) -> int:
        """How many are labeled, predicted or not."""
        return int(self.confusion.sum())

    @property
    def coverage(self) -> float:
        """Share of them that have a prediction, 0 where none is labeled."""
        unpredicted = int(self.confusion[:, CLASSES].sum())
        return 1 - unpredicted / self.frames if self.frames else 0.0

    @property
    def scores(self) -> Scores:
        """Every score; without a prediction is wrong."""
        return compute_scores(self.confusion)


@dataclass(frozen=True)
class Subset(Scored):
    """Some of the labeled frames.

    Attributes:
        name: ``covered`` (something was predicted), ``detected``, ``bridged`` or ``filled``.
    """

    name: SubsetName


@dataclass(frozen=True)
class VideoResult(Scored):
    """One name of the labels.

    Attributes:
        name: with ``_left`` or ``_right`` where it has a side.
        difference: predicted frames less frames of the labels, before any were padded or cut; None
            if nothing was predicted for this name.
    """

    name: str
    difference: int | None


@dataclass(frozen=True)
class Comparison:
    """The same labels with other predictions, and how the two differ.

    Attributes:
        other: B's evaluation.
        difference: A's macro F1 less B's.
    """

    other: "Evaluation"
    difference: Difference


@dataclass(frozen=True)
class Evaluation(Scored):
    """Predictions against labels, all labeled frames pooled.

    Attributes:
        name: what the predictions are called in a table.
        predictions: what was evaluated, in words.
        labels: by what, in words.
        intervals: 95 % of the macro F1 and of the F1 of each expression, None of a single group.
        groups: how many groups the bootstrap drew from.
        unit: what a group is, in the plural.
        items: what is labeled, in the plural.
        subsets: scores over covered frames and, if the predictions tell, by how they came about.
        videos: one for each name of the labels, in order of name.
        unmatched: names of predictions without labels.
        notes: what a reader of the numbers must know besides what they tell, one sentence each.
        against: the comparison with other predictions, if there is one.
        reliability: how often predictions are right by their confidence, if that is known.
    """

    name: str
    predictions: str
    labels: str
    intervals: Intervals | None
    groups: int
    unit: str
    items: str = "frames"
    subsets: tuple[Subset, ...] = ()
    videos: tuple[VideoResult, ...] = ()
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    against: Comparison | None = None
    reliability: Reliability | None = None

    @property
    def macro_f1(self) -> float:
        """Aff-Wild2's measure: the F1 of all eight expressions summed, over eight."""
        return self.scores.macro_f1

    @property
    def warnings(self) -> list[str]:
        """Everything that a reader of the numbers must know, one sentence each."""
        return [*_lacks(self), *_lengths(self), *_absent(self), *self.notes]


def as_json(evaluation: Evaluation) -> str:
    """Return everything as one JSON object; scores lie between 0 and 1."""
    return json.dumps(_fields(evaluation), indent=2, ensure_ascii=False) + "\n"


def as_markdown(evaluation: Evaluation) -> str:
    """Return a table of F1 x 100 for each class and in all, one line for each set of predictions."""
    against = evaluation.against
    rows = [_row(evaluation)] + ([_row(against.other)] if against else [])
    head = ["", *EXPRESSIONS, "Macro F1", "95 % interval"]
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)]), *map(_line, rows)]
    lines += ["", " ".join(_caption(evaluation))]
    return "\n".join(lines) + "\n"


def _lacks(evaluation: Evaluation) -> Iterator[str]:
    """Yield what labels have no prediction."""
    videos = evaluation.videos
    missing = [one for one in videos if one.difference is None]
    lost = sum(one.frames for one in missing)
    if missing:
        yield (
            f"nothing is predicted for {len(missing)} of {len(videos)} names ({lost} labeled frames, "
            f"which count as wrong): {first_names([one.name for one in missing])}"
        )
    unpredicted = int(evaluation.confusion[:, CLASSES].sum()) - lost
    if unpredicted:
        yield f"{unpredicted} labeled {evaluation.items} have no prediction and count as wrong"


def _lengths(evaluation: Evaluation) -> Iterator[str]:
    """Yield which predictions were padded, cut, or have no labels."""
    videos = [one for one in evaluation.videos if one.difference]
    longer = [f"{one.name} ({one.difference:+d})" for one in videos if (one.difference or 0) > 0]
    shorter = [f"{one.name} ({one.difference:+d})" for one in videos if (one.difference or 0) < 0]
    of_all = f"of {len(evaluation.videos)} predictions"
    if shorter:
        yield f"{len(shorter)} {of_all} end early, padded by the last one: {first_names(shorter)}"
    if longer:
        yield f"{len(longer)} {of_all} end late, cut: {first_names(longer)}"
    if evaluation.unmatched:
        yield f"predicted but not in the labels: {first_names(evaluation.unmatched)}"


def _absent(evaluation: Evaluation) -> Iterator[str]:
    """Yield which expressions make the macro F1 lower because nobody shows or predicts them."""
    predicted = evaluation.confusion[:, :CLASSES].sum(axis=0)
    neither = (predicted + evaluation.scores.support) == 0
    if neither.any():
        names = ", ".join(EXPRESSIONS[n] for n in neither.nonzero()[0])
        yield f"{names}: neither labeled nor predicted, so F1 0 in the macro F1 over all eight"


def _fields(evaluation: Evaluation) -> dict[str, Any]:
    found, intervals = evaluation.scores, evaluation.intervals
    return {
        **_metrics(found),
        "frames": evaluation.frames,
        "coverage": evaluation.coverage,
        "per_class": {
            name: {
                "precision": float(found.precision[n]),
                "recall": float(found.recall[n]),
                "f1": float(found.f1[n]),
                "f1_interval": _ends(intervals.f1[n] if intervals else None),
                "support": int(found.support[n]),
            }
            for n, name in enumerate(EXPRESSIONS)
        },
        "confusion": evaluation.confusion[:, :CLASSES].tolist(),
        "videos": [_video(one) for one in evaluation.videos],
        "unpredicted": evaluation.confusion[:, CLASSES].tolist(),
        "macro_f1_interval": _ends(intervals.macro_f1 if intervals else None),
        "groups": evaluation.groups,
        "subsets": {
            one.name: {"frames": one.frames, **_metrics(one.scores)} for one in evaluation.subsets
        },
        "predictions": evaluation.predictions,
        "labels": evaluation.labels,
        "unmatched": list(evaluation.unmatched),
        "notes": evaluation.warnings,
        "calibration": _calibration(evaluation.reliability) if evaluation.reliability else None,
        "against": _comparison(evaluation.against) if evaluation.against else None,
    }


def _calibration(found: Reliability) -> dict[str, Any]:
    return {
        "expected_error": found.expected_error,
        "error_by_chance": list(found.error_by_chance),
        "confidence": found.confidence.tolist(),
        "accuracy": found.accuracy.tolist(),
        "counts": found.counts.tolist(),
    }


def _metrics(found: Scores) -> dict[str, float]:
    return {
        "macro_f1": found.macro_f1,
        "macro_f1_present": found.macro_f1_present,
        "accuracy": found.accuracy,
    }


def _video(video: VideoResult) -> dict[str, Any]:
    return {
        "name": video.name,
        "frames": video.frames,
        "coverage": video.coverage,
        **_metrics(video.scores),
        "length_difference": video.difference,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    difference = comparison.difference
    return {
        "difference": difference.macro_f1,
        "difference_interval": _ends(difference.interval),
        "share_above": difference.share_above,
        **_fields(comparison.other),
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _row(evaluation: Evaluation) -> list[str]:
    found, ends = evaluation.scores, ""
    if evaluation.intervals is not None:
        interval = evaluation.intervals.macro_f1
        ends = f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"
    classes = [f"{100 * value:.2f}" for value in found.f1]
    return [evaluation.name, *classes, f"{100 * found.macro_f1:.2f}", ends]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _caption(evaluation: Evaluation) -> Iterator[str]:
    items, missing = evaluation.items, 1 - evaluation.coverage
    groups = f" of {evaluation.groups} {evaluation.unit}" if evaluation.unit != items else ""
    yield f"F1 x 100 over {evaluation.frames} labeled {items}{groups}."
    if missing:
        yield f"{100 * missing:.2f} % of them have no prediction and count as wrong."
    if evaluation.intervals is not None:
        yield f"Intervals by bootstrap over {evaluation.unit}."
    if evaluation.against is not None:
        difference = evaluation.against.difference
        interval = difference.interval
        ends = f" ({100 * interval.low:+.2f} to {100 * interval.high:+.2f})" if interval else ""
        yield f"The first less the second: {100 * difference.macro_f1:+.2f}{ends}."
