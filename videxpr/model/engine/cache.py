"""Graphs made of models, kept in the user's cache: known by the weights, checked by their hash.

A file is the SHA-256 of a graph, 32 bytes, and the graph. What does not fit is as good as not there.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import torch

from videxpr.core.errors import OutputError
from videxpr.core.files import atomic_write
from videxpr.model.hub.resolve import cache_folder
from videxpr.model.network import ExpressionModel

GRAPH_VERSION: Final = 2
"""Raise it when `videxpr.model.engine.onnx_export` builds another graph of the same model."""

DIGEST_BYTES: Final = 32


def graph_file(model: ExpressionModel) -> Path | None:
    """Return where the graph of a model is kept, by all that it is made of; None without a cache."""
    config = model.config
    about = (
        GRAPH_VERSION,
        torch.backends.cpu.get_cpu_capability(),  # the graph is built for a processor
        config.backbone,
        config.crop.size,
        config.input_size,
        config.color,
        config.mean,
        config.std,
    )
    digest = hashlib.sha256(json.dumps(about).encode())
    for name, tensor in model.backbone.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().numpy())
    with suppress(RuntimeError):  # the user has no home
        return cache_folder() / "graphs" / f"{config.backbone}-{digest.hexdigest()[:16]}.graph"
    return None


def read_graph(file: Path | None) -> bytes | None:
    """Return the graph in a file; None if there is none, or a damaged one."""
    if file is None:
        return None
    try:
        with file.open("rb") as kept:
            digest, graph = kept.read(DIGEST_BYTES), kept.read()
    except OSError:
        return None
    return graph if hashlib.sha256(graph).digest() == digest else None


def write_graph(file: Path | None, graph: bytes) -> None:
    """Write a graph for the next time, if there is a cache and it can be written to."""
    if file is not None:
        with suppress(OutputError), atomic_write(file) as temporary:
            temporary.write_bytes(hashlib.sha256(graph).digest() + graph)
