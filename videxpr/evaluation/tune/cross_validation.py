"""Which setting to choose, and what choosing is worth on videos that it was not chosen on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.evaluation.metrics import Counts, Difference, compare, macro_f1

SAMPLES: Final = 1000
"""Resamples of the source videos for the interval of the gain."""


@dataclass(frozen=True)
class Fold:
    """One part of the source videos, and the setting that was chosen on all the others.

    Attributes:
        groups: positions of its source videos.
        chosen: position of the setting.
        macro_f1: of that setting on this part.
        current_macro_f1: of the current setting on this part.
    """

    groups: tuple[int, ...]
    chosen: int
    macro_f1: float
    current_macro_f1: float


@dataclass(frozen=True)
class CrossValidation:
    """What choosing a setting is worth.

    Attributes:
        folds: each part with its choice.
        macro_f1: of all frames, each predicted with the setting that was chosen without its video.
        current_macro_f1: of all frames with the current setting.
        gain: the difference, with its interval over resamples of the source videos.
    """

    folds: tuple[Fold, ...]
    macro_f1: float
    current_macro_f1: float
    gain: Difference


def choose_setting(counts: Counts, current: int) -> int:
    """Return the position of the setting with the highest macro F1; of equals the current or first.

    Args:
        counts: (S, C, C + 1), a confusion matrix for each setting.
        current: position of the current setting.
    """
    scores = macro_f1(counts)
    return current if scores[current] == scores.max() else int(scores.argmax())


def cross_validate(counts: Counts, fold: NDArray[np.int64], current: int) -> CrossValidation:
    """Choose on all folds but one, score on that one, for each fold in turn.

    Args:
        counts: (S, G, C, C + 1), a confusion matrix for each setting and source video.
        fold: (G,) the fold of each source video.
        current: position of the current setting.
    """
    chosen = np.zeros(len(fold), np.int64)
    folds = []
    for number in np.unique(fold):
        inside = fold == number
        choice = choose_setting(counts[:, ~inside].sum(axis=1), current)
        chosen[inside] = choice
        here = macro_f1(counts[[choice, current]][:, inside].sum(axis=1))
        folds.append(Fold(tuple(np.flatnonzero(inside).tolist()), choice, *here.tolist()))
    ours, theirs = counts[chosen, np.arange(len(fold))], counts[current]
    return CrossValidation(
        folds=tuple(folds),
        macro_f1=float(macro_f1(ours.sum(axis=0))),
        current_macro_f1=float(macro_f1(theirs.sum(axis=0))),
        gain=compare(ours, theirs, SAMPLES, seed=0),
    )
