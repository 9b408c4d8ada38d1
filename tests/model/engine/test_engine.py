"""What embeds a model's crops, and how it comes to be: from the cache, anew, or not at all."""

import threading

import numpy as np
import pytest
import torch
from embedded import face_crops, model_of

from videxpr.core.errors import DeviceError
from videxpr.model.engine import engine as embedding
from videxpr.model.engine.cache import graph_file, write_graph
from videxpr.model.engine.engine import OnnxEmbedder, TorchEmbedder, build_embedder
from videxpr.model.engine.onnx_export import feature_graph
from videxpr.model.inference import embed_crops


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
    assert isinstance(embedder, TorchEmbedder)
    assert (embedder.runtime, embedder.providers) == ("torch", ())
    assert not cache.exists()
    crops = face_crops(3)
    itself = TorchEmbedder(model).embed(crops, 2)
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
    assert isinstance(build_embedder(model), OnnxEmbedder)
    assert len(made) == 2 and graph_file(model).read_bytes() == whole


def test_a_whole_file_that_is_no_graph_is_made_again(model, made):
    write_graph(graph_file(model), b"whole, but no graph")
    assert isinstance(build_embedder(model), OnnxEmbedder)
    assert len(made) == 1
    assert isinstance(build_embedder(model), OnnxEmbedder)
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
    assert isinstance(build_embedder(model), OnnxEmbedder) and graph_file(model).is_file()


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
    embedder = TorchEmbedder(model)
    np.testing.assert_allclose(embedder.embed(crops, 5), expected, rtol=1e-4, atol=1e-4)
    assert sizes == [5, 2, 2, 1, 2]  # what fits is not tried again
    assert len(caplog.messages) == 1 and "embedding" in caplog.messages[0]
    limit = 0
    with pytest.raises(DeviceError, match="cpu"):
        embedder.embed(crops, 5)
