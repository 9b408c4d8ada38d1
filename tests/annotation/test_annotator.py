import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from chosen import annotation_options
from PIL import Image
from pipeline import FPS, ScriptedDetector, face, picture, source_of, write_clip

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.options import paper_preset
from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.frame_labels import frame_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.record import Annotation
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.engine.engine import build_embedder
from videxpr.model.ensemble import Ensemble, mean_probabilities
from videxpr.model.header import TrainingSummary
from videxpr.model.inference import predict_sequence
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.smoothing import moving_mean
from videxpr.video.options import DecodingOptions, VideoLimits
from videxpr.video.search import find_sources

SEEN = tuple(name for name in EXPRESSIONS if name != "Other")


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(3)
    model = ExpressionModel(ModelConfig(variant="transformer", trained_expressions=SEEN))
    model.requires_grad_(False).eval()
    return Checkpoint("random", "f" * 64, model, TrainingSummary("noise", "none", 0, 0), "none")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", [picture(n) for n in range(90)])


@pytest.fixture
def annotate(checkpoint):
    def run(path, script=lambda number: [face()], **options) -> Annotation:
        chosen = annotation_options(**options)
        return Annotator(checkpoint, ScriptedDetector(script), chosen).annotate(source_of(path))

    return run


def test_paper_probabilities_of_a_clip_gets_one_row(annotate, clip):
    annotation = annotate(clip)
    assert len(annotation) == 90
    assert annotation.faces.frame.tolist() == list(range(90))
    np.testing.assert_allclose(annotation.pts_seconds, np.arange(90) / FPS)
    assert annotation.coverage == 1.0


def test_probabilities_sum_to_one_and_untrained_classes_have_none(annotate, clip):
    shares = annotate(clip).faces.probabilities
    np.testing.assert_allclose(np.nansum(shares, axis=1), 1, atol=1e-5)
    assert np.isnan(shares[:, EXPRESSIONS.index("Other")]).all()


def test_short_gap_is_bridged_by_held_features_without_a_box(annotate, clip):
    gap = range(10, 23)  # 0.52 s
    faces = annotate(clip, lambda n: [] if n in gap else [face()]).faces
    assert faces.frame.tolist() == list(range(90))
    assert np.flatnonzero(faces.bridged).tolist() == list(gap)
    assert np.isnan(faces.bbox[10:23]).all()
    assert not np.isnan(faces.probabilities[10:23, 0]).any()


def test_longer_gap_starts_a_new_sequence(annotate, clip):
    gap = range(10, 24)  # 0.56 s
    faces = annotate(clip, lambda n: [] if n in gap else [face()], smooth_seconds=0).faces
    assert sorted(set(range(90)) - set(faces.frame.tolist())) == list(gap)
    assert len(set(faces.track.tolist())) == 1
    alone = annotate(clip, lambda n: [face()] if n < 10 else [], smooth_seconds=0).faces
    np.testing.assert_allclose(faces.probabilities[:10], alone.probabilities, atol=1e-5)


def test_nothing_crosses_a_cut(annotate, tmp_path):
    before, after = [picture(n) for n in range(30)], [picture(n, 200) for n in range(30)]
    whole = annotate(write_clip(tmp_path / "whole.mp4", before + after))
    part = annotate(write_clip(tmp_path / "part.mp4", before))
    assert whole.shots.tolist() == [0] * 30 + [1] * 30
    assert set(whole.faces.track[:30]) != set(whole.faces.track[30:])
    # the encoder may look ahead, so the pictures differ by a little
    np.testing.assert_allclose(whole.faces.smoothed[:30], part.faces.smoothed, atol=0.02)
    far = annotate(tmp_path / "whole.mp4", smooth_seconds=100.0).faces.smoothed
    assert np.ptp(far[:30, 0]) < 1e-6
    assert np.ptp(far[30:, 0]) < 1e-6
    assert abs(far[0, 0] - far[59, 0]) > 1e-5


def test_smoothing_is_the_moving_mean_of_the_unsmoothed_columns(annotate, clip):
    faces = annotate(clip, smooth_seconds=0.4).faces
    expected = moving_mean(faces.probabilities, np.arange(90) / FPS, 0.4)
    np.testing.assert_allclose(faces.smoothed, expected, atol=1e-6)
    assert not np.allclose(faces.smoothed[:, :7], faces.probabilities[:, :7], atol=1e-6)


