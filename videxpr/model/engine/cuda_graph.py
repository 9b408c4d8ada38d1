"""A backbone on an NVIDIA GPU: half precision, and as little as possible done for each batch.

Batch norms are fused into the convolutions, weights are converted once, and what the GPU does for a
batch is captured as a CUDA graph: to start some hundreds of kernels one by one takes longer than they
take for a small batch.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from videxpr.core.structures import Floats, Image
from videxpr.model.network import ExpressionModel

WARM_UPS: Final = 3
"""Batches before a capture, in which libraries choose their kernels."""

Network = Callable[[Tensor], Tensor]
"""From crops (N, size, size, 3) uint8 to features (N, width) float32, both on a model's device."""


def fused_network(
    model: ExpressionModel,
    dtype: torch.dtype = torch.float16,
    layout: torch.memory_format = torch.contiguous_format,
) -> Network:
    """Return what does as `ExpressionModel.embed`, in another precision, its batch norms fused.

    Args:
        model: in evaluation mode; it is not changed.
        dtype: of the backbone's weights and of what goes through it.
        layout: of the same, in memory.
    """
    backbone = fuse_batch_norms(model.backbone).to(dtype).to(memory_format=layout)

    @torch.inference_mode()
    def run(crops: Tensor) -> Tensor:
        pixels = model.normalized(model.pixels(crops))
        features: Tensor = backbone(pixels.to(dtype=dtype, memory_format=layout))
        return features.float()

    return run


def fuse_batch_norms(network: nn.Module) -> nn.Module:
    """Return a copy in which each convolution does what the batch norm behind it did."""
    made = copy.deepcopy(network).eval()
    for module in made.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for one, two in pairwise(range(len(module))):
            convolution, norm = module[one], module[two]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[one] = fuse_conv_bn_eval(convolution, norm)
                module[two] = nn.Identity()
    return made


@dataclass(frozen=True)
class _Capture:
    """A graph, and the memory that it reads crops from and writes features to."""

    graph: torch.cuda.CUDAGraph
    crops: Tensor
    features: Tensor


class CapturedNetwork:
    """A network's work on batches of a power of two, captured when the first one comes; any number of
    threads may call it, one at a time gets the GPU.

    Args:
        network: the work.
        size: side of the crops in pixels.
        device: an NVIDIA GPU.
    """

    def __init__(self, network: Network, size: int, device: torch.device) -> None:
        self._network = network
        self._size = size
        self._device = device
        self._captures: dict[int, _Capture] = {}
        self._lock = Lock()

    def __call__(self, crops: Sequence[Image]) -> Floats:
        """Return features (N, width) of N crops, at least one.

        Raises:
            torch.OutOfMemoryError: the device's memory is too small for them.
        """
        count = len(crops)
        with self._lock:
            capture = self._capture(1 << (count - 1).bit_length())
            capture.crops[:count].copy_(torch.from_numpy(np.stack(crops)))
            capture.graph.replay()
            found: Floats = capture.features[:count].cpu().numpy()
        return found

    def _capture(self, batch: int) -> _Capture:
        if batch not in self._captures:
            self._captures[batch] = self._captured(batch)
        return self._captures[batch]

    def _captured(self, batch: int) -> _Capture:
        shape = (batch, self._size, self._size, 3)
        crops = torch.zeros(shape, dtype=torch.uint8, device=self._device)
        beside = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(beside), torch.backends.cudnn.flags(benchmark=True):
            for _ in range(WARM_UPS):
                self._network(crops)
        torch.cuda.current_stream(self._device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # other threads go on with their own work on the GPU meanwhile
        with torch.cuda.graph(graph, stream=beside, capture_error_mode="thread_local"):
            features = self._network(crops)
        return _Capture(graph, crops, features)
