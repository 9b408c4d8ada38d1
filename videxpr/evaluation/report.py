"""What an evaluation found, as a value, as JSON for programs and as a Markdown table for papers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.agreement import Agreement
from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    Difference,
    Intervals,
    Scores,
    compute_scores,
)
from videxpr.evaluation.pairing import first_names

SubsetName = Literal["covered", "detected", "bridged", "filled"]
"""Which of the labeled frames: all for which something was predicted, or by how it came about."""

METRICS: Final = ("macro_f1", "macro_f1_present", "accuracy")
"""Scores that are one number, by their names in `Scores` and in JSON."""

PER_CLASS: Final = ("precision", "recall", "f1")
"""Scores of each class, likewise."""


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
        subsets: covered frames and, if the predictions tell, those of each origin, by name.
        videos: one for each name of the labels, in order of name.
        unmatched: names of predictions without labels.
        notes: what a reader of the numbers must know besides what they tell, one sentence each.
        against: the comparison with other predictions, if there is one.
        reliability: how often predictions are right by their confidence, if that is known.
        agreement: how far predictions are what several people said, if that is known.
    """

    name: str
    predictions: str
    labels: str
    intervals: Intervals | None
    groups: int
    unit: str
    items: str = "frames"
    subsets: Mapping[SubsetName, Scored] = field(default_factory=dict)
    videos: tuple[VideoResult, ...] = ()
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    against: Comparison | None = None
    reliability: Reliability | None = None
    agreement: Agreement | None = None

    def __repr__(self) -> str:
        return (
            f"<Evaluation of {self.name}: {self.frames} {self.items}, macro F1 {self.macro_f1:.3f}>"
        )

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
    fields = _fields(evaluation)
    # arrays and numbers of numpy are lists and numbers of JSON
    return json.dumps(fields, indent=2, ensure_ascii=False, default=lambda one: one.tolist()) + "\n"


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
    done = {"end early, padded by the last one": -1, "end late, cut": 1}
    for what, sign in done.items():
        differing = [one for one in evaluation.videos if sign * (one.difference or 0) > 0]
        if differing:
            names = first_names([f"{one.name} ({one.difference:+d})" for one in differing])
            yield f"{len(differing)} of {len(evaluation.videos)} predictions {what}: {names}"
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
    found, intervals, against = evaluation.scores, evaluation.intervals, evaluation.against
    reliability = evaluation.reliability
    return {
        **_metrics(evaluation),
        "coverage": evaluation.coverage,
        "per_class": {
            name: {
                **{metric: getattr(found, metric)[n] for metric in PER_CLASS},
                "f1_interval": intervals and intervals.f1[n],
                "support": found.support[n],
            }
            for n, name in enumerate(EXPRESSIONS)
        },
        "confusion": evaluation.confusion[:, :CLASSES],
        "videos": [
            {
                "name": one.name,
                **_metrics(one),
                "coverage": one.coverage,
                "length_difference": one.difference,
            }
            for one in evaluation.videos
        ],
        "unpredicted": evaluation.confusion[:, CLASSES],
        "macro_f1_interval": intervals and intervals.macro_f1,
        "subsets": {name: _metrics(subset) for name, subset in evaluation.subsets.items()},
        **{name: getattr(evaluation, name) for name in ("predictions", "labels", "groups")},
        "unmatched": evaluation.unmatched,
        "notes": evaluation.warnings,
        "calibration": reliability
        and {
            "expected_error": reliability.expected_error,
            "error_by_chance": reliability.error_by_chance,
            **asdict(reliability),
        },
        "agreement": evaluation.agreement and _agreement_fields(evaluation.agreement),
        "against": against
        and {
            "difference": against.difference.macro_f1,
            "difference_interval": against.difference.interval,
            "share_above": against.difference.share_above,
            **_fields(against.other),
        },
    }


def _agreement_fields(found: Agreement) -> dict[str, Any]:
    intervals = found.intervals
    return {
        "images": found.images,
        "macro_f1": found.macro_f1,
        "macro_f1_interval": intervals and intervals.macro_f1,
        "per_class": {
            name: {"f1": found.f1[n], "f1_interval": intervals and intervals.f1[n]}
            for n, name in enumerate(EXPRESSIONS)
        },
        "ferplus": {"accuracy": found.clear_accuracy, "images": found.clear_images},
        "calibration": {"expected_error": found.curve.expected_error, **asdict(found.curve)},
        "cross_entropy": found.cross_entropy,
        "divergence": found.divergence,
    }


def _metrics(scored: Scored) -> dict[str, float]:
    return {**{name: getattr(scored.scores, name) for name in METRICS}, "frames": scored.frames}


def _row(evaluation: Evaluation) -> list[str]:
    found, intervals = evaluation.scores, evaluation.intervals
    ends = f"{intervals.macro_f1.percent:.2f}" if intervals else ""
    return [evaluation.name, *(f"{100 * one:.2f}" for one in (*found.f1, found.macro_f1)), ends]


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
    if evaluation.agreement is not None:
        yield _agreement_caption(evaluation.agreement)
    if evaluation.against is not None:
        difference = evaluation.against.difference
        ends = f" ({difference.interval.percent:+.2f})" if difference.interval else ""
        yield f"The first less the second: {100 * difference.macro_f1:+.2f}{ends}."


def _agreement_caption(found: Agreement) -> str:
    ends = f" ({found.intervals.macro_f1.percent:.2f})" if found.intervals else ""
    return (
        f"By the votes on {found.images} images: vote-weighted macro F1 {100 * found.macro_f1:.2f}"
        f"{ends}; accuracy by FER+'s protocol {100 * found.clear_accuracy:.2f} on "
        f"{found.clear_images}; confidence {100 * found.curve.expected_error:.2f} off the share of "
        f"voters who say the same; divergence {found.divergence:.3f}."
    )
