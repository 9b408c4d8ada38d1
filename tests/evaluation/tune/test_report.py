"""Which setting is best, what choosing is worth on made-up matrices, and what is written."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.annotation.options import AnnotateCommand
from videxpr.core.config import read_config
from videxpr.core.errors import OutputError
from videxpr.core.version import VERSION
from videxpr.datasets.affwild2.videos import assign_folds
from videxpr.evaluation.metrics import Difference, Interval, macro_f1
from videxpr.evaluation.tune.options import Setting
from videxpr.evaluation.tune.report import (
    CrossValidation,
    Trial,
    TuneReport,
    choose_setting,
    cross_validate,
    write_config,
)

CURRENT = Trial(Setting(16, 0.0, 0.5), 0.38)
BEST = Trial(Setting(8, 0.75, 4.0), 0.42)


def report_of(gain: float) -> TuneReport:
    difference = Difference(gain, Interval(gain - 0.01, gain + 0.01), 0.9)
    return TuneReport(
        predictions=Path("val"),
        labels=Path("labels"),
        model="mine",
        model_sha256="ab" * 32,
        model_names=("mine.safetensors",),
        sources=("a", "b"),
        frames=900,
        trials=(CURRENT, BEST),
        current=CURRENT,
        best=BEST,
        validation=CrossValidation((), 0.38 + gain, 0.38, difference),
        notes=(),
    )


def written(folder: Path, gain: float, *models: str) -> tuple[str, dict[str, object]]:
    write_config(folder / "tuned.toml", report_of(gain), models)
    text = (folder / "tuned.toml").read_text()
    return text, tomllib.loads(text)


def test_the_best_setting_is_written_where_choosing_gains(tmp_path):
    text, options = written(tmp_path, 0.02)
    assert options == {
        "stride": 8,
        "smooth": 4.0,
        "logit-adjustment": 0.75,
        "model": ["mine.safetensors"],
        "model-sha256": ["ab" * 32],
    }
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert comments[0] == f"# videxpr tune {VERSION}, predictions 'val', labels 'labels'"
    assert comments[1] == "# 2 source videos, 900 labeled frames"
    assert "macro F1 0.4200, before 0.3800" in comments[2]
    assert comments[3] == "# cross-validated gain +0.0200"


@pytest.mark.parametrize("gain", [0.0, -0.01])
def test_where_it_gains_nothing_the_current_setting_is(tmp_path, gain):
    text, options = written(tmp_path, gain)
    assert (options["stride"], options["smooth"], options["logit-adjustment"]) == (16, 0.5, 0.0)
    assert "macro F1 0.3800, before 0.3800" in text


def test_annotate_reads_it(tmp_path):
    written(tmp_path, 0.02, "./mine.safetensors")
    found = read_config(tmp_path / "tuned.toml", AnnotateCommand)
    assert found == {
        "stride": 8,
        "smooth": 4.0,
        "logit-adjustment": 0.75,
        "model": ("./mine.safetensors",),
        "model-sha256": ("ab" * 32,),
    }


def test_models_of_an_ensemble_are_listed(tmp_path):
    report = replace(report_of(0.02), model_names=("a", "b"), model_sha256="cd + ef")
    write_config(tmp_path / "tuned.toml", report)
    options = tomllib.loads((tmp_path / "tuned.toml").read_text())
    assert (options["model"], options["model-sha256"]) == (["a", "b"], ["cd", "ef"])


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_config(tmp_path / "file" / "tuned.toml", report_of(0.02))


def matrices(right: list[list[float]], frames: int = 80) -> np.ndarray:
    """Settings by source videos: a share of each class's frames is right, the rest the next class."""
    counts = np.zeros((len(right), len(right[0]), 8, 9), np.int64)
    for place in np.ndindex(counts.shape[:2]):
        hits = round(right[place[0]][place[1]] * frames)
        for label in range(8):
            counts[(*place, label, label)] = hits
            counts[(*place, label, (label + 1) % 8)] = frames - hits
    return counts


def test_the_best_has_the_highest_macro_f1():
    counts = matrices([[0.2], [0.6], [0.4]])[:, 0]
    assert choose_setting(counts, current=0) == 1
    np.testing.assert_allclose(macro_f1(counts), [0.2, 0.6, 0.4])


def test_of_equals_the_current_one_is_chosen_and_else_the_first():
    counts = matrices([[0.6], [0.2], [0.6]])[:, 0]
    assert choose_setting(counts, current=2) == 2
    assert choose_setting(counts, current=1) == 0


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60), st.integers(2, 9))
def test_folds_are_used_and_about_as_large_as_each_other(frames, folds):
    sizes = np.array(frames)
    fold = assign_folds(sizes, folds)
    totals = np.bincount(fold, sizes, minlength=min(folds, len(frames)))
    assert set(fold) == set(range(min(folds, len(frames))))
    assert np.ptp(totals) <= sizes.max()
    assert assign_folds(sizes, folds).tolist() == fold.tolist()


def test_each_fold_is_scored_with_what_was_best_on_the_others():
    # setting 1 is better on video 0 alone, so it is chosen for nobody but the others
    counts = matrices([[0.2, 0.5, 0.5, 0.5], [0.9, 0.4, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]])
    found = cross_validate(counts, np.array([0, 1, 2, 3]), current=2)
    assert [fold.chosen for fold in found.folds] == [0, 1, 1, 1]
    assert [fold.groups for fold in found.folds] == [(0,), (1,), (2,), (3,)]
    assert [fold.macro_f1 for fold in found.folds] == pytest.approx([0.2, 0.4, 0.4, 0.4])
    assert [fold.current_macro_f1 for fold in found.folds] == pytest.approx([0.1] * 4)
    assert found.macro_f1 == pytest.approx(0.35)
    assert found.gain.macro_f1 == pytest.approx(0.25)


def test_what_is_best_by_luck_gains_nothing():
    """A hundred settings that are noise: the best looks good, choosing it is worth nothing."""
    seeming, gains = [], []
    for seed in range(20):
        drawn = np.random.default_rng(seed)
        counts = matrices(drawn.normal(0.5, 0.03, (100, 20)).clip(0, 1).tolist())
        pooled = macro_f1(counts.sum(axis=1))
        seeming.append(pooled.max() - pooled[0])
        gains.append(cross_validate(counts, assign_folds(np.full(20, 640), 5), 0).gain.macro_f1)
    assert np.mean(seeming) > 0.013
    assert abs(np.mean(gains)) < 0.005


def test_where_the_current_setting_is_best_nothing_is_gained():
    counts = matrices([[0.2, 0.2, 0.2], [0.6, 0.6, 0.6]])
    found = cross_validate(counts, np.array([0, 1, 2]), current=1)
    assert found.gain.macro_f1 == 0
    assert found.macro_f1 == found.current_macro_f1
