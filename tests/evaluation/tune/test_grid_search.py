"""Every setting on every person, against what annotate would have written."""

from pathlib import Path

import numpy as np
import pytest
from annotated import SHARES, annotation, guessed, segments, write_video
from sklearn.metrics import confusion_matrix

from videxpr.datasets.labels import LabelSet, LabelSets
from videxpr.evaluation.pairing import pair_labels
from videxpr.evaluation.tune.data import LabeledTrack, read_tuning_data
from videxpr.evaluation.tune.grid_search import fit_length, sweep
from videxpr.evaluation.tune.options import Setting
from videxpr.formats.frame_labels import frame_labels

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
