"""Windows cut anew from files of features, against an annotation with that stride."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from chosen import annotation_options
from pipeline import ScriptedDetector, face, picture, source_of, write_clip

from videxpr.annotation.annotator import Annotator
from videxpr.core.errors import FormatError, UsageError
from videxpr.evaluation.tune.data import read_tuning_data
from videxpr.evaluation.tune.restride import restride
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.npz import write_features
from videxpr.formats.parquet import write_parquet
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions

SHARES = (0.4, 0.1, 0.05, 0.05, 0.2, 0.1, 0.05, 0.05)


@pytest.fixture(scope="module")
def checkpoint():
    torch.manual_seed(4)
    config = ModelConfig(backbone="regnet_y_400mf", input_size=32, window=16, class_shares=SHARES)
    model = ExpressionModel(config).requires_grad_(False).eval()
    return Checkpoint("light", "cd" * 32, model, TrainingSummary("noise", "none", 0, 0), "none")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots; in the first one the face is gone for a while, in the second there are two."""
    pictures = [picture(n) for n in range(60)] + [picture(n, 200) for n in range(30)]
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", pictures)


def script(number):
    if number >= 60:
        return [face(20, 40, 80), face(150, 40, 50)]
    return [] if number in range(8, 11) or number in range(20, 45) else [face(20, 40, 80)]


@pytest.fixture
def annotated(checkpoint, clip, tmp_path):
    """Annotate the clip, and write what tuning reads."""

    def run(stride, folder="predictions", **options):
        chosen = {"people": 2, "keep_features": True, "windows": WindowOptions(stride)} | options
        annotator = Annotator(checkpoint, ScriptedDetector(script), annotation_options(**chosen))
        annotation = annotator.annotate(source_of(clip))
        write_parquet(tmp_path / folder / "a.parquet", annotation)
        write_features(tmp_path / folder / "a.features.npz", annotation)
        for name in ("a", "a_right"):
            write_labels(tmp_path / "labels" / f"{name}.txt", np.zeros(90, np.int64))
        return read_tuning_data(tmp_path / folder, tmp_path / "labels")

    return run


def test_other_strides_give_what_annotate_gives(annotated, checkpoint):
    data = annotated(16, logit_adjustment=0.5)
    found = restride(data, checkpoint, (4, 16, 32))
    assert list(found) == [4]  # 16 is the files' own, 32 is more than a window
    other = annotated(4, "other")
    for one, two, rows in zip(data.people, other.people, found[4], strict=True):
        assert one.name == two.name
        np.testing.assert_array_equal(rows, two.annotation.faces.probabilities)
        assert not np.allclose(rows, one.annotation.faces.probabilities, atol=1e-4)


def test_persons_who_were_never_seen_have_nothing_to_cut(annotated, checkpoint, tmp_path):
    annotated(16)
    write_labels(tmp_path / "labels" / "lost.txt", np.zeros(5, np.int64))
    data = read_tuning_data(tmp_path / "predictions", tmp_path / "labels")
    found = restride(data, checkpoint, (4,))[4]
    assert [rows is None for rows in found] == [False, False, True]


def test_another_model_is_refused(annotated, checkpoint):
    data = annotated(16)
    with pytest.raises(UsageError, match="made by model light .*, not by other"):
        restride(data, replace(checkpoint, name="other", sha256="ef" * 32), (4,))


def test_a_file_of_features_that_is_not_there_is_named(annotated, checkpoint, tmp_path):
    data = annotated(16)
    (tmp_path / "predictions" / "a.features.npz").unlink()
    with pytest.raises(UsageError, match=r"no a\.features\.npz beside"):
        restride(data, checkpoint, (4,))


def test_features_of_another_run_are_refused(annotated, checkpoint, tmp_path):
    data = annotated(16)
    annotated(16, "other", people=1, start_seconds=0.4)
    stale = (tmp_path / "other" / "a.features.npz").read_bytes()
    (tmp_path / "predictions" / "a.features.npz").write_bytes(stale)
    with pytest.raises(FormatError, match="of another run"):
        restride(data, checkpoint, (4,))
