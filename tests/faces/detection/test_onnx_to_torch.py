"""Networks of ONNX files in torch compute what ONNX Runtime computes."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import SHARED
from onnx import TensorProto, helper, numpy_helper
from small_scrfd import write_small_scrfd

from videxpr.core.errors import DetectorError
from videxpr.faces.detection.onnx_to_torch import Graph

MODELS = SHARED / "models" / "insightface" / "models"
SIDE = 128


def write_node(path, kind, weights=(), inputs=("x",), shape=(1, 2, "h", "w"), **attributes):
    """A network of one node."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    names = [f"w{n}" for n in range(len(weights))]
    tensors = [numpy_helper.from_array(w, n) for w, n in zip(weights, names, strict=True)]
    node = helper.make_node(kind, [*inputs, *names], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [value], [made], tensors)
    opset = [helper.make_opsetid("", attributes.pop("opset", 11))]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), str(path))
    return path


def assert_as_in_onnx_runtime(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: x})
    found = Graph(path)(torch.from_numpy(x))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, atol=1e-5)


@pytest.mark.parametrize("side", [128, 160])
def test_small_network_computes_the_same(tmp_path, side):
    x = np.random.default_rng(1).normal(size=(1, 3, side, side)).astype(np.float32)
    assert_as_in_onnx_runtime(write_small_scrfd(tmp_path / "a.onnx"), x)


def weights(*shape):
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "tensors", "attributes"),
    [
        ("Conv", [weights(4, 2, 3, 3)], {"pads": [0, 0, 1, 1], "strides": [2, 2]}),
        ("Conv", [weights(4, 1, 3, 3), weights(4)], {"group": 2, "dilations": [2, 2]}),
        ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
        ("AveragePool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1] * 4, "count_include_pad": 1}),
        ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        ("Reshape", [np.array([0, 2, -1])], {}),
        ("Transpose", [], {"perm": [0, 2, 3, 1]}),
        ("Identity", [], {}),
    ],
)
def test_nodes_compute_the_same(tmp_path, kind, tensors, attributes):
    path = write_node(tmp_path / "one.onnx", kind, tensors, **attributes)
    assert_as_in_onnx_runtime(path, weights(1, 2, 9, 11))


@pytest.mark.parametrize("scale", [2.0, 1.5])
def test_pictures_are_made_larger_by_a_scale_too(tmp_path, scale):
    way = {"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    scales = [np.zeros(0, np.float32), np.array([1, 1, scale, scale], np.float32)]
    path = write_node(tmp_path / "up.onnx", "Resize", scales, mode="nearest", **way)
    assert_as_in_onnx_runtime(path, weights(1, 2, 8, 6))


@pytest.mark.skipif(not MODELS.is_dir(), reason=f"no SCRFD weights in {MODELS}")
@pytest.mark.parametrize("name", ["buffalo_sc/det_500m.onnx", "scrfd_2.5g/det_2.5g.onnx"])
def test_real_weights_compute_the_same(name):
    x = np.random.default_rng(3).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
    assert_as_in_onnx_runtime(MODELS / name, x)


def test_weights_go_to_the_device_and_sizes_stay(tmp_path):
    graph = Graph(write_small_scrfd(tmp_path / "a.onnx")).to("meta")
    assert {buffer.dtype for buffer in graph.buffers()} == {torch.float32}
    made = graph(torch.empty(2, 3, SIDE, SIDE, device="meta"))
    assert [tuple(one.shape) for one in made[:3]] == [(1024, 1), (256, 1), (64, 1)]


def test_input_that_is_pinned_is_told(tmp_path):
    assert Graph(write_small_scrfd(tmp_path / "a.onnx", side=320)).input_side == 320
    assert Graph(write_small_scrfd(tmp_path / "b.onnx")).input_side is None


def test_unknown_nodes_are_named(tmp_path):
    with pytest.raises(DetectorError, match=r"one\.onnx is computed with Elu, .*--device cpu"):
        Graph(write_node(tmp_path / "one.onnx", "Elu"))


def test_known_nodes_of_an_unknown_kind_are_named(tmp_path):
    sizes = [np.zeros(0, np.float32), np.array([1, 1, 2, 2], np.float32)]
    path = write_node(tmp_path / "one.onnx", "Resize", sizes, mode="linear")
    with pytest.raises(DetectorError, match=r"Resize of a kind .*linear"):
        Graph(path)


def test_file_that_is_none_is_an_error_that_names_it(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(DetectorError, match=r"bad\.onnx"):
        Graph(tmp_path / "bad.onnx")
