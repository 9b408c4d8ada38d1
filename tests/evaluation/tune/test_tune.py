"""Tuning finds what was planted, and nothing where nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from annotated import EVEN, SHARES, annotation, guessed, segments, write_video

from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.options import Setting, TuneOptions
from videxpr.evaluation.tune.tune import by_source, tune
from videxpr.evaluation.videos import evaluate
from videxpr.formats.affwild2 import write_labels

OPTIONS = TuneOptions(spans=(0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0), strengths=(0.0, 0.5, 1.0))
VIDEOS, FRAMES = 8, 1000


def planted(folder, length, shares=EVEN, known=(), **guess):
    """Videos whose labels stay the same for about so many frames, guessed from noise."""
    for seed in range(VIDEOS):
        labels = segments(FRAMES, length, seed, shares)
        probabilities = guessed(labels, seed, shares=shares, **guess)
        write_video(folder, annotation(f"v{seed}", probabilities, shares=known), labels)
    return tune(folder / "predictions", folder / "labels", options=OPTIONS)


def test_long_segments_under_noise_want_smoothing(tmp_path):
    report = planted(tmp_path, length=150, noise=1.8, lead=1.0)
    assert 1 <= report.best.setting.smooth_seconds <= 4
    plain = next(one for one in report.trials if one.setting == Setting(16, 0.0, 0.0))
    assert report.best.macro_f1 > plain.macro_f1 + 0.2
    assert report.validation.gain.interval.low > 0
    assert report.recommended == report.best
    assert report.best.setting.stride == 16
    assert not any("longest that was tried" in note for note in report.notes)
    few = replace(OPTIONS, spans=(0.0, 0.5))
    again = tune(tmp_path / "predictions", tmp_path / "labels", options=few)
    assert "the best smoothing, 0.5 s, is the longest that was tried" in again.notes[0]
    assert report.frames == VIDEOS * FRAMES
    assert len(report.sources) == VIDEOS


def test_labels_that_change_with_every_frame_want_none(tmp_path):
    report = planted(tmp_path, length=1)
    assert report.best.setting.smooth_seconds == 0
    assert all(
        report.trials[fold.chosen].setting.smooth_seconds == 0 for fold in report.validation.folds
    )
    assert report.validation.gain.macro_f1 > 0.1  # over the half second of the files


def test_a_model_that_leans_to_frequent_classes_wants_adjustment(tmp_path):
    report = planted(tmp_path, length=60, shares=SHARES, known=SHARES, bias=1.0)
    assert report.best.setting.logit_adjustment > 0
    assert report.validation.gain.macro_f1 > 0
    assert report.recommended == report.best


def test_without_class_shares_no_adjustment_is_tried_and_it_is_said(tmp_path):
    report = planted(tmp_path, length=60, shares=SHARES, bias=1.0)
    assert {one.setting.logit_adjustment for one in report.trials} == {0.0}
    assert any("logit adjustment was not tried" in note for note in report.notes)
    assert any("no stride but 16 was tried" in note for note in report.notes)


def test_where_choosing_gains_nothing_the_current_settings_are_recommended(tmp_path):
    """The files were made with what is best by far: it is chosen for every fold."""
    for seed in range(4):
        labels = segments(FRAMES, 1, seed)
        made = annotation(f"v{seed}", guessed(labels, seed, lead=4.0), smooth=0.0)
        write_video(tmp_path, made, labels)
    report = tune(tmp_path / "predictions", tmp_path / "labels", options=OPTIONS)
    assert report.validation.gain.macro_f1 == 0
    assert not report.gains
    assert report.recommended == report.current
    assert report.recommended.setting == Setting(16, 0.0, 0.0)


def test_the_current_settings_score_what_evaluate_says(tmp_path):
    report = planted(tmp_path, length=60, shares=SHARES, known=SHARES)
    write_labels(tmp_path / "labels" / "lost.txt", segments(50, 10, 99))
    again = tune(tmp_path / "predictions", tmp_path / "labels", options=OPTIONS)
    figure = evaluate(tmp_path / "predictions", tmp_path / "labels").scores.macro_f1
    assert again.current.macro_f1 == pytest.approx(figure, abs=1e-12)
    assert again.current.macro_f1 < report.current.macro_f1
    assert again.validation.current_macro_f1 == pytest.approx(figure, abs=1e-12)


def test_both_persons_of_a_video_are_on_one_side(tmp_path):
    counts = np.arange(2 * 3 * 72).reshape(2, 3, 8, 9)
    labels = segments(50, 10, 0)
    made = annotation("x", guessed(labels, 0))
    for name in ("a", "a_left", "b"):
        write_video(tmp_path, replace(made, video=f"{name}.mp4"), labels)
    report = tune(tmp_path / "predictions", tmp_path / "labels", options=OPTIONS)
    assert report.sources == ("a", "b")
    from videxpr.evaluation.tune.data import read_tuning_data

    people = read_tuning_data(tmp_path / "predictions", tmp_path / "labels").people
    joined = by_source(counts, people, ["a", "b"])
    np.testing.assert_array_equal(joined[:, 0], counts[:, 0] + counts[:, 1])
    np.testing.assert_array_equal(joined[:, 1], counts[:, 2])


def test_one_source_video_cannot_be_cross_validated(tmp_path):
    labels = segments(50, 10, 0)
    for name in ("a", "a_right"):
        write_video(tmp_path, annotation(name, guessed(labels, 0)), labels)
    write_video(tmp_path, annotation("b", guessed(labels, 0)), np.full(50, -1))
    with pytest.raises(UsageError, match="only 1 source video has labels"):
        tune(tmp_path / "predictions", tmp_path / "labels")
