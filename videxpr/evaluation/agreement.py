"""Predictions against what several people said of each image, where a single label hides their doubt.

The protocol of FER+ is that of Barsoum et al., "Training Deep Networks for Facial Expression
Recognition with Crowd-Sourced Label Distribution", ICMI 2016.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import NOT_ANNOTATED
from videxpr.core.structures import Floats
from videxpr.evaluation.metrics import (
    CLASSES,
    Counts,
    Intervals,
    Metrics,
    bootstrap_intervals,
    f1_scores,
)

BINS: Final = 15
"""Groups of images by confidence, equally many in each, so that the mean of each is equally sure."""

LEAST_PROBABILITY: Final = 1e-8
"""What an answer has at least in logarithms, where float32 rounds it to 0."""


@dataclass(frozen=True)
class AgreementCurve:
    """Images by the model's confidence, in groups of equal size, from low to high.

    Attributes:
        confidence: (B,) mean probability of the model's answer.
        share: (B,) mean share of voters who gave the same answer.
        counts: (B,) images, at least one.
    """

    confidence: Metrics
    share: Metrics
    counts: Counts

    @property
    def expected_error(self) -> float:
        """The mean over images of |confidence - share| by group."""
        gaps = np.abs(self.confidence - self.share)
        return float((gaps * self.counts).sum() / self.counts.sum())


@dataclass(frozen=True)
class Agreement:
    """How far a model answers as people do.

    The curve, the cross-entropy and the divergence are of the images on which somebody named an
    expression that the model was trained on, and of the votes for those.

    Attributes:
        images: with votes.
        f1: (8,) vote-weighted F1: an image counts for each expression by its share of all its votes.
        macro_f1: mean of it over the expressions that the model was trained on.
        intervals: 95 % of both, over images; None of a single one.
        clear_images: that count in FER+'s protocol, see `clear_labels`.
        clear_accuracy: share of them whose label is the model's answer; 0 if there is none.
        curve: confidence against the share of voters who say the same.
        cross_entropy: of the votes under the model's probabilities, mean over images, in nats.
        divergence: Kullback-Leibler, of the votes from the probabilities: the same less the entropy of
            the votes, so that 0 is reached where the model says what people say.
    """

    images: int
    f1: Metrics
    macro_f1: float
    intervals: Intervals | None
    clear_images: int
    clear_accuracy: float
    curve: AgreementCurve
    cross_entropy: float
    divergence: float


def measure_agreement(
    probabilities: Floats, counts: Counts, samples: int, seed: int
) -> Agreement | None:
    """Compare a model's answers with votes.

    Args:
        probabilities: (N, 8); NaN for classes that were never trained.
        counts: (N, 11) how many people gave each of `datasets.votes.ANSWERS`; some did in every row.
        samples: resamples of the images, for intervals.
        seed: of what is drawn.

    Returns:
        None if nobody named an expression that the model was trained on.
    """
    trained = np.asarray(np.isfinite(probabilities).all(axis=0))
    named = counts[:, :CLASSES] * trained
    some = named.any(axis=1)
    if not some.any():
        return None
    answers = np.nanargmax(probabilities, axis=1)
    groups = vote_matrices(counts, answers)
    f1 = f1_scores(groups.sum(axis=0))
    labels = clear_labels(counts, trained)
    clear = int((labels != NOT_ANNOTATED).sum())
    shares = named[some] / named[some].sum(axis=1, keepdims=True)
    cross_entropy, entropy = entropies(probabilities[some], shares)
    return Agreement(
        images=len(counts),
        f1=f1,
        macro_f1=float(f1[trained].mean()),
        intervals=bootstrap_intervals(groups, samples, seed, trained),
        clear_images=clear,
        clear_accuracy=float((answers == labels).sum() / max(clear, 1)),
        curve=agreement_curve(probabilities[some], shares),
        cross_entropy=cross_entropy,
        divergence=cross_entropy - entropy,
    )


def vote_matrices(counts: Counts, answers: NDArray[np.int64]) -> Metrics:
    """Return a confusion matrix for each image (N, 8, 8): shares of its votes down, its answer across.

    Votes for something that is no expression are in the divisor alone.

    Args:
        counts: (N, 11) votes.
        answers: (N,) 0 to 7.
    """
    matrices = np.zeros((len(counts), CLASSES, CLASSES))
    shares = counts[:, :CLASSES] / counts.sum(axis=1, keepdims=True)
    matrices[np.arange(len(counts)), :, answers] = shares
    return matrices


def clear_labels(counts: Counts, trained: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the label of each image (N,) by FER+'s own protocol, -1 where it does not count.

    Answers of a single person are dropped as noise; the label is then what more than half of the others
    said, if it is an expression that the model was trained on.

    Args:
        counts: (N, 11) votes.
        trained: (8,) classes that the model can answer.
    """
    kept = np.where(counts > 1, counts, 0)
    top = kept.argmax(axis=1)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    known = np.pad(trained, (0, counts.shape[1] - CLASSES))  # of contempt and the like, none is
    return np.where(clear & known[top], top, NOT_ANNOTATED)


def agreement_curve(probabilities: Floats, shares: Metrics) -> AgreementCurve:
    """Return how many people say what the model says, by its confidence.

    Args:
        probabilities: (N, 8), N at least 1; NaN for classes that were never trained.
        shares: (N, 8) of the voters who named each class.
    """
    confidence = np.nanmax(probabilities, axis=1).astype(np.float64)
    same = shares[np.arange(len(shares)), np.nanargmax(probabilities, axis=1)]
    order = np.argsort(confidence, kind="stable")
    groups = np.array_split(order, min(BINS, len(order)))
    return AgreementCurve(
        np.array([confidence[group].mean() for group in groups]),
        np.array([same[group].mean() for group in groups]),
        np.array([len(group) for group in groups]),
    )


def entropies(probabilities: Floats, shares: Metrics) -> tuple[float, float]:
    """Return the cross-entropy of shares (N, 8) under probabilities (N, 8), and their own entropy.

    Both are means over the images, in nats. Probabilities are NaN where shares are surely 0.
    """
    own = np.nan_to_num(probabilities.astype(np.float64)).clip(LEAST_PROBABILITY)
    known = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    cross, entropy = (-(shares * logs).sum(axis=1).mean() for logs in (np.log(own), known))
    return float(cross), float(entropy)
