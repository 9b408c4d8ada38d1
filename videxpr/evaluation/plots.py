"""Pictures of an evaluation: the confusion matrix, bars for each class, and how calibrated it is."""

from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write
from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import CLASSES
from videxpr.evaluation.report import Evaluation

CONFUSION, PER_CLASS, RELIABILITY = "confusion.png", "per_class.png", "reliability.png"
DOTS_PER_INCH: Final = 150
SHARE: Final = "share of voters who say the same"
DARK: Final = 0.65
"""Share of a row from which on a cell is so dark that white is read better."""


def write_plots(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Write ``confusion.png``, ``per_class.png`` and, if it is known, ``reliability.png``.

    Returns:
        Their paths.

    Raises:
        OutputError: the folder cannot be written to.
    """
    figures = {CONFUSION: confusion_figure(evaluation), PER_CLASS: per_class_figure(evaluation)}
    if evaluation.reliability is not None:
        figures[RELIABILITY] = reliability_figure(evaluation, evaluation.reliability)
    return [_write(folder / name, figure) for name, figure in figures.items()]


def confusion_figure(evaluation: Evaluation) -> Figure:
    """Draw the confusion matrix, each row by its share, with counts in the cells."""
    counts = evaluation.confusion
    if not counts[:, CLASSES].any():
        counts = counts[:, :CLASSES]
    columns = [*EXPRESSIONS, "no\nprediction"][: counts.shape[1]]
    support = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    figure, axes = _canvas(width=9.5, height=7.6)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(counts.shape):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{share:.0%}\n{counts[row, column]:,}" if counts[row, column] else "0",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if share > DARK else "black" if counts[row, column] else "0.6",
            fontweight="bold" if row == column else "normal",
        )
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(CLASSES), EXPRESSIONS)
    axes.set_xlabel("predicted")
    axes.set_ylabel("labeled")
    axes.set_title(_title(evaluation), fontsize=11)
    axes.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, CLASSES) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label(f"share of the labeled {evaluation.items} of the row")
    return figure


def per_class_figure(evaluation: Evaluation) -> Figure:
    """Draw precision, recall and F1 of each class as bars."""
    found = evaluation.scores
    figure, axes = _canvas(width=10, height=4.8)
    places = np.arange(CLASSES)
    series = (
        ("precision", found.precision, "#9ecae1"),
        ("recall", found.recall, "#3182bd"),
        ("F1", found.f1, "#08306b"),
    )
    for position, (name, values, color) in enumerate(series):
        bars = axes.bar(places + 0.27 * (position - 1), values, 0.25, label=name, color=color)
        texts = axes.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=7, padding=2)
        for text in texts:
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.4})
    axes.axhline(found.macro_f1, color="#d94801", linestyle="--", label="macro F1", zorder=0.9)
    axes.set_xticks(
        places,
        [f"{name}\n{count:,}" for name, count in zip(EXPRESSIONS, found.support, strict=True)],
    )
    axes.set_ylim(0, 1.08)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_xlim(-0.5, CLASSES - 0.5)
    axes.set_xlabel(f"expression, and its labeled {evaluation.items}")
    axes.set_title(_title(evaluation), fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="0.9")
    axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    return figure


def reliability_figure(evaluation: Evaluation, found: Reliability) -> Figure:
    """Draw how often predictions are right by their confidence, and how many there are of each; with
    votes, also how many people say the same.
    """
    bins = len(found.counts)
    some = found.counts > 0
    places = (np.arange(bins) + 0.5) / bins
    figure, axes = _canvas(width=6.4, height=6.4)
    shares = found.counts / max(found.counts.sum(), 1)
    axes.bar(places, shares, 0.96 / bins, color="#deebf7", label="share of the predictions")
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="perfectly calibrated")
    axes.plot(found.confidence[some], found.accuracy[some], "o-", color="#08306b", label="accuracy")
    if evaluation.agreement is not None:
        curve = evaluation.agreement.curve
        axes.plot(curve.confidence, curve.share, "s-", color="#d94801", label=SHARE)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("probability of the prediction")
    axes.set_ylabel(f"share of {evaluation.items}")
    axes.set_title(
        f"{evaluation.name}: expected calibration error {found.expected_error:.3f}, "
        f"{found.counts.sum():,} {evaluation.items}",
        fontsize=11,
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure in inches that belongs to no window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _title(evaluation: Evaluation) -> str:
    ends = f" (95 %: {evaluation.intervals.macro_f1:.3f})" if evaluation.intervals else ""
    return (
        f"{evaluation.name}: macro F1 {evaluation.scores.macro_f1:.3f}{ends}, "
        f"accuracy {evaluation.scores.accuracy:.3f}, {evaluation.frames:,} {evaluation.items}"
    )


def _write(path: Path, figure: Figure) -> Path:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return path
