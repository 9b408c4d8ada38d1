"""Whose answers on face crops are those of people? Any recognizers, side by side.

    python examples/compare_answers.py votes.csv images.csv ours.csv fer.csv ...

The votes are as `videxpr train images --votes` reads them; images.csv names in its column `image` which
of them are scored. Files of answers have the columns `image` and `label`, an expression: label_crops.py
writes such, and any recognizer can.

Accuracy and macro F1 are on the expression that has strictly the most of all votes. In the F1 by votes
an image counts for each class by its share of votes. F1 is the mean over seven classes. The last column
is the accuracy on the name of the image's folder. An image that a file does not answer is wrong.
Intervals are of 95 % of the draws of images, with returning, the same ones for every file.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.votes import Votes, one_hot, read_votes
from videxpr.evaluation.metrics import Metrics, f1_scores, percentile_interval, resampled

COLUMNS = ("no answer", "accuracy", "macro F1", "macro F1 by votes", "accuracy on folders")
LABELS = {name.lower(): label for label, name in enumerate(EXPRESSIONS)}
NOTHING = len(EXPRESSIONS)
"""The column of a confusion matrix for images without an answer."""

RESAMPLES = 2000


def truths(names: Sequence[str], votes: dict[str, Votes]) -> Metrics:
    """What is true of images, (N, 3, 8): by majority (or nothing), by shares of votes, by folder."""
    majorities = one_hot(np.array([votes[name].majority for name in names]))
    shares = np.stack([votes[name].shares for name in names])
    folders = one_hot(np.array([LABELS.get(Path(name).parent.name.lower(), -1) for name in names]))
    return np.stack([majorities, shares, folders], axis=1)


def answers(file: Path, names: Sequence[str]) -> Metrics:
    """What a file says of images, (N, 9), a one in each row; the last column is of no expression."""
    with file.open(newline="", encoding="utf-8") as stream:
        said = {row["image"]: LABELS.get(row["label"].lower()) for row in csv.DictReader(stream)}
    labels = [said.get(name) for name in names]
    return np.eye(NOTHING + 1)[[NOTHING if label is None else label for label in labels]]


def figures(confusion: Metrics) -> Metrics:
    """The figures (..., 4), in the order of `COLUMNS`, of confusion matrices (..., 3, 8, 9)."""
    f1 = f1_scores(confusion)[..., : len(EXPRESSIONS) - 1].mean(axis=-1)
    right = np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1)).clip(min=1e-9)
    return np.stack([right[..., 0], f1[..., 0], f1[..., 1], right[..., 2]], axis=-1)


def table(true: Metrics, said: Metrics, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Rows for what each of `names` said, (N, files, 9), and how far the first is above the others."""
    groups = np.einsum("ntc,nfa->nftca", true, said)  # of each image, file and kind of truth
    whole = figures(groups.sum(axis=0))  # (files, 4)
    drawn = figures(resampled(groups, RESAMPLES, seed=0))  # (samples, files, 4)

    def cells(values: Metrics, draws: Metrics, form: str) -> list[str]:
        ends = map(percentile_interval, draws.T)
        return [f"{v:{form}} ({end:{form}})" for v, end in zip(values, ends, strict=True)]

    yield from (["", *COLUMNS], ["---"] * (len(COLUMNS) + 1))
    for n, name in enumerate(names):
        yield [name, f"{said[:, n, NOTHING].sum():.0f}", *cells(whole[n], drawn[:, n], ".3f")]
    for n, name in enumerate(names[1:], 1):
        apart = cells(whole[0] - whole[n], drawn[:, 0] - drawn[:, n], "+.3f")
        yield [f"{names[0]} less {name}", "", *apart]


def main(file: Path, images: Path, *files: Path) -> None:
    votes = read_votes(file)
    with images.open(newline="", encoding="utf-8") as stream:
        names = [row["image"] for row in csv.DictReader(stream) if row["image"] in votes]
    if not names:
        raise SystemExit(f"{file} has votes on no image that {images} names")
    true = truths(names, votes)
    print(
        f"{len(names)} images with votes; on {true[:, 0].sum():.0f} an expression has the majority\n"
    )
    said = np.stack([answers(one, names) for one in files], axis=1)
    for row in table(true, said, [one.stem for one in files]):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
