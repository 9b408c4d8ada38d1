"""What tuning gave: every setting with its score, what choosing one is worth, and the configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.files import atomic_write
from videxpr.core.version import VERSION
from videxpr.evaluation.metrics import Counts, Difference, compare, macro_f1
from videxpr.evaluation.tune.options import Setting
from videxpr.formats.record import JOINT

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


@dataclass(frozen=True)
class Trial:
    """One setting and its macro F1 on all frames."""

    setting: Setting
    macro_f1: float


@dataclass(frozen=True)
class TuneReport:
    """What was tried and what came out.

    Attributes:
        predictions: folder of the Parquet files.
        labels: folder or file of the labels.
        model: on whose probabilities; several are joined by ``+``.
        model_sha256: of its file; several are joined likewise.
        model_names: by which annotate finds the models.
        sources: names of the source videos.
        frames: labeled frames.
        trials: every setting, the plainer ones first.
        current: the one with which the files were made.
        best: the one with the highest macro F1 on all frames; that flatters it.
        validation: what choosing is worth on videos on which nothing was chosen.
        notes: what a reader of the numbers must know, one sentence each.
    """

    predictions: Path
    labels: Path
    model: str
    model_sha256: str
    model_names: tuple[str, ...]
    sources: tuple[str, ...]
    frames: int
    trials: tuple[Trial, ...]
    current: Trial
    best: Trial
    validation: CrossValidation
    notes: tuple[str, ...]

    @property
    def gains(self) -> bool:
        """Whether choosing gains anything on videos on which nothing was chosen."""
        return self.validation.gain.macro_f1 > 0

    @property
    def recommended(self) -> Trial:
        """The best setting, or the current one if choosing gains nothing."""
        return self.best if self.gains else self.current


def write_config(path: Path, report: TuneReport, models: Sequence[str] = ()) -> None:
    """Write what is recommended as a configuration for ``videxpr annotate --config``.

    Args:
        path: of the file.
        report: what tuning gave.
        models: names, paths or addresses by which annotate finds the models; without them they are
            named as the Parquet files tell.

    Raises:
        OutputError: the file cannot be written.
    """
    import tomli_w  # only where a file is written

    chosen = report.recommended
    options = {
        **chosen.setting.options,
        "model": list(models or report.model_names),
        "model-sha256": report.model_sha256.split(JOINT),
    }
    lines = (
        f"# videxpr tune {VERSION}, predictions {str(report.predictions)!r}, "
        f"labels {str(report.labels)!r}",
        f"# {len(report.sources)} source videos, {report.frames} labeled frames",
        f"# macro F1 {chosen.macro_f1:.4f}, before {report.current.macro_f1:.4f}, on the videos that "
        "settings were chosen on",
        f"# cross-validated gain {report.validation.gain.macro_f1:+.4f}",
    )
    with atomic_write(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n" + tomli_w.dumps(options), encoding="utf-8")
