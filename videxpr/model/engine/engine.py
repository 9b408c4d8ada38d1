"""Features of face crops by the quickest way that a device has: ONNX Runtime on a CPU, else torch.

Graphs made of models are kept in the user's cache: known by the weights, checked by their hash. A file
is the SHA-256 of a graph, 32 bytes, and the graph. What does not fit is as good as not there.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from videxpr.core.auto_batch import AutoBatch
from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import DeviceError, OutputError
from videxpr.core.files import atomic_write
from videxpr.core.onnx_runtime import open_session, session_providers
from videxpr.core.structures import Floats, Image
from videxpr.model.engine.cuda_graph import CapturedNetwork, fused_network
from videxpr.model.engine.onnx_export import CROPS, feature_graph
from videxpr.model.hub.resolve import cache_folder
from videxpr.model.inference import embed_crops
from videxpr.model.network import ExpressionModel

LOGGER: Final = logging.getLogger(__name__)

LARGEST_DIFFERENCE: Final = 1e-3
"""Between features of ONNX Runtime and of torch, as a share of torch's length; float noise is 1e-6."""

BATCHES_AT_ONCE: Final = 2
"""In a pipeline a network has half of the cores, and embedding takes longest: while the other half has
nothing to do, it takes the next batch. Threads that share one batch wait for the slower of them."""

GRAPH_VERSION: Final = 2
"""Raise it when `videxpr.model.engine.onnx_export` builds another graph of the same model."""

DIGEST_BYTES: Final = 32
PARITY_SEED: Final = 0
PARITY_CROPS: Final = 2
"""Crops of noise, and as many of faces; one batch."""


@dataclass(frozen=True)
class Embedder:
    """What turns crops into features.

    Attributes:
        runtime: ``onnxruntime`` or ``torch``.
        providers: ONNX Runtime's execution providers that its session got, first choice first; empty
            where torch does the work.
        threads: that work together on a CPU.
        batches_at_once: how many batches are best embedded at the same time, each by a caller's thread.
        width: number of features.
        network: computes the features (N, width) of one batch.
    """

    runtime: str
    providers: tuple[str, ...]
    threads: int
    batches_at_once: int
    width: int
    network: Callable[[Sequence[Image]], Floats]

    def embed(self, crops: Sequence[Image], batch_size: int) -> Floats:
        """Return features of crops, a batch at a time.

        Args:
            crops: N of (size, size, 3) uint8 each, RGB, with the size of the model's crops.
            batch_size: crops that go through the network together.

        Returns:
            (N, width) float32.

        Raises:
            DeviceError: the device's memory is too small for a single crop.
        """
        batches = [
            self.network(crops[first : first + batch_size])
            for first in range(0, len(crops), batch_size)
        ]
        return np.concatenate(batches) if batches else np.zeros((0, self.width), np.float32)


def build_embedder(model: ExpressionModel, threads: int | None = None) -> Embedder:
    """Return what embeds a model's crops on the device where its weights are now.

    On a CPU its graph is taken from the user's cache, or is made, tried against torch and kept there.

    Args:
        model: in evaluation mode; its backbone must not change any more.
        threads: of ONNX Runtime; None means as many as torch has.
    """
    if model.device.type != "cpu":
        return torch_embedder(model)
    count = torch.get_num_threads() if threads is None else threads
    try:
        return _kept_or_made(model, count)
    except ValueError as exc:
        reason = " ".join(str(exc).split())
        LOGGER.warning("faces are embedded by torch, which is slower: %s", reason)
        return torch_embedder(model)


def torch_embedder(model: ExpressionModel) -> Embedder:
    """Return the model itself, on whatever device it is; in half precision on an NVIDIA GPU.

    A batch that does not fit into the device's memory is halved.
    """
    batches = AutoBatch("embedding")

    def plain(crops: Sequence[Image]) -> Floats:
        return embed_crops(model, crops, len(crops))

    network = (
        CapturedNetwork(fused_network(model), model.config.crop.size, model.device)
        if model.device.type == "cuda"
        else plain
    )

    def run(crops: Sequence[Image]) -> Floats:
        try:
            return np.stack(batches.run(crops, lambda part: list(network(part))))
        except torch.OutOfMemoryError as exc:
            raise DeviceError(
                f"the memory of {model.device} is too small to embed a face; something else may fill "
                "it: choose another device, or --device cpu"
            ) from exc

    return Embedder("torch", (), torch.get_num_threads(), 1, model.width, run)


def onnx_embedder(graph: bytes, width: int, threads: int) -> Embedder:
    """Return a model's graph in a session of ONNX Runtime; any number of threads may call it.

    Args:
        graph: an ONNX file.
        width: number of its features.
        threads: that work together.

    Raises:
        ValueError: it is nothing that ONNX Runtime can run.
    """
    session = open_session(graph, threads)

    def run(crops: Sequence[Image]) -> Floats:
        features: Floats = session.run(None, {CROPS: np.stack(crops)})[0]
        return features

    providers = session_providers(session)
    return Embedder("onnxruntime", providers, threads, BATCHES_AT_ONCE, width, run)


def _kept_or_made(model: ExpressionModel, threads: int) -> Embedder:
    file = graph_file(model)
    kept = read_graph(file)
    if kept is not None:
        with suppress(ValueError):  # whole, but nothing that this ONNX Runtime can run
            return onnx_embedder(kept, model.width, threads)
    graph = feature_graph(model)
    embedder = onnx_embedder(graph, model.width, threads)
    difference = difference_from_torch(embedder.embed, model)
    if not difference <= LARGEST_DIFFERENCE:  # nor is it a number
        raise ValueError(f"the features of ONNX Runtime differ from torch's by {difference:.2g}")
    write_graph(file, graph)
    return embedder


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


def difference_from_torch(
    embed: Callable[[Sequence[Image], int], Floats], model: ExpressionModel
) -> float:
    """Return the largest distance of features from torch's, as a share of the length of torch's.

    Args:
        embed: what is tried; gives features (N, width) of crops, so many a batch.
        model: whose features they should be.
    """
    crops = parity_crops(model.config.crop)
    expected = embed_crops(model, crops, len(crops)).astype(np.float64)
    distance = np.linalg.norm(embed(crops, len(crops)) - expected, axis=1)
    return float((distance / np.linalg.norm(expected, axis=1)).max())


def parity_crops(template: CropTemplate) -> list[Image]:
    """Return noise, which has every frequency, and faces, which have few; always the same ones."""
    rng = np.random.default_rng(PARITY_SEED)
    shape = (PARITY_CROPS, template.size, template.size, 3)
    return [
        *rng.integers(0, 256, shape, np.uint8),
        *(_face(template, rng) for _ in range(PARITY_CROPS)),
    ]


def _face(template: CropTemplate, rng: np.random.Generator) -> Image:
    """Draw an oval on a plain ground, lit from one side, dark where the landmarks are."""
    size = template.size
    rows, columns = np.mgrid[:size, :size] / size
    light = rng.uniform(100, 200) + rng.uniform(-60, 60) * columns
    oval = np.hypot((columns - 0.5) / 0.42, (rows - 0.5) / 0.55) < 1
    picture = np.where(oval, light, rng.uniform(0, 255))
    for x, y in template.landmarks:
        near = np.hypot(columns - x / size, rows - y / size) / rng.uniform(0.04, 0.1)
        picture = picture * (1 - 0.6 * np.exp(-(near**2)))
    skin = np.array([1.0, 0.8, 0.7])
    face: Image = np.clip(picture[..., None] * skin, 0, 255).astype(np.uint8)
    return face
