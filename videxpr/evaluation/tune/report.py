"""What tuning gave: every setting with its score, and what choosing one is worth."""

from dataclasses import dataclass
from pathlib import Path

from videxpr.core.version import VERSION
from videxpr.evaluation.tune.cross_validation import CrossValidation
from videxpr.evaluation.tune.options import Setting
from videxpr.evaluation.tune.settings import Origin, Settings


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
        model: on whose probabilities.
        model_sha256: of its file.
        sources: names of the source videos.
        frames: labeled frames.
        trials: every setting, the plainer ones first.
        present: the one with which the files were made.
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
    present: Trial
    best: Trial
    validation: CrossValidation
    notes: tuple[str, ...]

    @property
    def is_worth_it(self) -> bool:
        """Whether choosing gains anything on videos on which nothing was chosen."""
        return self.validation.gain.macro_f1 > 0

    @property
    def recommended(self) -> Trial:
        """The best setting, or the present one if choosing gains nothing."""
        return self.best if self.is_worth_it else self.present

    @property
    def settings(self) -> Settings:
        """What is recommended, as the file that annotate takes."""
        chosen = self.recommended
        return Settings(
            stride=chosen.setting.stride,
            smooth_seconds=chosen.setting.smooth_seconds,
            logit_adjustment=chosen.setting.logit_adjustment,
            tuned=Origin(
                videxpr_version=VERSION,
                model=self.model,
                model_sha256=self.model_sha256,
                predictions=str(self.predictions),
                labels=str(self.labels),
                videos=len(self.sources),
                frames=self.frames,
                macro_f1=chosen.macro_f1,
                macro_f1_before=self.present.macro_f1,
                cross_validated_gain=self.validation.gain.macro_f1,
            ),
        )
