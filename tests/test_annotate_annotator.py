import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pipeline import FPS, ScriptedDetector, face, picture, source_of, write_clip

from videxpr.annotate.annotator import Annotator
from videxpr.annotate.options import AnnotateOptions, paper_preset
from videxpr.annotation import Annotation
from videxpr.checkpoint import Checkpoint, TrainingSummary
from videxpr.errors import SourceError
from videxpr.expressions import EXPRESSIONS
from videxpr.formats.parquet import write_parquet
from videxpr.labelling import frame_labels
from videxpr.model import ExpressionModel, ModelConfig
from videxpr.smoothing import moving_mean
from videxpr.sources import find_sources
from videxpr.windows import WindowOptions

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
        chosen = AnnotateOptions(**options)
        return Annotator(checkpoint, ScriptedDetector(script), chosen).annotate(source_of(path))

    return run


def test_every_frame_of_a_clip_gets_one_row(annotate, clip):
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
    gap = range(10, 26)  # 16 frames
    faces = annotate(clip, lambda n: [] if n in gap else [face()]).faces
    assert faces.frame.tolist() == list(range(90))
    assert np.flatnonzero(faces.bridged).tolist() == list(gap)
    assert np.isnan(faces.bbox[10:26]).all()
    assert not np.isnan(faces.probabilities[10:26, 0]).any()


def test_longer_gap_starts_a_new_sequence(annotate, clip):
    gap = range(10, 27)  # 17 frames
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
    assert provenance["detector"] == "scripted"
    assert provenance["untrained_expressions"] == "Other"
    assert json.loads(provenance["options"])["smooth_seconds"] == "0.25"
    assert int(provenance["source_bytes"]) == clip.stat().st_size


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
    options = paper_preset(AnnotateOptions(), window=64)
    annotator = Annotator(checkpoint, ScriptedDetector(lambda n: []), options)
    annotation = annotator.annotate(source_of(folder))

    model, known = checkpoint.model, np.array(numbers) - 1
    nearest = [int(known[np.abs(known - frame).argmin()]) for frame in range(100)]
    pictures = {n: np.array(Image.open(folder / f"{n + 1:05d}.jpg")) for n in known.tolist()}
    features = model.embed(np.stack([pictures[n] for n in nearest]))
    windows = [features[:64], torch.cat([features[64:], features[-1:].repeat(28, 1)])]
    logits = torch.cat(list(model.classify(torch.stack(windows))))[:100]
    expected = torch.softmax(logits, dim=-1).numpy()
    np.testing.assert_allclose(annotation.every_frame[:, :7], expected[:, :7], atol=1e-4)
    assert frame_labels(annotation, 0, "fill").tolist() == expected[:, :7].argmax(axis=1).tolist()
    assert annotation.faces.frame.tolist() == known.tolist()  # nothing is filled in Parquet
    assert np.flatnonzero(frame_labels(annotation, 0, "none") >= 0).tolist() == known.tolist()


def test_windows_of_the_default_overlap_and_end_on_the_last_frame(annotate, clip, checkpoint):
    faces = annotate(clip, smooth_seconds=0.0, windows=WindowOptions(stride=16)).faces
    one = annotate(clip, smooth_seconds=0.0, windows=WindowOptions(stride=26)).faces
    assert not np.allclose(faces.probabilities[:, :7], one.probabilities[:, :7], atol=1e-6)
    assert replace(AnnotateOptions()).windows.stride == 16
