"""How often is an annotation right on frames that two raters have marked?

    videxpr annotate clips -f parquet -o new
    python examples/score_marks.py marks.csv new
    python examples/score_marks.py marks.csv new --against old     # side by side, and the difference

The marks are a CSV table with the columns video, frame_index (0-based, as shown), label_a and label_b;
the labels are expressions in small letters, or "unclear". The answer is the main person's label after
smoothing. True is what both raters see, if it is one of the seven expressions that are not Other; the
rest is left out. A frame without an answer is wrong, and so are all of a clip without an annotation.
Intervals are of 95 % of the draws of whole clips, with returning: frames of a clip are alike. A class
that a draw lacks has an F1 of 0 there, so that of a rare class the interval begins at 0.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import VidexprError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.evaluation.metrics import (
    Counts,
    Metrics,
    confusion_matrix,
    f1_scores,
    percentile_interval,
    resampled,
)
from videxpr.formats.frame_labels import padded_labels
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation

SEVEN = EXPRESSIONS[:-1]
COMMON = ("Neutral", "Happiness", "Surprise", "Anger")
UNCLEAR = "Unclear"
NO_FACE, NO_ROW, NO_ANNOTATION = "no face", "no row", "no annotation"
RESAMPLES = 2000

Texts = NDArray[np.str_]


@dataclass(frozen=True)
class Marks:
    """N marked frames: clips (N,), frames (N,) from 0, and what two raters say (N, 2)."""

    clips: Texts
    frames: NDArray[np.int64]
    raters: Texts

    @property
    def truth(self) -> Texts:
        """(N,) what both say, where it is one of seven expressions; else empty."""
        one, other = self.raters.T
        return np.where((one == other) & np.isin(one, SEVEN), one, "")


def read_marks(path: Path) -> Marks:
    """The marks, by clip and frame; exits if the table has none, or other labels."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lacking = {"video", "frame_index", "label_a", "label_b"} - set(rows[0] if rows else ())
    if lacking:
        raise SystemExit(f"{path} has no marks, or no column {', '.join(sorted(lacking))}")
    rows.sort(key=lambda row: (row["video"], int(row["frame_index"])))
    raters = [[row[name].capitalize() for name in ("label_a", "label_b")] for row in rows]
    if odd := set(np.unique(raters).tolist()) - {*EXPRESSIONS, UNCLEAR}:
        raise SystemExit(f"{path}: {', '.join(sorted(odd))} are no expressions")
    frames = np.array([int(row["frame_index"]) for row in rows])
    return Marks(np.array([row["video"] for row in rows]), frames, np.array(raters))


def read_folder(folder: Path, clips: set[str]) -> dict[str, Annotation]:
    """Annotations by the name of their clip, of these alone; exits if there is none, or two of one."""
    found: dict[str, Annotation] = {}
    for path in sorted(folder.rglob("*.parquet")):
        annotation = read_annotation(path)
        clip = Path(annotation.video).name
        if clip in found:
            raise SystemExit(f"{folder} has two annotations of {clip}")
        if clip in clips:
            found[clip] = annotation
    if not found:
        raise SystemExit(f"{folder} has no annotation (Parquet) of any marked clip")
    return found


def answer(annotation: Annotation | None, frame: int) -> str:
    """What it says of the main person in a frame: an expression, or why there is none."""
    if annotation is None:
        return NO_ANNOTATION
    if not annotation.first_frame <= frame < annotation.end_frame:
        return NO_ROW
    label = padded_labels(annotation, 0, "none")[frame]
    return NO_FACE if label == NOT_ANNOTATED else EXPRESSIONS[label]


def answers(folder: Path, marks: Marks) -> Texts:
    """What its annotations say of the marked frames, (N,)."""
    found = read_folder(folder, set(marks.clips.tolist()))
    places = zip(marks.clips.tolist(), marks.frames.tolist(), strict=True)
    return np.array([answer(found.get(clip), frame) for clip, frame in places])


def as_labels(texts: Texts) -> NDArray[np.int64]:
    """Labels (N,); -1 of what is no expression."""
    known = {name: label for label, name in enumerate(EXPRESSIONS)}
    return np.array([known.get(text, NOT_ANNOTATED) for text in texts.tolist()])


def confusions(marks: Marks, said: Texts) -> Counts:
    """A confusion matrix for each clip in which something is true, (G, 8, 9)."""
    truth, labels = as_labels(marks.truth), as_labels(said)
    clips = np.unique(marks.clips[truth != NOT_ANNOTATED])
    own = [marks.clips == clip for clip in clips]
    return np.stack([confusion_matrix(truth[rows], labels[rows]) for rows in own])


# ---- tables


def figures(confusion: Counts) -> Metrics:
    """The figures (..., 10) of confusion matrices (..., 8, 9), in the order of `figure_names`."""
    f1 = f1_scores(confusion)[..., : len(SEVEN)]
    right = np.trace(confusion, axis1=-2, axis2=-1)
    common = f1[..., [SEVEN.index(name) for name in COMMON]]
    means = [right / confusion.sum(axis=(-2, -1)), f1.mean(axis=-1), common.mean(axis=-1)]
    return np.concatenate([np.stack(means, axis=-1), f1], axis=-1)


def figure_names() -> list[str]:
    """Of the rows of the first table."""
    return ["accuracy", "macro F1 of 7", f"mean F1 of {', '.join(COMMON)}", *SEVEN]


