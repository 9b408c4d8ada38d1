"""Files of features, read with NumPy alone and with our own reader."""

from dataclasses import replace

import numpy as np
import pytest
from records import record_of

from videxpr.core.errors import FormatError
from videxpr.formats.npz import read_features, write_features
from videxpr.formats.record import Annotation, FaceRows


def annotation_of(rows: int) -> Annotation:
    drawn = np.random.default_rng(rows)
    nothing = np.full((rows, 10), np.nan, np.float32)
    faces = FaceRows(
        frame=np.arange(rows) + 5,
        track=np.full(rows, 3),
        person=np.full(rows, 2),
        rank=np.zeros(rows, np.int64),
        bbox=nothing[:, :4],
        landmarks=nothing,
        score=nothing[:, 0],
        bridged=np.arange(rows) % 3 == 1,
        probabilities=nothing[:, :8],
        smoothed=nothing[:, :8],
        features=drawn.standard_normal((rows, 20), np.float32),
        logits=drawn.standard_normal((rows, 8), np.float32),
    )
    provenance = {"model": "mine", "model_sha256": "ab" * 32}
    return record_of(
        video="a.mp4",
        first_frame=5,
        pts_seconds=np.arange(rows) / 25,
        seconds=np.arange(rows) / 25,
        shots=np.zeros(rows, np.int64),
        faces=faces,
        provenance=provenance,
    )


def test_numpy_alone_reads_every_column(tmp_path):
    annotation = annotation_of(7)
    write_features(tmp_path / "a.features.npz", annotation)
    with np.load(tmp_path / "a.features.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {
            *("frame_index", "track_id", "person", "rank", "bridged", "features", "logits"),
            *("model", "model_sha256"),
        }
        assert arrays["features"].dtype == arrays["logits"].dtype == np.float32
        np.testing.assert_array_equal(arrays["features"], annotation.faces.features)
        np.testing.assert_array_equal(arrays["frame_index"], annotation.faces.frame)
        assert str(arrays["model"]) == "mine"


@pytest.mark.parametrize("rows", [0, 7])
def test_what_is_written_is_read_back_and_always_the_same(tmp_path, rows):
    annotation = annotation_of(rows)
    for name in ("one", "two"):
        write_features(tmp_path / name, annotation)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    read = read_features(tmp_path / "one")
    assert read.frame.tolist() == annotation.faces.frame.tolist()
    assert read.bridged.tolist() == annotation.faces.bridged.tolist()
    np.testing.assert_array_equal(read.logits, annotation.faces.logits)
    assert (read.model, read.model_sha256) == ("mine", "ab" * 32)


def test_an_annotation_without_features_is_no_file(tmp_path):
    bare = annotation_of(4)
    bare = replace(bare, faces=replace(bare.faces, features=None, logits=None))
    with pytest.raises(ValueError, match="keep_features"):
        write_features(tmp_path / "a", bare)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_what_is_no_such_file_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "a.features.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.features\.npz is no file of features"):
        read_features(path)


def test_other_arrays_are_an_error(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(FormatError, match="frame_index"):
        read_features(tmp_path / "other.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(FormatError, match=r"one\.npy"):
        read_features(tmp_path / "one.npy")
