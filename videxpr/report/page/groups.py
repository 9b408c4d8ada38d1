"""Folders side by side: mean shares of expressions over videos, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.metrics import percentile_interval, resampled

LEAST_VIDEOS: Final = 5
"""Of fewer, percentiles of resamples are far too narrow to be shown as an interval of 95 %."""

SAMPLES: Final = 2000
SEED: Final = 0
DECIMALS: Final = 4


@dataclass(frozen=True)
class Member:
    """One video among others.

    Attributes:
        folders: in which it lies, the outermost first.
        shares: of each expression in the frames with a face; None of what was never trained. Empty if
            no face was seen.
        coverage: share of the frames in which the main person was detected.
    """

    folders: tuple[str, ...]
    shares: tuple[float | None, ...]
    coverage: float


def compare_folders(members: Sequence[Member], levels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the groups of each level of folders, after one of all videos, as JSON holds them.

    Args:
        members: all videos.
        levels: names of the levels.
    """
    whole = [{"level": "", "groups": [_group("mean of all", members)]}]
    return whole + [
        {"level": level, "groups": [_group(name, own) for name, own in _by_folder(members, place)]}
        for place, level in enumerate(levels)
    ]


def _by_folder(members: Sequence[Member], place: int) -> list[tuple[str, list[Member]]]:
    """Return the videos below each folder of a level; those that lie higher are in none."""
    names = sorted({one.folders[place] for one in members if len(one.folders) > place})
    return [
        (name, [one for one in members if one.folders[place : place + 1] == (name,)])
        for name in names
    ]


def _group(name: str, members: Sequence[Member]) -> dict[str, Any]:
    """Return what some videos show on average; each counts the same, however long it is."""
    with_face = [one for one in members if one.shares]
    return {
        "name": name,
        "videos": len(members),
        "with_face": len(with_face),
        "coverage": round(float(np.mean([one.coverage for one in members])), DECIMALS),
        "shares": [
            _estimate([one.shares[label] for one in with_face]) for label in range(len(EXPRESSIONS))
        ],
    }


def _estimate(shares: Sequence[float | None]) -> list[float] | None:
    """Return the mean, and its interval of 95 % by a bootstrap over videos if they are enough."""
    known = np.array([one for one in shares if one is not None])
    if len(known) == 0:
        return None
    mean = [float(known.mean())]
    if len(known) >= LEAST_VIDEOS:
        mean += percentile_interval(resampled(known[:, None], SAMPLES, SEED)[:, 0] / len(known))
    return [round(value, DECIMALS) for value in mean]