def line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def heading(*cells: object) -> str:
    return f"{line(*cells)}\n{line(*['---'] * len(cells))}"


def figure_lines(matrices: Sequence[Counts], names: Sequence[str]) -> Iterator[str]:
    """The figures of each folder, and of two by how much the first one's are above the second's."""
    groups = np.stack(
        matrices, axis=1
    )  # (G, folders, 8, 9): clips are drawn for all folders at once
    whole = figures(groups.sum(axis=0))
    drawn = figures(resampled(groups, RESAMPLES, seed=0))  # (samples, folders, figures)
    support = groups[:, 0].sum(axis=(0, 2))[: len(SEVEN)].tolist()
    difference = len(names) == 2
    yield heading("", "frames", *names, *[" less ".join(names)] * difference)
    for number, name in enumerate(figure_names()):
        cells = [
            f"{whole[n, number]:.3f} ({percentile_interval(drawn[:, n, number]):.3f})"
            for n in range(len(names))
        ]
        if difference:
            apart = percentile_interval(drawn[:, 0, number] - drawn[:, 1, number])
            cells.append(f"{whole[0, number] - whole[1, number]:+.3f} ({apart:+.3f})")
        yield line(name, ([sum(support)] * 3 + support)[number], *cells)


def rater_lines(marks: Marks, said: Sequence[Texts], names: Sequence[str]) -> Iterator[str]:
    """How often each folder says what a rater says, beside how often the raters say the same."""
    one, other = marks.raters.T
    every = np.ones(len(one), bool)
    both = np.isin(marks.raters, SEVEN).all(axis=1)
    heads = [f"{name} as {rater}" for name in names for rater in ("A", "B")]
    yield heading("the same label", "frames", "raters A and B", *heads)
    for text, rows in (("all marked frames", every), ("both say one of 7", both)):
        pairs = [(one, other), *((those, rater) for those in said for rater in (one, other))]
        shares = [f"{(left == right)[rows].mean():.3f}" for left, right in pairs]
        yield line(text, rows.sum(), *shares)


def confusion_lines(confusion: Counts, name: str) -> Iterator[str]:
    """Frames by what is true and what a folder says."""
    yield heading(f"{name}: true, then said", *EXPRESSIONS, "none")
    for expression, row in zip(SEVEN, confusion.tolist(), strict=False):
        yield line(expression, *row)


def mistakes(truth: Texts, said: Texts) -> str:
    """What was taken for what, and how often."""
    pairs = Counter(zip(truth.tolist(), said.tolist(), strict=True))
    wrong = {pair: count for pair, count in pairs.most_common() if pair[0] != pair[1]}
    return ", ".join(f"{one} as {other} {count}" for (one, other), count in wrong.items()) or "-"


def clip_lines(marks: Marks, said: Sequence[Texts], names: Sequence[str]) -> Iterator[str]:
    """A line a clip: frames whose truth is known, how many are right, and what was mistaken."""
    yield heading(
        "clip", "frames", *(head for name in names for head in (f"{name} right", "mistaken"))
    )
    for clip in np.unique(marks.clips).tolist():
        rows = (marks.clips == clip) & (marks.truth != "")
        truth = marks.truth[rows]
        cells = [((truth == own[rows]).sum(), mistakes(truth, own[rows])) for own in said]
        yield line(clip, len(truth), *(cell for pair in cells for cell in pair))


def absent_lines(marks: Marks, said: Texts, name: str) -> Iterator[str]:
    """The marked frames without an answer, and why; nothing where there are none."""
    absent = np.flatnonzero(~np.isin(said, EXPRESSIONS)).tolist()
    if absent:
        yield "\n" + heading(f"{name} has no answer", "why", "counted as wrong", "marked frames")
    for (clip, why), rows in groupby(absent, lambda row: (marks.clips[row], said[row])):
        places = list(rows)
        wrong = np.count_nonzero(marks.truth[places] != "")
        yield line(clip, why, wrong, ", ".join(map(str, marks.frames[places].tolist())))


def report(marks: Marks, said: Sequence[Texts], names: Sequence[str]) -> Iterator[str]:
    """Every table, a line at a time."""
    counted = marks.truth != ""
    clips = len(np.unique(marks.clips[counted]))
    yield f"{len(counted)} marked frames; of {counted.sum()} in {clips} clips the truth is known\n"
    matrices = [confusions(marks, own) for own in said]
    yield from figure_lines(matrices, names)
    yield ""
    yield from rater_lines(marks, said, names)
    for own, name in zip(matrices, names, strict=True):
        yield ""
        yield from confusion_lines(own.sum(axis=0), name)
    yield ""
    yield from clip_lines(marks, said, names)
    for texts, name in zip(said, names, strict=True):
        yield from absent_lines(marks, texts, name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("marks", type=Path, help="the CSV table of marks")
    parser.add_argument("folder", type=Path, help="what `videxpr annotate -f parquet -o` wrote")
    parser.add_argument("--against", type=Path, help="another such folder, to compare with")
    arguments = parser.parse_args()
    folders = [folder for folder in (arguments.folder, arguments.against) if folder is not None]
    marks = read_marks(arguments.marks)
    try:
        said = [answers(folder, marks) for folder in folders]
    except VidexprError as exc:
        raise SystemExit(f"error: {exc}") from None
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    for text in report(marks, said, names):
        print(text)


if __name__ == "__main__":
    main()
