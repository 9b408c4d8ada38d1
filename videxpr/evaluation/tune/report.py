"""What tuning gave: every setting with its score, what choosing one is worth, and the configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videxpr.core.files import atomic_write
from videxpr.core.version import VERSION
from videxpr.evaluation.tune.cross_validation import CrossValidation
from videxpr.evaluation.tune.options import Setting


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
        models: names, paths or addresses by which annotate finds the models; without them the names
            in the Parquet files are taken, which suffice for models that have one.

    Raises:
        OutputError: the file cannot be written.
    """
    import tomli_w  # only where a file is written

    chosen = report.recommended
    options = {
        **chosen.setting.options,
        "model": list(models) or report.model.split(" + "),
        "model-sha256": report.model_sha256.split(" + "),
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
