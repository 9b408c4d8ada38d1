"""What an evaluation is: a value that the terminal's tables and every file are written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import CLASSES, Counts, Difference, Intervals, Scores, scores
from videxpr.evaluation.pairing import named

SubsetName = Literal["covered", "detected", "bridged", "filled"]


@dataclass(frozen=True)
class Counted:
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
        """All figures; without a prediction is wrong."""
        return scores(self.confusion)


@dataclass(frozen=True)
class Subset(Counted):
    """Some of the labeled frames.

    Attributes:
        name: ``covered`` (something was predicted), ``detected``, ``bridged`` or ``filled``.
    """

    name: SubsetName


@dataclass(frozen=True)
class VideoResult(Counted):
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
class Evaluation(Counted):
    """Predictions against labels, all labeled frames pooled.

    Attributes:
        name: what the predictions are called in a table.
        predictions: what was evaluated, in words.
        labels: by what, in words.
        intervals: 95 % of the macro F1 and of the F1 of each expression, None of a single group.
        groups: how many groups the bootstrap drew from.
        unit: what a group is, in the plural.
        counted: what is labeled, in the plural.
        subsets: figures over covered frames and, if the predictions tell, by how they came about.
        videos: one for each name of the labels, in order of name.
        unused: names of predictions without labels.
        notes: what else a reader of the numbers must know, one sentence each.
        against: the comparison with other predictions, if there is one.
        reliability: how often answers are right by their confidence, if that is known.
    """

    name: str
    predictions: str
    labels: str
    intervals: Intervals | None
    groups: int
    unit: str
    counted: str = "frames"
    subsets: tuple[Subset, ...] = ()
    videos: tuple[VideoResult, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    against: Comparison | None = None
    reliability: Reliability | None = None

    @property
    def remarks(self) -> list[str]:
        """Everything that a reader of the numbers must know, one sentence each."""
        return [*_remarks(self), *self.notes]


def _remarks(evaluation: Evaluation) -> Iterator[str]:
    videos, missing = (
        evaluation.videos,
        [one for one in evaluation.videos if one.difference is None],
    )
    longer = [f"{one.name} ({one.difference:+d})" for one in videos if (one.difference or 0) > 0]
    shorter = [f"{one.name} ({one.difference:+d})" for one in videos if (one.difference or 0) < 0]
    lost = sum(one.frames for one in missing)
    if missing:
        yield (
            f"nothing is predicted for {len(missing)} of {len(videos)} names ({lost} labeled frames, "
            f"which count as wrong): {named([one.name for one in missing])}"
        )
    unpredicted = int(evaluation.confusion[:, CLASSES].sum()) - lost
    if unpredicted:
        yield f"{unpredicted} labeled {evaluation.counted} have no prediction and count as wrong"
    if shorter:
        count = f"{len(shorter)} of {len(videos)}"
        yield f"{count} predictions end early, padded by the last one: {named(shorter)}"
    if longer:
        yield f"{len(longer)} of {len(videos)} predictions end late, cut: {named(longer)}"
    if evaluation.unused:
        unused = evaluation.unused
        yield f"predicted but not in the labels: {named(unused)}"
    absent = [
        name
        for name, labeled, predicted in zip(
            EXPRESSIONS,
            evaluation.scores.support,
            evaluation.confusion[:, :CLASSES].sum(axis=0),
            strict=True,
        )
        if labeled + predicted == 0
    ]
    if absent:
        yield (
            f"{', '.join(absent)}: neither labeled nor predicted, so F1 0 in the macro F1 over all "
            "eight"
        )
