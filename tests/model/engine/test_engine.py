"""What embeds a model's crops, and how it comes to be: from the cache, anew, or not at all.

Graphs that are kept are found again only by the same model, and only if they are whole.
"""

import multiprocessing
import os
import pickle
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from embedded import face_crops, model_of, write_graph_often

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import DeviceError
from videxpr.model.engine import engine as embedding
from videxpr.model.engine.engine import (
    build_embedder,
    difference_from_torch,
    graph_file,
    parity_crops,
    read_graph,
    torch_embedder,
    write_graph,
)
from videxpr.model.engine.onnx_export import feature_graph
from videxpr.model.inference import embed_crops

GRAPH = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def model():
    return model_of(input_size=32)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def made(monkeypatch):
    """Counts the graphs that are made."""
    graphs = []

    def counted(model):
        graphs.append(feature_graph(model))
        return graphs[-1]

    monkeypatch.setattr(embedding, "feature_graph", counted)
    return graphs


@pytest.mark.parametrize("batch_size", [2, 5, 16])
def test_features_are_torchs_in_their_order_whatever_the_batch(model, batch_size):
    crops = face_crops(5)
    embedder = build_embedder(model, threads=1)
    assert embedder.runtime == "onnxruntime"
    assert (embedder.providers, embedder.threads) == (("CPUExecutionProvider",), 1)
    found, expected = embedder.embed(crops, batch_size), embed_crops(model, crops, 5)
    assert found.shape == (5, model.width) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert embedder.embed([], batch_size).shape == (0, model.width)


def test_threads_are_torchs_if_not_told(model):
    assert build_embedder(model).threads == torch.get_num_threads()
    assert build_embedder(model, threads=3).threads == 3


def test_on_another_device_torch_embeds(model, cache):
    embedder = build_embedder(model_of().to("meta"))
    assert (embedder.runtime, embedder.providers) == ("torch", ())
    assert not cache.exists()
    crops = face_crops(3)
    itself = torch_embedder(model).embed(crops, 2)
    np.testing.assert_array_equal(itself, embed_crops(model, crops, 2))


def test_a_graph_is_made_once_and_then_taken_from_the_cache(model, made):
    crops = face_crops(3)
    first = build_embedder(model).embed(crops, 3)
    assert len(made) == 1 and graph_file(model).is_file()
    np.testing.assert_array_equal(build_embedder(model).embed(crops, 3), first)
    assert len(made) == 1
    build_embedder(model_of(seed=1, input_size=32))
    assert len(made) == 2


@pytest.mark.parametrize("content", [b"", b"no graph at all", b"\x80\x04N."])
def test_a_damaged_graph_is_made_again(model, made, content):
    build_embedder(model)
    whole = graph_file(model).read_bytes()
    graph_file(model).write_bytes(content)
    assert build_embedder(model).runtime == "onnxruntime"
    assert len(made) == 2 and graph_file(model).read_bytes() == whole


def test_a_whole_file_that_is_no_graph_is_made_again(model, made):
    write_graph(graph_file(model), b"whole, but no graph")
    assert build_embedder(model).runtime == "onnxruntime"
    assert len(made) == 1
    assert build_embedder(model).runtime == "onnxruntime"
    assert len(made) == 1


def test_without_a_cache_a_graph_is_made_in_memory(model, made, cache):
    cache.touch()  # no folder can be made where a file is
    for count in (1, 2):
        assert build_embedder(model).runtime == "onnxruntime"
        assert len(made) == count
    assert cache.read_bytes() == b""


def test_features_that_differ_from_torchs_leave_the_work_to_torch(model, monkeypatch, caplog):
    monkeypatch.setattr(embedding, "feature_graph", lambda model: feature_graph(model_of(seed=9)))
    embedder = build_embedder(model)
    assert embedder.runtime == "torch"
    assert "torch" in caplog.text and "differ" in caplog.text
    assert not graph_file(model).exists()
    crops = face_crops(2)
    np.testing.assert_array_equal(embedder.embed(crops, 2), embed_crops(model, crops, 2))


def test_features_that_are_no_numbers_leave_the_work_to_torch():
    broken = model_of(input_size=32)
    broken.backbone.stem[0].weight[:] = float("nan")
    assert build_embedder(broken).runtime == "torch"


def test_a_layer_that_is_not_known_leaves_the_work_to_torch(caplog):
    odd = model_of(input_size=32)
    odd.backbone.stem[2] = torch.nn.Hardswish()
    embedder = build_embedder(odd)
    assert embedder.runtime == "torch"
    (warning,) = caplog.messages
    assert "Hardswish" in warning and "\n" not in warning


def test_threads_that_start_together_get_the_same_features(model):
    crops, found = face_crops(3), {}

    def work(number):
        found[number] = build_embedder(model, threads=1).embed(crops, 3)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for features in found.values():
        np.testing.assert_array_equal(features, found[0])
    assert build_embedder(model).runtime == "onnxruntime" and graph_file(model).is_file()


