"""Bins of time: what one person shows in each of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from videxpr.core.structures import Floats, Integers, Times

TOLERANCE_SECONDS: Final = 1e-6
"""Times are rounded to a stream's time base; a frame that begins a bin is not in the one before."""


@dataclass(frozen=True)
class Bins:
    """Half-open stretches [edge, next edge) of a video; B of them.

    Attributes:
        edges: (B + 1,) seconds, rising.
        frame_bins: (N,) the bin in which each frame of the video begins; -1 for none.
        frame_seconds: (N,) for how long each frame is shown.
    """

    edges: Times
    frame_bins: Integers
    frame_seconds: Times

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def frames(self) -> Integers:
        """(B,) frames of the video in each bin."""
        return self.count(np.arange(len(self.frame_bins)))

    def count(self, frames: Integers) -> Integers:
        """Return how many of some frames lie in each bin (B,)."""
        places = self.frame_bins[frames]
        return np.bincount(places[places >= 0], minlength=len(self))

    def mean(self, frames: Integers, values: Floats) -> Floats:
        """Return the mean of values of frames (R, C) in each bin (B, C); NaN without any."""
        places = self.frame_bins[frames]
        sums = np.zeros((len(self), values.shape[1]))
        np.add.at(sums, places[places >= 0], values[places >= 0])
        counts = self.count(frames)
        means: Floats = (sums / np.where(counts > 0, counts, np.nan)[:, None]).astype(np.float32)
        return means


@dataclass(frozen=True)
class BinFigures:
    """What one person shows in each of B bins, of C expressions.

    Attributes:
        faces: (B,) frames in which they were seen.
        counts: (B, C) of those, frames of each label.
        seconds: (B, C) for how long those are shown.
        probabilities: (B, C) mean over `faces`; NaN where there is none.
        confidence: (B,) mean probability of the label.
    """

    faces: Integers
    counts: Integers
    seconds: Times
    probabilities: Floats
    confidence: Floats

    @property
    def shares(self) -> Floats:
        """(B, C) share of each label in `faces`; NaN where there is none."""
        divisor = np.where(self.faces > 0, self.faces, np.nan)[:, None]
        shares: Floats = (self.counts / divisor).astype(np.float32)
        return shares


def cut_bins(edges: Times, start: float, end: float, width: float | None) -> Bins:
    """Return the bins of a stretch; the last one may be shorter.

    Args:
        edges: (N + 1,) seconds at which each frame begins, and at which the last one ends.
        start: of the stretch.
        end: of the stretch.
        width: of a bin; None for one that is the whole stretch.
    """
    count = 1 if width is None else max(1, int(np.ceil((end - start - TOLERANCE_SECONDS) / width)))
    own = np.array([start + place * (width or 0.0) for place in range(count)] + [end])
    places = np.searchsorted(own, edges[:-1] + TOLERANCE_SECONDS, side="right") - 1
    return Bins(own, np.where(places < count, places, -1), np.diff(edges))


def bin_figures(bins: Bins, frames: Integers, probabilities: Floats) -> BinFigures:
    """Return what a person shows in each bin.

    Args:
        bins: of the video.
        frames: (R,) positions among the frames of the video in which the person was seen.
        probabilities: (R, C) smoothed; NaN for classes that were never trained.
    """
    places = bins.frame_bins[frames]
    frames, probabilities = frames[places >= 0], probabilities[places >= 0]
    places = places[places >= 0]
    labels = np.nanargmax(probabilities, axis=1) if len(frames) else places
    shape = len(bins), probabilities.shape[1]
    counts, seconds = np.zeros(shape, np.int64), np.zeros(shape)
    np.add.at(counts, (places, labels), 1)
    np.add.at(seconds, (places, labels), bins.frame_seconds[frames])
    sure = probabilities[np.arange(len(frames)), labels]
    return BinFigures(
        faces=bins.count(frames),
        counts=counts,
        seconds=seconds,
        probabilities=bins.mean(frames, probabilities),
        confidence=bins.mean(frames, sure[:, None])[:, 0],
    )
