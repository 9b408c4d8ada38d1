import pytest

from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.options import Setting, TuneOptions, grid

SMALL = TuneOptions(spans=(0.0, 2.0), strengths=(0.0, 1.0), strides=(8, 16))


def test_the_grid_has_every_combination_and_the_current_setting_plainer_ones_first():
    settings = grid(SMALL, Setting(16, 0.25, 0.5), (), True)
    assert settings[:3] == (Setting(16, 0.0, 0.0), Setting(16, 0.0, 0.5), Setting(16, 0.0, 2.0))
    assert len(settings) == len(set(settings)) == 3 * 3
    assert settings.index(Setting(16, 0.25, 0.5)) == 4


def test_other_strides_are_tried_only_where_they_can_be():
    assert {one.stride for one in grid(SMALL, Setting(16, 0.0, 0.5), (), True)} == {16}
    strides = [one.stride for one in grid(SMALL, Setting(16, 0.0, 0.5), (8, 4), True)]
    assert strides == [16] * 6 + [8] * 6 + [4] * 6


def test_adjustment_is_tried_only_where_shares_are_known():
    assert {one.logit_adjustment for one in grid(SMALL, Setting(16, 0.0, 0.5), (), False)} == {0.0}


def test_the_usual_grid_has_about_a_hundred_settings():
    assert 80 <= len(grid(TuneOptions(), Setting(16, 0.0, 0.5), (), True)) <= 130


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"spans": (0.0, -1.0)}, "--smooth must be at least 0, not -1.0"),
        ({"strengths": (float("nan"),)}, "--logit-adjustment must be at least 0, not nan"),
        ({"strides": (16, 0)}, "--stride must be at least 1, not 0"),
        ({"folds": 1}, "--folds must be at least 2, not 1"),
    ],
)
def test_what_cannot_be_tried_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        TuneOptions(**options)