def test_batch_size_changes_nothing(annotate, clip):
    one, other = annotate(clip, batch_size=1).faces, annotate(clip, batch_size=37).faces
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert one.frame.tolist() == other.frame.tolist()


def test_main_person_is_the_largest_of_the_shot_and_the_others_follow_on_request(annotate, clip):
    def script(number):
        return [face(10, 40, 50), face(120, 40, 80)]

    alone = annotate(clip, script).faces
    assert set(alone.rank) == {0}
    assert set(alone.bbox[:, 0]) == {120}
    both = annotate(clip, script, people=2).faces
    assert both.rank.tolist() == [0, 1] * 90
    left = annotate(clip, script, person="left").faces
    assert set(left.bbox[:, 0]) == {10}


def test_who_comes_back_is_annotated_and_no_second_person(annotate, clip):
    """Back in another place after two seconds: another track, and nobody else is there."""

    def script(number):
        if number < 20:
            return [face(10, 40)]
        return [face(150, 40)] if number >= 70 else []

    for people in (1, 2):
        faces = annotate(clip, script, people=people).faces
        assert faces.frame.tolist() == [*range(20), *range(70, 90)]
        assert set(faces.rank) == {0}
        assert faces.person.tolist() == [1] * 20 + [2] * 20


def test_the_same_place_is_the_same_person_after_six_seconds(annotate, tmp_path):
    path = write_clip(tmp_path / "a.mp4", [picture(n) for n in range(250)])
    faces = annotate(path, lambda n: [] if 40 <= n < 203 else [face()]).faces
    assert faces.frame.tolist() == [*range(40), *range(203, 250)]
    assert (len(set(faces.track)), set(faces.person)) == (2, {1})


def test_a_clock_that_jumps_while_the_picture_goes_on_changes_nothing(annotate, tmp_path):
    stamps = [n if n < 30 else n + 90_000 for n in range(60)]
    path = write_clip(tmp_path / "a.mkv", [picture(n) for n in range(60)], stamps)
    faces = annotate(path).faces
    assert faces.frame.tolist() == list(range(60))
    assert set(faces.track) == set(faces.person) == {1}


def test_a_frame_every_few_seconds_is_annotated_each(annotate, tmp_path):
    pictures = [picture(n) for n in range(20)]
    path = write_clip(tmp_path / "a.mp4", pictures, [n * 3 * FPS for n in range(20)])
    faces = annotate(path, lambda n: [face(60 + 5 * n)]).faces
    assert faces.frame.tolist() == list(range(20))
    assert set(faces.track) == {1}


def test_other_persons_have_rank_0_where_the_main_one_is_not_seen(annotate, clip):
    def script(number):
        large, small = face(10, 40, 80), face(150, 40, 50)
        return [small] if 20 <= number < 60 else [large, small]

    one = annotate(clip, script)
    assert one.faces.frame.tolist() == list(range(90)) and set(one.faces.rank) == {0}
    assert one.faces.person.tolist() == [1] * 20 + [2] * 40 + [1] * 30
    assert "2 persons are the main one" in one.warnings[0]
    assert one.warnings[1] == (
        "other faces are in 50 of 90 frames, and not annotated; --people all annotates them"
    )
    both = annotate(clip, script, people=2)
    assert not [warning for warning in both.warnings if "other faces" in warning]
    two = both.faces
    alone = (two.frame >= 20) & (two.frame < 60)
    assert set(two.rank[alone]) == {0} and (two.rank[~alone] == two.person[~alone] - 1).all()


def test_of_a_crowd_only_who_is_asked_for_is_embedded(checkpoint, clip, monkeypatch):
    embedded = []
    embed = Ensemble.embed

    def counted(self, crops, batch_size):
        embedded.append(len(crops[0]))
        return embed(self, crops, batch_size)

    monkeypatch.setattr(Ensemble, "embed", counted)

    def script(number):
        return [face(4 * n, 2 * n, 30 + (n == 17), 0.95) for n in range(50)]

    annotator = Annotator(
        checkpoint, ScriptedDetector(script), annotation_options(end_seconds=36 / FPS)
    )
    faces = annotator.annotate(source_of(clip)).faces
    assert len(faces) == 36 and set(faces.track) == {18}
    assert sum(embedded) <= 200


