"""Probabilities that mean what they say: how far they do, and one temperature that mends most of it.

Method: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Floats

Labels = NDArray[np.int64]

TEMPERATURES: Final = np.geomspace(0.2, 5.0, 163)
"""Temperatures that are tried, 2 % apart."""

BINS: Final = 15
"""Equally wide ranges of confidence, as in the paper."""

DRAWS: Final = 2000
"""Sets of predictions that are drawn to tell what chance does."""


@dataclass(frozen=True)
class Reliability:
    """Predictions by how confident they were, in ranges of equal width from 0 to 1.

    Attributes:
        confidence: (B,) mean probability of the predictions in each range; 0 where there are none.
        accuracy: (B,) share of them that are right; 0 where there are none.
        counts: (B,) predictions.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean over predictions of |accuracy - confidence| by range."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((gaps * self.counts).sum() / max(self.counts.sum(), 1))

    @property
    def error_by_chance(self) -> tuple[float, float]:
        """Between what the error of a perfectly calibrated model lies, in 95 % of all sets of as many
        predictions as confident as these: never 0, since a few cannot be right to a fraction.

        Method: right predictions drawn anew in each range (Broecker and Smith, "Increasing the
        Reliability of Reliability Diagrams", 2007).
        """
        shares = self.confidence.clip(0, 1)
        right = np.random.default_rng(0).binomial(self.counts, shares, (DRAWS, len(shares)))
        gaps = np.abs(right - self.counts * shares).sum(axis=1) / max(self.counts.sum(), 1)
        low, high = np.quantile(gaps, (0.025, 0.975))
        return float(low), float(high)


def measure_reliability(probabilities: Floats, labels: Labels, bins: int = BINS) -> Reliability:
    """Return how often predictions are right, by their confidence.

    Args:
        probabilities: (N, C); NaN for classes that were never trained.
        labels: (N,) 0 to C - 1.
        bins: number of ranges; a confidence on the border of two belongs to the lower one.
    """
    confidence = np.nanmax(probabilities, axis=1).astype(np.float64)
    right = np.nanargmax(probabilities, axis=1) == labels
    places = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    some = counts.clip(min=1)
    return Reliability(
        np.bincount(places, confidence, bins) / some,
        np.bincount(places, right, bins) / some,
        counts,
    )


def log_likelihoods(logits: Floats, shares: Floats) -> NDArray[np.float64]:
    """Return sums (K,) over frames of the log-probability of what they are, at each of `TEMPERATURES`.

    Sums of several parts of the data add up. Classes that were never trained say nothing of any
    temperature and are left out.

    Args:
        logits: (N, C); minus infinity for classes that were never trained.
        shares: (N, C) how much of each class a frame is: 1 for its label, or the shares of voters.
    """
    trained = np.isfinite(logits).all(axis=0)
    logits, shares = logits[:, trained].astype(np.float64), shares[:, trained].astype(np.float64)
    if not shares.any():
        return np.zeros(len(TEMPERATURES))
    logits -= logits.max(axis=1, keepdims=True)
    own, weights = (logits * shares).sum(axis=1), shares.sum(axis=1)
    return np.array(
        [(own / t - weights * np.log(np.exp(logits / t).sum(axis=1))).sum() for t in TEMPERATURES]
    )


def choose_temperature(likelihoods: NDArray[np.float64]) -> float:
    """Return the temperature at which labels are likeliest; 1 if no frame told."""
    return float(TEMPERATURES[likelihoods.argmax()]) if likelihoods.any() else 1.0
