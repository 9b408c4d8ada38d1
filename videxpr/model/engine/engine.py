"""Features of face crops by the quickest way that a device has: ONNX Runtime on a CPU, else torch."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import numpy as np
import torch

from videxpr.core.auto_batch import AutoBatch
from videxpr.core.errors import DeviceError
from videxpr.core.onnx_runtime import open_session, session_providers
from videxpr.core.structures import Floats, Image
from videxpr.model.engine.cache import graph_file, read_graph, write_graph
from videxpr.model.engine.cuda_graph import CapturedNetwork, fused_network
from videxpr.model.engine.onnx_export import CROPS, feature_graph
from videxpr.model.engine.parity import difference_from_torch
from videxpr.model.inference import embed_crops
from videxpr.model.network import ExpressionModel

LOGGER: Final = logging.getLogger(__name__)

LARGEST_DIFFERENCE: Final = 1e-3
"""Between features of ONNX Runtime and of torch, as a share of torch's length; float noise is 1e-6."""

BATCHES_AT_ONCE: Final = 2
"""In a pipeline a network has half of the cores, and embedding takes longest: while the other half has
nothing to do, it takes the next batch. Threads that share one batch wait for the slower of them."""


class Embedder(Protocol):
    """What turns crops into features.

    Attributes:
        runtime: ``onnxruntime`` or ``torch``.
        providers: ONNX Runtime's execution providers that its session got, first choice first; empty
            where torch does the work.
        threads: that work together on a CPU.
        batches_at_once: how many batches are best embedded at the same time, each by a caller's thread.
    """

    runtime: str
    providers: tuple[str, ...]
    threads: int
    batches_at_once: int

    def embed(self, crops: Sequence[Image], batch_size: int) -> Floats:
        """Return features (N, width) of N crops (size, size, 3) uint8, a batch at a time."""
        ...


class TorchEmbedder:
    """The model itself, on whatever device it is; in half precision on an NVIDIA GPU.

    A batch that does not fit into the device's memory is halved.
    """

    def __init__(self, model: ExpressionModel) -> None:
        self.runtime = "torch"
        self.providers: tuple[str, ...] = ()
        self.threads = torch.get_num_threads()
        self.batches_at_once = 1
        self._model = model
        self._network = _network_of(model)
        self._batches = AutoBatch("embedding")

    def embed(self, crops: Sequence[Image], batch_size: int) -> Floats:
        """Return features (N, width) of N crops.

        Raises:
            DeviceError: the device's memory is too small for a single crop.
        """
        rows: list[Floats] = []
        try:
            for first in range(0, len(crops), batch_size):
                rows += self._batches.run(crops[first : first + batch_size], self._rows)
        except torch.OutOfMemoryError as exc:
            raise DeviceError(
                f"the memory of {self._model.device} is too small to embed a face; something else may "
                "fill it: choose another device, or --device cpu"
            ) from exc
        return np.stack(rows) if rows else np.zeros((0, self._model.width), np.float32)

    def _rows(self, crops: Sequence[Image]) -> list[Floats]:
        return list(self._network(crops))


def _network_of(model: ExpressionModel) -> Callable[[Sequence[Image]], Floats]:
    if model.device.type == "cuda":
        return CapturedNetwork(fused_network(model), model.config.crop.size, model.device)
    return lambda crops: embed_crops(model, crops, len(crops))


class OnnxEmbedder:
    """A model's graph in a session of ONNX Runtime; any number of threads may call it."""

    def __init__(self, graph: bytes, width: int, threads: int) -> None:
        """Load a graph.

        Args:
            graph: an ONNX file.
            width: number of its features.
            threads: that work together.

        Raises:
            ValueError: it is nothing that ONNX Runtime can run.
        """
        self._session = open_session(graph, threads)
        self._width = width
        self.runtime = "onnxruntime"
        self.providers = session_providers(self._session)
        self.threads = threads
        self.batches_at_once = BATCHES_AT_ONCE

    def embed(self, crops: Sequence[Image], batch_size: int) -> Floats:
        """Return features (N, width) of N crops."""
        batches = [
            self._session.run(None, {CROPS: np.stack(crops[first : first + batch_size])})[0]
            for first in range(0, len(crops), batch_size)
        ]
        return np.concatenate(batches) if batches else np.zeros((0, self._width), np.float32)


def build_embedder(model: ExpressionModel, threads: int | None = None) -> Embedder:
    """Return what embeds a model's crops on the device where its weights are now.

    On a CPU its graph is taken from the user's cache, or is made, tried against torch and kept there.

    Args:
        model: in evaluation mode; its backbone must not change any more.
        threads: of ONNX Runtime; None means as many as torch has.
    """
    if model.device.type != "cpu":
        return TorchEmbedder(model)
    count = torch.get_num_threads() if threads is None else threads
    try:
        return _kept_or_made(model, count)
    except ValueError as exc:
        reason = " ".join(str(exc).split())
        LOGGER.warning("faces are embedded by torch, which is slower: %s", reason)
        return TorchEmbedder(model)


def _kept_or_made(model: ExpressionModel, threads: int) -> OnnxEmbedder:
    file = graph_file(model)
    kept = read_graph(file)
    if kept is not None:
        with suppress(ValueError):  # whole, but nothing that this ONNX Runtime can run
            return OnnxEmbedder(kept, model.width, threads)
    graph = feature_graph(model)
    embedder = OnnxEmbedder(graph, model.width, threads)
    difference = difference_from_torch(embedder.embed, model)
    if not difference <= LARGEST_DIFFERENCE:  # nor is it a number
        raise ValueError(f"the features of ONNX Runtime differ from torch's by {difference:.2g}")
    write_graph(file, graph)
    return embedder
