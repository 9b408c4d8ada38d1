"""The door to ONNX Runtime: sessions with a stated number of threads, which sleep when there is
nothing to do, so that they do not fight with torch's for the cores."""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
TRIALS: Final = {CUDA: "cuda:0", CPU: "cpu"}

IDENTITY: Final = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01'
    b"\x12\x04\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)
"""An ONNX file whose output y is its input x, one number."""


def open_session(
    model: bytes | Path, threads: int, device: str = "cpu"
) -> onnxruntime.InferenceSession:
    """Return a session that is ready to run; `session_providers` says where it really runs.

    Args:
        model: an ONNX file, or what would be in it.
        threads: that work on one operator; 0 leaves the number to ONNX Runtime.
        device: where it should run, e.g. ``cuda:0``; the CPU if ONNX Runtime cannot.

    Raises:
        ValueError: it is no model that ONNX Runtime can run.
    """
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, settings, providers=_providers(device))
    except Exception as exc:  # ONNX Runtime's errors share no base class
        raise ValueError(str(exc)) from exc


def session_providers(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    """Return the execution providers that a session got, first choice first."""
    return tuple(session.get_providers())


def provider_trials() -> dict[str, str]:
    """Return the execution providers of this ONNX Runtime that we use, and why one does not work.

    A provider is listed where its libraries are not: only a graph that has run tells.
    """
    listed = onnxruntime.get_available_providers()
    return {name: _failure(name, device) for name, device in TRIALS.items() if name in listed}


def _failure(provider: str, device: str) -> str:
    """Return why a provider cannot run a graph; empty if it can."""
    try:
        session = open_session(IDENTITY, 1, device)
        if provider not in session_providers(session):
            return "its libraries cannot be loaded"
        session.run(None, {"x": np.zeros(1, np.float32)})
    except Exception as exc:  # ONNX Runtime's errors share no base class
        return str(exc)
    return ""


def _providers(device: str) -> list[str | tuple[str, dict[str, str]]]:
    kind, _, number = device.partition(":")
    if kind == "cuda" and CUDA in onnxruntime.get_available_providers():
        return [(CUDA, {"device_id": number or "0"}), CPU]
    return [CPU]
