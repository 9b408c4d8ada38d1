"""Sessions that do as they are told, on a graph of one operator."""

import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from videxpr.core.onnx_runtime import (
    CPU,
    IDENTITY,
    open_session,
    provider_trials,
    session_providers,
)

SIDE = 256


def squaring() -> bytes:
    """A graph that multiplies a matrix by itself."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [SIDE, SIDE]) for n in "xy")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "x"], ["y"])], "g", [x], [y])
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


def test_a_session_is_made_of_bytes_or_of_a_file(tmp_path):
    file = tmp_path / "square.onnx"
    onnx.save(onnx.load_from_string(squaring()), file)
    x = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    for model in (squaring(), file):
        (y,) = open_session(model, 1).run(None, {"x": x})
        np.testing.assert_allclose(y, x @ x, atol=1e-3)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_as_many_as_asked_for_and_do_not_spin(threads):
    session = open_session(squaring(), threads)
    settings = session.get_session_options()
    assert settings.intra_op_num_threads == threads
    assert settings.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_threads_of_a_session_sleep_between_two_runs():
    session = open_session(squaring(), 3)
    x = np.ones((SIDE, SIDE), np.float32)
    session.run(None, {"x": x})
    used = -time.process_time()
    for _ in range(20):
        session.run(None, {"x": x})
        time.sleep(0.02)
    assert used + time.process_time() < 0.1  # of 0.4 s in which spinning threads would work


def test_a_device_that_onnx_runtime_lacks_gives_the_cpu():
    assert session_providers(open_session(squaring(), 1)) == ("CPUExecutionProvider",)
    assert session_providers(open_session(squaring(), 1, "cuda:0"))[-1] == "CPUExecutionProvider"


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    for model in (b"no model", b"", tmp_path / "bad.onnx", tmp_path / "none.onnx"):
        with pytest.raises(ValueError):
            open_session(model, 1)


def test_a_provider_that_is_listed_is_tried():
    assert provider_trials()[CPU] == ""
    onnx.checker.check_model(onnx.load_from_string(IDENTITY))