def test_start_and_end_keep_true_frame_numbers(annotate, clip):
    annotation = annotate(clip, start_seconds=1.0, end_seconds=2.0)
    assert (annotation.first_frame, annotation.end_frame) == (25, 50)
    assert annotation.faces.frame.tolist() == list(range(25, 50))
    assert annotation.pts_seconds[0] == pytest.approx(1.0)


def test_nobody_at_all(annotate, clip):
    annotation = annotate(clip, lambda number: [])
    assert len(annotation) == 90
    assert len(annotation.faces) == 0
    assert "no face" in annotation.warnings[0]


def test_start_after_the_end_of_the_video_is_an_error_that_names_it(annotate, clip):
    with pytest.raises(SourceError, match=r"a\.mp4"):
        annotate(clip, start_seconds=1000.0)


def test_missing_source_is_an_error_that_names_it(checkpoint):
    (source,) = find_sources(["nosuch.mp4"])
    with pytest.raises(SourceError, match=r"nosuch\.mp4"):
        Annotator(checkpoint, ScriptedDetector(lambda n: [])).annotate(source)


def test_times_follow_the_stream_not_the_frame_number(annotate, tmp_path):
    pts = np.cumsum(np.arange(40) % 3 + 1).tolist()
    path = write_clip(tmp_path / "vfr.mkv", [picture(n) for n in range(40)], pts)
    annotation = annotate(path)
    np.testing.assert_allclose(annotation.pts_seconds, np.array(pts) / FPS, atol=1e-3)


def test_same_source_and_options_give_the_same_bytes(annotate, clip, tmp_path):
    for name in ("one", "two"):
        write_parquet(tmp_path / name, annotate(clip))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_provenance_names_model_detector_options_and_source(annotate, clip):
    provenance = annotate(clip, smooth_seconds=0.25).provenance
    assert provenance["model"] == "random"
    assert provenance["model_runtime"] == "onnxruntime"
    assert provenance["detector"] == "scripted"
    assert provenance["untrained_expressions"] == "Other"
    options = json.loads(provenance["options"])
    assert options["smooth"] == 0.25 and options["stride"] == 16 and options["tail"] == "aligned"
    assert int(provenance["source_bytes"]) == clip.stat().st_size
    assert (provenance["video_stream"], provenance["frame_size"]) == ("0", "240x160")


def crops_in(folder: Path, numbers) -> Path:
    folder.mkdir(parents=True)
    for number in numbers:
        Image.fromarray(picture(number, size=(112, 112))).save(folder / f"{number:05d}.jpg")
    return folder


def test_crop_folder_is_one_person_without_boxes_or_times(annotate, tmp_path):
    folder = crops_in(tmp_path / "v_left", [*range(1, 11), *range(15, 21)])
    annotation = annotate(folder, lambda number: pytest.fail("crops need no detection"))
    assert len(annotation) == 20
    assert np.isnan(annotation.pts_seconds).all()
    assert np.flatnonzero(annotation.faces.bridged).tolist() == [10, 11, 12, 13]
    assert np.isnan(annotation.faces.bbox).all()
    assert annotation.coverage == 16 / 20


def test_crops_have_no_times_to_start_at(annotate, tmp_path):
    with pytest.raises(SourceError, match="no times"):
        annotate(crops_in(tmp_path / "v", [1, 2]), start_seconds=1.0)


def test_crops_of_another_size_are_refused(annotate, tmp_path):
    folder = tmp_path / "v"
    folder.mkdir()
    Image.fromarray(picture(0, size=(96, 96))).save(folder / "00001.jpg")
    with pytest.raises(SourceError, match=r"96 x 96.*112"):
        annotate(folder)


