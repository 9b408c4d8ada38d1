"""What happens in synthetic sequences: lengths, labels, changes, gaps and jitter."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.synthetic.options import Jitter, SynthesisOptions
from videxpr.datasets.synthetic.sampler import image_sampler
from videxpr.datasets.synthetic.script import WALKS, Script, random_walks, write_script

OPTIONS = SynthesisOptions()
COUNTS = (90, 40, 10, 0, 160, 0, 0, 0)
IMAGES = [
    LabeledImage(Path(f"{label}/{n}.png"), f"{label}/{n}.png", label)
    for label, count in enumerate(COUNTS)
    for n in range(count)
]


def scripts(count: int, options: SynthesisOptions = OPTIONS) -> list[Script]:
    sampler = image_sampler(IMAGES, {}, options)
    return [write_script(sampler, options, np.random.default_rng((1, n))) for n in range(count)]


@pytest.fixture(scope="module")
def many():
    return scripts(300)


def test_segments_and_images_cover_every_frame_once(many):
    for script in many:
        for pieces in (script.segments, script.spans):
            assert pieces[0].first == 0 and pieces[-1].end == 600
            assert all(one.end == other.first for one, other in pairwise(pieces))
        assert len(script.labels) == len(script.missing) == len(script.walks) == 600


def test_every_image_is_of_its_segments_label(many):
    for script in many:
        for span in script.spans:
            assert set(script.labels[span.first : span.end].tolist()) == {span.image.label}


def test_segments_last_from_03_to_5_seconds_evenly_in_the_logarithm(many):
    lengths = np.array([one.end - one.first for script in many for one in script.segments[:-1]])
    assert lengths.min() == 9 and 140 < lengths.max() <= 150
    firsts = [
        script.segments[0].end for script in many
    ]  # later ones are the shorter, for all to fit
    assert np.mean(np.log(firsts)) == pytest.approx(np.log(9 * 150) / 2, abs=0.12)
    last = [script.segments[-1].end - script.segments[-1].first for script in many]
    assert min(last) >= 9 and max(last) < 150 + 9  # a remainder too short for one is with the last


def test_labels_come_by_their_shares_and_neighbors_may_have_the_same(many):
    labels = [one.label for script in many for one in script.segments]
    found = np.bincount(labels, minlength=9) / len(labels)
    np.testing.assert_allclose(found, image_sampler(IMAGES, {}, OPTIONS).shares, atol=0.025)
    same = [one.label == other.label for script in many for one, other in pairwise(script.segments)]
    assert np.mean(same) == pytest.approx((found**2).sum(), abs=0.03)


def test_long_segments_may_show_several_images_and_short_ones_do_not(many):
    for script in many:
        for segment in script.segments:
            shown = [one for one in script.spans if segment.first <= one.first < segment.end]
            assert 1 <= len(shown) <= 3
            if segment.end - segment.first < 30:
                assert len(shown) == 1
            assert min(one.end - one.first for one in shown) >= 9
    changes = sum(len(script.spans) - 1 for script in many)
    within = sum(len(script.spans) - len(script.segments) for script in many)
    assert 0.2 < within / changes < 0.6


def test_half_of_the_changes_are_fades_of_2_to_8_frames(many):
    fades = np.array([one.fade for script in many for one in script.spans[1:]])
    assert (fades > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert sorted(set(fades.tolist())) == [0, 2, 3, 4, 5, 6, 7, 8]
    assert all(script.spans[0].fade == 0 for script in many)
    mirrored = [one.mirrored for script in many for one in script.spans]
    assert np.mean(mirrored) == pytest.approx(0.5, abs=0.03)


def runs_of(flags: np.ndarray) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return (edges[1::2] - edges[::2]).tolist()


def test_one_to_two_percent_are_missing_in_short_runs(many):
    shares = np.mean([script.missing.mean() for script in many])
    assert 0.01 < shares < 0.02
    lengths = [length for script in many for length in runs_of(script.missing)]
    assert min(lengths) == 1 and 10 <= max(lengths) <= 20  # two may follow each other
    assert not any(script.missing[-1] for script in many)


def test_one_to_two_percent_are_covered(many):
    occluded = np.zeros((len(many), 600), bool)
    for script, row in zip(many, occluded, strict=True):
        for occlusion in script.occlusions:
            assert (
                0 <= occlusion.first < occlusion.end <= 600
                and occlusion.end - occlusion.first <= 30
            )
            row[occlusion.first : occlusion.end] = True
    assert 0.01 < occluded.mean() < 0.02
    assert len({occlusion.color for script in many for occlusion in script.occlusions}) > 50


def test_looks_span_what_videos_look_like(many):
    resolutions = np.array([script.appearance.resolution for script in many])
    qualities = np.array([script.appearance.quality for script in many])
    assert resolutions.min() <= 26 and resolutions.max() >= 108
    assert (resolutions < np.sqrt(24 * 112)).mean() == pytest.approx(0.5, abs=0.1)
    assert qualities.min() <= 42 and qualities.max() >= 93
    assert {0.79 < script.appearance.gain < 1.26 for script in many} == {True}


def test_shares_of_nothing_leave_nothing_out():
    plain = replace(OPTIONS, missing=0, occluded=0, fades=0, change_within=0)
    for script in scripts(20, plain):
        assert not script.missing.any() and not script.occlusions
        assert [(s.first, s.end) for s in script.segments] == [
            (s.first, s.end) for s in script.spans
        ]
        assert {one.fade for one in script.spans} == {0}


def test_few_frames_a_second_and_short_sequences_work():
    for script in scripts(50, replace(OPTIONS, fps=2, seconds=30)):
        assert script.labels.shape == (60,)
        assert all(one.fade <= one.end - one.first for one in script.spans)
    for script in scripts(20, replace(OPTIONS, seconds=0.1)):
        assert len(script.segments) == 1 and script.labels.shape == (3,)


def test_a_script_depends_on_its_generator_alone():
    one, same = scripts(1)[0], scripts(1)[0]
    assert one.spans == same.spans and one.appearance == same.appearance
    np.testing.assert_array_equal(one.walks, same.walks)
    assert scripts(2)[1].spans != one.spans


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_jitter_remembers_for_its_time_constant(seconds):
    jitter = Jitter(memory_seconds=(seconds, seconds), white=0)
    walks = random_walks(60_000, 30, jitter, np.random.default_rng(0))
    np.testing.assert_allclose(walks.std(axis=0), jitter.deviations, rtol=0.05)
    for lag in (1, round(30 * seconds)):
        expected = np.exp(-lag / (30 * seconds))
        for walk in walks.T:
            assert np.corrcoef(walk[:-lag], walk[lag:])[0, 1] == pytest.approx(expected, abs=0.04)
    across = np.corrcoef(walks.T) - np.eye(len(WALKS))
    assert abs(across).max() < 0.06


def test_a_little_of_the_jitter_is_white():
    jitter = Jitter(memory_seconds=(0.5, 0.5), white=0.15)
    walk = random_walks(60_000, 30, jitter, np.random.default_rng(0))[:, 0]
    keeps, white = np.exp(-1 / 15), 0.15**2
    lag_one = np.corrcoef(walk[:-1], walk[1:])[0, 1]
    assert lag_one == pytest.approx(keeps / (1 + white), abs=0.01)
    assert walk.std() == pytest.approx(0.015 * np.sqrt(1 + white), rel=0.05)


def test_a_share_of_the_sequences_shows_one_person_in_all_their_expressions():
    people = {one.name: str(n % 7) for n, one in enumerate(IMAGES)}
    options = SynthesisOptions(one_person=0.4)
    sampler = image_sampler(IMAGES, people, options)
    assert len(sampler.varied) == 7
    made = [write_script(sampler, options, np.random.default_rng((1, n))) for n in range(200)]
    shown = [{people[one.image.name] for one in script.spans} for script in made]
    alone = [script for script, names in zip(made, shown, strict=True) if len(names) == 1]
    assert 55 < len(alone) < 110
    assert sum(len(set(script.labels.tolist())) > 1 for script in alone) > 50
    nobody = image_sampler(IMAGES, {}, options)
    write_script(nobody, options, np.random.default_rng(1))  # and nobody known is no error
