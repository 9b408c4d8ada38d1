"""Both sets parted anew, for cross-validation."""

from videxpr.core.errors import UsageError
from videxpr.datasets.affwild2.layout import SPLITS, Split
from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo


def fold(data: AffWild2Data, number: int, count: int) -> dict[Split, list[LabeledVideo]]:
    """Both sets together, parted anew: fold `number` of `count` is validation, the rest training.

    All persons of a video are on one side. Folds have about equal numbers of usable frames and do not
    depend on chance.

    Raises:
        UsageError: there is no such fold, or there are fewer videos than folds.
    """
    videos = [video for split in SPLITS for video in data.videos[split] if len(video)]
    by_source: dict[str, list[LabeledVideo]] = {}
    for video in videos:
        by_source.setdefault(video.source, []).append(video)
    if not 1 <= number <= count or not 2 <= count <= len(by_source):
        raise UsageError(
            f"fold {number} of {count}: with {len(by_source)} videos there are 2 to "
            f"{len(by_source)} folds, counted from 1"
        )
    sizes = {source: sum(map(len, members)) for source, members in by_source.items()}
    filled, chosen = [0] * count, dict[str, int]()
    for source in sorted(by_source, key=lambda source: (-sizes[source], source)):
        least = filled.index(min(filled))
        filled[least] += sizes[source]
        chosen[source] = least + 1
    parts: dict[Split, list[LabeledVideo]] = {"train": [], "validation": []}
    for video in videos:
        parts["validation" if chosen[video.source] == number else "train"].append(video)
    return parts