def test_paper_preset_is_the_authors_way_with_a_test_video(checkpoint, tmp_path):
    """Nearest crop, one sequence, windows side by side, the last padded, nothing smoothed."""
    numbers = [3, 4, 5, 9, 20, *range(40, 101)]
    folder = crops_in(tmp_path / "v", numbers)
    options = paper_preset(annotation_options(), window=64)
    annotator = Annotator(checkpoint, ScriptedDetector(lambda n: []), options)
    annotation = annotator.annotate(source_of(folder))

    model, known = checkpoint.model, np.array(numbers) - 1
    nearest = [int(known[np.abs(known - frame).argmin()]) for frame in range(100)]
    pictures = {n: np.array(Image.open(folder / f"{n + 1:05d}.jpg")) for n in known.tolist()}
    features = model.embed(np.stack([pictures[n] for n in nearest]))
    windows = [features[:64], torch.cat([features[64:], features[-1:].repeat(28, 1)])]
    logits = torch.cat(list(model.classify(torch.stack(windows))))[:100]
    expected = torch.softmax(logits, dim=-1).numpy()
    np.testing.assert_allclose(annotation.paper_probabilities[:, :7], expected[:, :7], atol=1e-4)
    assert frame_labels(annotation, 0, "fill").tolist() == expected[:, :7].argmax(axis=1).tolist()
    assert annotation.faces.frame.tolist() == known.tolist()  # nothing is filled in Parquet
    assert np.flatnonzero(frame_labels(annotation, 0, "none") >= 0).tolist() == known.tolist()


def test_windows_of_the_default_overlap_and_end_on_the_last_frame(annotate, clip, checkpoint):
    faces = annotate(clip, smooth_seconds=0.0, windows=WindowOptions(stride=16)).faces
    one = annotate(clip, smooth_seconds=0.0, windows=WindowOptions(stride=26)).faces
    assert not np.allclose(faces.probabilities[:, :7], one.probabilities[:, :7], atol=1e-6)
    assert replace(annotation_options()).windows.stride == 16


SHARES = (0.4, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.0)


def light(name: str, seed: int, **config) -> Checkpoint:
    """A small model of random weights that knows its classes' shares."""
    torch.manual_seed(seed)
    chosen = {"trained_expressions": SEEN, "class_shares": SHARES, "window": 16, **config}
    model = ExpressionModel(ModelConfig(backbone="regnet_y_400mf", input_size=32, **chosen))
    model.requires_grad_(False).eval()
    return Checkpoint(name, name * 8, model, TrainingSummary("noise", "none", 0, 0), "none")


@pytest.fixture(scope="module")
def one():
    return light("one", 7)


@pytest.fixture(scope="module")
def two():
    """Another crop geometry, another window, and one class more."""
    lower = replace(ARCFACE, landmarks=tuple((x, y + 9) for x, y in ARCFACE.landmarks))
    shares = (0.3, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.1)
    return light(
        "two", 8, crop=lower, window=24, class_shares=shares, trained_expressions=EXPRESSIONS
    )


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("short") / "a.mp4", [picture(n) for n in range(40)])


@pytest.fixture
def answers(short):
    """Annotate the short clip, in which the face is not seen in frames 10 to 14."""

    def run(checkpoints, path=short, **options) -> Annotation:
        def script(number):
            return [] if 10 <= number < 15 else [face()]

        chosen = annotation_options(**options)
        return Annotator(checkpoints, ScriptedDetector(script), chosen).annotate(source_of(path))

    return run


def test_logit_adjustment_comes_before_smoothing_and_can_be_taken_back(answers, one):
    plain = answers(one, smooth_seconds=0.4)
    raised = answers(one, smooth_seconds=0.4, logit_adjustment=0.8)
    expected = adjusted(plain.faces.probabilities, SHARES, 0.8)
    np.testing.assert_array_equal(raised.faces.probabilities, expected)
    seconds = np.arange(40) / FPS
    np.testing.assert_allclose(
        raised.faces.smoothed, moving_mean(expected, seconds, 0.4), atol=1e-6
    )
    shares = json.loads(raised.provenance["class_shares"])
    strength = raised.options["logit-adjustment"]
    assert (tuple(shares), strength) == (SHARES, 0.8)
    np.testing.assert_allclose(
        adjusted(raised.faces.probabilities, shares, -strength),
        plain.faces.probabilities,
        atol=1e-6,
    )


def test_logit_adjustment_without_shares_is_refused_by_name(answers):
    with pytest.raises(UsageError, match="model blank does not state them"):
        answers(light("blank", 9, class_shares=()), logit_adjustment=0.5)
    assert json.loads(answers(light("blank", 9, class_shares=())).provenance["class_shares"]) == []


