"""Tuning finds what was planted; every setting is scored as annotate would have written it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annotated import EVEN, SHARES, annotation, guessed, segments, write_video
from sklearn.metrics import confusion_matrix

from videxpr.core.errors import UsageError
from videxpr.datasets.labels import LabelSet, LabelSets
from videxpr.evaluation.pairing import pair_labels
from videxpr.evaluation.tune.data import LabeledTrack, read_tuning_data
from videxpr.evaluation.tune.options import Setting, TuneOptions
from videxpr.evaluation.tune.tune import by_source, fit_length, sweep, tune
from videxpr.evaluation.videos import evaluate
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.frame_labels import frame_labels

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


SETTINGS = [Setting(16, strength, span) for strength in (0.0, 0.4, 1.0) for span in (0.0, 0.5, 3.0)]


def video(seed, frames=300):
    """Labels, probabilities, which frames show the face, and shots."""
    labels = segments(frames, 40, seed, SHARES)
    drawn = np.random.default_rng(seed)
    seen = np.ones(frames, bool)
    for first in drawn.integers(0, frames - 30, 2):
        seen[first : first + 30] = False
    shots = np.sort(drawn.integers(0, 3, frames))
    probabilities = guessed(labels, seed, shares=SHARES, bias=0.6)
    return labels, probabilities, seen, np.unique(shots, return_inverse=True)[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(("a", "b")):
        labels, probabilities, seen, shots = video(seed)
        made = annotation(name, probabilities, seen=seen, shots=shots, shares=SHARES)
        write_video(folder, made, np.where(np.arange(300) % 7 == 3, -1, labels)[: 299 + seed])
    return read_tuning_data(folder / "predictions", folder / "labels")


def test_counts_are_those_of_what_annotate_would_have_written(data):
    counts = sweep(data.people, data.settings, SETTINGS, {})
    assert counts.shape == (9, 2, 8, 9)
    for number, person in enumerate(data.people):
        _, probabilities, seen, shots = video(number)
        known = person.truth >= 0
        for place, setting in enumerate(SETTINGS):
            written = annotation(
                person.name,
                probabilities,
                seen=seen,
                shots=shots,
                shares=SHARES,
                smooth=setting.smooth_seconds,
                strength=setting.logit_adjustment,
            )
            labels = frame_labels(written, 0, "fill")[: len(person.truth)]
            expected = confusion_matrix(person.truth[known], labels[known], labels=range(8))
            np.testing.assert_array_equal(counts[place, number, :, :8], expected)


def test_probabilities_of_another_stride_are_taken_as_given(data):
    flipped = [one.annotation.faces.probabilities[:, ::-1].copy() for one in data.people]
    settings = [Setting(16, 0.0, 0.0), Setting(4, 0.0, 0.0)]
    counts = sweep(data.people, data.settings, settings, {4: flipped})
    same = sweep(data.people, data.settings, settings[:1], {})
    np.testing.assert_array_equal(counts[0], same[0])
    fewer_right = [np.trace(counts[place, 0, :, :8]) for place in (0, 1)]
    assert fewer_right[1] < fewer_right[0] / 2


def test_persons_who_were_never_annotated_are_wrong_whatever_the_setting(data):
    lost = LabeledTrack("c", "c", np.array([0, 3, -1, 3]))
    counts = sweep([lost], data.settings, SETTINGS, {})
    assert (counts[:, 0, 3, 8] == 2).all()
    assert (counts.sum(axis=(1, 2, 3)) == 3).all()


def test_progress_counts_persons(data):
    steps = []
    sweep(data.people, data.settings, SETTINGS[:1], {}, lambda *step: steps.append(step))
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7])
def test_labels_are_cut_or_padded_as_evaluate_does(count):
    labels = np.array([4, 5, 6, 4, 3])
    ours, theirs = (
        LabelSets(Path("x"), "text", {"a": LabelSet("a", Path("x"), values)})
        for values in (labels, np.zeros(count, np.int64))
    )
    (pair,) = pair_labels(theirs, ours, strict=False)
    assert fit_length(labels, count).tolist() == pair.predictions.tolist()
