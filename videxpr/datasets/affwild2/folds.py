"""Folds for cross-validation: source videos assigned so that folds are about equally large."""

import numpy as np

from videxpr.core.errors import UsageError
from videxpr.core.structures import Integers
from videxpr.datasets.affwild2.layout import SPLITS, Split
from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo


def split_fold(data: AffWild2Data, number: int, count: int) -> dict[Split, list[LabeledVideo]]:
    """Split both sets anew: fold `number` of `count` becomes validation, the rest training.

    All persons of a video are on one side. Folds have about equal numbers of usable frames and do not
    depend on chance.

    Raises:
        UsageError: there is no such fold, or there are fewer videos than folds.
    """
    videos = [video for split in SPLITS for video in data.videos[split] if len(video)]
    frames: dict[str, int] = {}
    for video in videos:
        frames[video.source] = frames.get(video.source, 0) + len(video)
    if not 1 <= number <= count or not 2 <= count <= len(frames):
        raise UsageError(
            f"fold {number} of {count}: with {len(frames)} videos there are 2 to {len(frames)} folds, "
            "counted from 1"
        )
    sources = sorted(frames)
    folds = assign_folds(np.array([frames[source] for source in sources]), count).tolist()
    held_out = {source for source, fold in zip(sources, folds, strict=True) if fold == number - 1}
    parts: dict[Split, list[LabeledVideo]] = {"train": [], "validation": []}
    for video in videos:
        parts["validation" if video.source in held_out else "train"].append(video)
    return parts


def assign_folds(frames: Integers, folds: int) -> Integers:
    """Return the fold of each group, so that folds have about the same number of frames.

    The largest groups are assigned first, each to the fold that has the fewest frames by then.

    Args:
        frames: (G,) frames of each group.
        folds: at most G of them are used.

    Returns:
        (G,) 0 to folds - 1; the same groups are always assigned alike.
    """
    totals = np.zeros(min(folds, len(frames)), np.int64)
    sizes = np.zeros_like(totals)
    fold = np.zeros(len(frames), np.int64)
    for group in np.argsort(-frames, kind="stable"):
        emptiest = np.lexsort((sizes, totals))[0]
        fold[group] = emptiest
        totals[emptiest] += frames[group]
        sizes[emptiest] += 1
    return fold