def test_several_models_answer_with_their_mean_each_on_its_own_crops(answers, one, two):
    both = answers([one, two])
    alone = [answers(each).faces.probabilities for each in (one, two)]
    np.testing.assert_allclose(both.faces.probabilities, mean_probabilities(alone), atol=1e-6)
    assert np.isnan(alone[0][:, 7]).all()
    assert not np.isnan(both.faces.probabilities[:, 7]).any()
    assert both.provenance["model"] == "one + two"
    assert both.provenance["model_runtime"] == "onnxruntime + onnxruntime"
    assert both.provenance["model_sha256"] == f"{one.sha256} + {two.sha256}"
    assert both.provenance["untrained_expressions"] == ""


def test_models_that_want_crops_of_two_sizes_cannot_share_a_folder(answers, one, tmp_path):
    small = replace(ARCFACE, size=64)
    folder = crops_in(tmp_path / "v", range(1, 5))
    with pytest.raises(SourceError, match="64 and 112 pixels"):
        answers([one, light("small", 10, crop=small)], folder)


def test_models_that_want_crops_of_one_size_share_a_folder(answers, one, two, tmp_path):
    folder = crops_in(tmp_path / "v", range(1, 20))
    both, alone = answers([one, two], folder), [answers(each, folder) for each in (one, two)]
    expected = mean_probabilities([each.faces.probabilities for each in alone])
    np.testing.assert_allclose(both.faces.probabilities, expected, atol=1e-6)


def test_no_model_and_a_stride_beyond_a_window_are_refused(answers, one, two):
    with pytest.raises(UsageError, match="at least one model"):
        answers([])
    with pytest.raises(UsageError, match="stride of 20 .* model one"):
        answers([two, one], windows=WindowOptions(20))


def test_features_are_kept_on_request_and_bridged_rows_repeat_the_last_ones(answers, one):
    assert answers(one).faces.features is None
    faces = answers(one, keep_features=True).faces
    assert faces.features.shape == (40, one.model.width)
    assert np.flatnonzero(faces.bridged).tolist() == [10, 11, 12, 13, 14]
    np.testing.assert_array_equal(faces.features[10:15], faces.features[[9] * 5])
    again = predict_sequence(one.model, faces.features, WindowOptions())
    np.testing.assert_array_equal(again, faces.probabilities)
    np.testing.assert_array_equal(np.isinf(faces.logits), np.isnan(faces.probabilities))
    weights = np.exp(faces.logits)
    expected = weights[:, :7] / weights.sum(axis=1, keepdims=True)[:, [0] * 7]
    np.testing.assert_allclose(faces.probabilities[:, :7], expected, rtol=1e-5)


def test_kept_logits_are_neither_smoothed_nor_adjusted(answers, one):
    plain = answers(one, keep_features=True).faces
    changed = answers(one, keep_features=True, smooth_seconds=2.0, logit_adjustment=1.0).faces
    np.testing.assert_array_equal(plain.logits, changed.logits)


def test_features_of_the_authors_way_are_those_of_the_crops(answers, one, tmp_path):
    folder = crops_in(tmp_path / "v", [1, 2, 3, 9, 10])
    chosen = vars(paper_preset(annotation_options(keep_features=True), window=16))
    faces = answers(one, folder, **chosen).faces
    paths = [folder / f"{number:05d}.jpg" for number in (1, 2, 3, 9, 10)]
    crops = [np.array(Image.open(path)) for path in paths]
    np.testing.assert_array_equal(faces.features, build_embedder(one.model).embed(crops, 16))
    assert faces.logits.shape == (5, 8)


def test_features_are_of_one_model(answers, one, two):
    with pytest.raises(UsageError, match="of one model, not of 2"):
        answers([one, two], keep_features=True)


def test_a_folder_with_the_crop_of_a_late_frame_only_is_refused(annotate, tmp_path):
    limits = DecodingOptions(limits=VideoLimits(max_frames=99))
    with pytest.raises(SourceError, match=r"more than 99 frames; --max-frames"):
        annotate(crops_in(tmp_path / "v", [1, 100]), decoding=limits)
