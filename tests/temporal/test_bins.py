"""Bins of time against sums by hand, and what holds of all of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videxpr.temporal.bins import bin_figures, cut_bins

nan = np.nan


def test_a_video_of_two_seconds_and_a_half_is_three_bins() -> None:
    edges = np.array([0.0, 0.4, 0.8, 1.0, 1.9, 2.0, 2.5])
    bins = cut_bins(edges, 0.0, 2.5, 1.0)
    np.testing.assert_allclose(bins.edges, [0, 1, 2, 2.5])
    assert bins.frames.tolist() == [3, 2, 1]
    seen = np.array([0, 1, 3])
    probabilities = np.array([[0.6, 0.4, nan], [0.2, 0.8, nan], [0.9, 0.1, nan]], np.float32)
    figures = bin_figures(bins, seen, probabilities)
    assert figures.faces.tolist() == [2, 1, 0]
    assert figures.counts.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(figures.seconds, [[0.4, 0.4, 0], [0.9, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(figures.shares[:2], [[0.5, 0.5, 0], [1, 0, 0]])
    np.testing.assert_allclose(figures.probabilities[:2], [[0.4, 0.6, nan], [0.9, 0.1, nan]])
    np.testing.assert_allclose(figures.confidence, [0.7, 0.9, nan])
    assert np.isnan(figures.shares[2]).all() and np.isnan(figures.probabilities[2]).all()


def test_a_stretch_takes_the_frames_that_begin_in_it() -> None:
    edges = np.arange(101) / 25
    assert cut_bins(edges, 1.0, 2.0, None).frames.tolist() == [25]
    assert cut_bins(edges, 1.0, 2.0, 0.5).frames.tolist() == [13, 12]
    assert cut_bins(edges, 3.5, 9.0, 5.0).frames.tolist() == [12, 0]  # the video ends before
    assert cut_bins(edges, 8.0, 9.0, None).frames.tolist() == [0]


@given(
    steps=st.lists(st.floats(0.001, 3), min_size=1, max_size=40),
    width=st.floats(0.05, 10),
    seed=st.integers(0, 99),
)
def test_all_bins_together_are_the_whole(steps: list[float], width: float, seed: int) -> None:
    edges = np.append(0, np.cumsum(steps))
    random = np.random.default_rng(seed)
    seen = np.flatnonzero(random.random(len(steps)) < 0.7)
    probabilities = random.dirichlet(np.ones(8), len(seen)).astype(np.float32)
    whole = bin_figures(cut_bins(edges, 0.0, edges[-1], None), seen, probabilities)
    bins = cut_bins(edges, 0.0, edges[-1], width)
    parts = bin_figures(bins, seen, probabilities)
    assert bins.frames.sum() == len(steps) and (np.diff(bins.edges) > 0).all()
    assert (parts.counts.sum(axis=0) == whole.counts[0]).all()
    assert parts.faces.sum() == len(seen)
    np.testing.assert_allclose(parts.seconds.sum(axis=0), whole.seconds[0])
    weighted = np.nansum(parts.probabilities * parts.faces[:, None], axis=0)
    np.testing.assert_allclose(
        weighted, np.nan_to_num(whole.probabilities[0]) * len(seen), atol=1e-4
    )
