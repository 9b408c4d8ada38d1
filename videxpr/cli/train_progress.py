"""What ``videxpr train`` shows of the data that it found, and of each epoch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.table import Table

from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import AffWild2Data, LabeledVideo, class_counts
from videxpr.training.clips.module import ClipEpochReport

NAMES_SHOWN: Final = 20
"""Of a long list of names."""


def data_table(found: AffWild2Data, parts: Mapping[Split, Sequence[LabeledVideo]]) -> Table:
    """Videos, frames, labels and classes of each split."""
    crops = ", ".join(map(str, found.layout.crops))
    table = Table(
        title=f"annotations {found.layout.annotations}, crops {crops}", title_justify="left"
    )
    table.add_column("")
    for split in parts:
        table.add_column(split, justify="right")
    columns = [_facts(videos) for videos in parts.values()]
    for row, name in enumerate(("videos", "frames", "labeled", "labeled, with a crop")):
        table.add_row(name, *(f"{column[row]:,}" for column in columns), end_section=row == 3)
    counts = [class_counts(videos) for videos in parts.values()]
    for label, name in enumerate(EXPRESSIONS):
        table.add_row(name, *(f"{count[label]:,}" for count in counts))
    return table


def _facts(videos: Sequence[LabeledVideo]) -> list[int]:
    """Videos, frames, labeled ones, those of them with a crop."""
    frames, labeled = sum(v.lines for v in videos), sum(v.labeled for v in videos)
    return [len(videos), frames, labeled, sum(map(len, videos))]


def lonely_names(found: AffWild2Data) -> Iterator[str]:
    """Names without a counterpart, and crops without a line."""
    videos = [video for members in found.videos.values() for video in members]
    yield from _listed("annotated, but without crops", [v.name for v in videos if not v.folders])
    none_usable = [v.name for v in videos if v.folders and v.labeled and not len(v)]
    yield from _listed("labeled, but no labeled frame has a crop", none_usable)
    yield from _listed("crops without annotation (the test set's have none)", found.crops_only)
    beyond = [f"{v.name} ({v.beyond})" for v in videos if v.beyond]
    yield from _listed("crops beyond the last line of the annotation", beyond)


def epoch_line(report: ClipEpochReport) -> str:
    """An epoch in words."""
    return (
        f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.4f}, validation macro F1 "
        f"{report.macro_f1:.4f}, accuracy {report.accuracy:.4f}, learning rate "
        f"{report.learning_rate:.3g}"
    )


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        yield f"{what}: {len(names)}: {', '.join(names[:NAMES_SHOWN])}{more}"