def test_one_embedder_serves_several_threads(model):
    embedder, crops = build_embedder(model, threads=1), face_crops(6)
    expected, wrong = embedder.embed(crops, 4), []

    def work():
        for _ in range(5):
            if not np.array_equal(embedder.embed(crops, 4), expected):
                wrong.append(True)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_batch_that_does_not_fit_is_halved_and_one_crop_that_does_not_is_an_error(caplog):
    model, sizes, crops = model_of(input_size=32), [], face_crops(7)
    embed, limit = model.embed, 2

    def small_memory(batch):
        sizes.append(len(batch))
        if len(batch) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return embed(batch)

    expected = embed_crops(model, crops, 2)
    model.embed = small_memory
    embedder = torch_embedder(model)
    np.testing.assert_allclose(embedder.embed(crops, 5), expected, rtol=1e-4, atol=1e-4)
    assert sizes == [5, 2, 2, 1, 2]  # what fits is not tried again
    assert len(caplog.messages) == 1 and "embedding" in caplog.messages[0]
    limit = 0
    with pytest.raises(DeviceError, match="cpu"):
        embedder.embed(crops, 5)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "folder" / "a.graph"


def test_a_kept_graph_is_read_again(file):
    assert read_graph(file) is None
    write_graph(file, GRAPH)
    assert read_graph(file) == GRAPH
    assert [one.name for one in file.parent.iterdir()] == ["a.graph"]


def test_a_damaged_or_foreign_file_is_as_good_as_none(file):
    write_graph(file, GRAPH)
    whole = file.read_bytes()
    flipped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for content in (b"", whole[:-1], whole + b"x", flipped, GRAPH, pickle.dumps({"a": 1})):
        file.write_bytes(content)
        assert read_graph(file) is None
    file.unlink()
    file.mkdir()
    assert read_graph(file) is None
    write_graph(file, GRAPH)  # a folder is in the way: nothing happens
    assert read_graph(file) is None


def test_a_cache_that_cannot_be_written_to_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    write_graph(tmp_path / "file" / "a.graph", GRAPH)
    write_graph(None, GRAPH)
    assert read_graph(tmp_path / "file" / "a.graph") is read_graph(None) is None


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_cache_is_no_error(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    write_graph(tmp_path / "a.graph", GRAPH)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_whole_at_any_time_while_two_processes_write_it(file):
    ours, theirs = (bytes([number]) * 2_000_000 for number in (1, 2))
    write_graph(file, ours)
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    writer = context.Process(target=write_graph_often, args=(str(file), theirs, 50, begun))
    writer.start()
    assert begun.wait(120)  # it imports torch first, and would share its core with us
    seen = []
    while writer.is_alive():
        write_graph(file, ours)
        seen.append(read_graph(file))
    assert writer.exitcode == 0
    assert seen.count(ours) + seen.count(theirs) == len(seen) > 0
    assert [one.name for one in file.parent.iterdir()] == ["a.graph"]


def test_a_file_belongs_to_weights_and_geometry():
    models = [
        model_of(),
        model_of(seed=1),
        model_of("regnet_y_800mf"),
        model_of(input_size=64),
        model_of(crop=ARCFACE.resized(96)),
        model_of(color=False),
        model_of(mean=(0.5, 0.5, 0.5)),
        model_of(std=(0.5, 0.5, 0.5)),
    ]
    assert len({graph_file(model) for model in models}) == len(models)
    assert graph_file(model_of()) == graph_file(models[0])
    changed = model_of()
    changed.backbone.stem[0].weight[0, 0, 0, 0] += 1e-6
    assert graph_file(changed) != graph_file(models[0])


def test_what_does_not_change_the_features_does_not_change_the_file():
    assert graph_file(model_of(temperature=2.0, window=8)) == graph_file(model_of())


def test_graphs_lie_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path))
    path = graph_file(model_of())
    assert path.parent == tmp_path / "graphs" and path.name.startswith("regnet_y_400mf-")


def test_another_processor_has_another_graph(monkeypatch):
    before = graph_file(model_of())
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "another")
    assert graph_file(model_of()) != before


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def homeless():
        raise RuntimeError("could not determine home directory")

    for name in ("VIDEXPR_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert graph_file(model_of()) is None


def test_crops_are_of_the_templates_size_and_always_the_same():
    for size in (64, 112):
        crops = parity_crops(ARCFACE.resized(size))
        assert {crop.shape for crop in crops} == {(size, size, 3)}
        assert {crop.dtype for crop in crops} == {np.dtype(np.uint8)}
        np.testing.assert_array_equal(crops, parity_crops(ARCFACE.resized(size)))
        assert len({crop.tobytes() for crop in crops}) == len(crops)


def test_faces_are_dark_where_the_landmarks_are():
    face = parity_crops(ARCFACE)[-1].astype(int).sum(axis=2)
    (x, y), cheek = ARCFACE.landmarks[0], face[72, 38]
    assert face[round(y), round(x)] < 0.7 * cheek


def test_a_difference_is_a_share_of_the_features_length(model):
    def scaled(by):
        return lambda crops, size: by * embed_crops(model, crops, size)

    assert difference_from_torch(scaled(1), model) == 0
    assert difference_from_torch(scaled(1.25), model) == pytest.approx(0.25, rel=1e-5)


def test_the_worst_crop_counts(model):
    def one_wrong(crops, size):
        features = embed_crops(model, crops, size)
        features[2] *= -1
        return features

    assert difference_from_torch(one_wrong, model) == pytest.approx(2, rel=1e-5)


def test_what_is_not_a_number_is_not_small(model):
    difference = difference_from_torch(
        lambda crops, size: embed_crops(model, crops, size) * np.nan, model
    )
    assert np.isnan(difference)
