from pathlib import Path

import pytest

from videxpr.evaluation.metrics import Difference, Interval
from videxpr.evaluation.tune.cross_validation import CrossValidation
from videxpr.evaluation.tune.options import Setting
from videxpr.evaluation.tune.report import Trial, TuneReport

PRESENT = Trial(Setting(16, 0.0, 0.5), 0.38)
BEST = Trial(Setting(8, 0.75, 4.0), 0.42)


def report_of(gain: float) -> TuneReport:
    difference = Difference(gain, Interval(gain - 0.01, gain + 0.01), 0.9)
    return TuneReport(
        predictions=Path("val"),
        labels=Path("labels"),
        model="mine",
        model_sha256="ab" * 32,
        sources=("a", "b"),
        frames=900,
        trials=(PRESENT, BEST),
        present=PRESENT,
        best=BEST,
        validation=CrossValidation((), 0.38 + gain, 0.38, difference),
        notes=(),
    )


def test_the_best_setting_is_recommended_where_choosing_gains():
    settings = report_of(0.02).settings
    found = (settings.stride, settings.smooth_seconds, settings.logit_adjustment)
    assert found == (8, 4.0, 0.75)
    assert (settings.tuned.macro_f1, settings.tuned.macro_f1_before) == (0.42, 0.38)
    assert (settings.tuned.videos, settings.tuned.cross_validated_gain) == (2, 0.02)


@pytest.mark.parametrize("gain", [0.0, -0.01])
def test_where_it_gains_nothing_the_present_setting_is(gain):
    settings = report_of(gain).settings
    assert (settings.stride, settings.smooth_seconds, settings.logit_adjustment) == (16, 0.5, 0.0)
    assert settings.tuned.macro_f1 == 0.38
