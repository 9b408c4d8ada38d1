"""The way from crops to features as an ONNX graph, built from a model's own layers and weights.

    crops (n, size, size, 3) uint8
      -> gray if the model wants it, resized, normalized (n, 3, input_size, input_size)
      -> the backbone, layer by layer
      -> features (n, width) float32

Torch's own exporter is not used: it differs between versions of torch, the newer one needs more
packages, and while it traces, no other thread may run a network. Batch norms stay as they are:
ONNX Runtime folds them into the convolutions.
"""

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from videxpr.model.backbones import (
    VGG,
    BottleneckTransform,
    RegNet,
    ResBottleneckBlock,
    SqueezeExcitation,
)
from videxpr.model.network import ExpressionModel

CROPS: Final = "crops"
FEATURES: Final = "features"
OPSET: Final = 18
IR_VERSION: Final = 8
"""Both are older than the oldest ONNX Runtime that videxpr runs with."""

VGG_STRIDE: Final = 32
"""Pixels a side for each one of what comes out of VGG's convolutions."""

AVX512_CHANNELS: Final = 16
"""With AVX-512 ONNX Runtime is quick at grouped convolutions of a multiple of so many channels each."""

BATCH_NORM: Final = {"weight": 0, "bias": 0, "running_mean": 0, "running_var": 0}
INNER_CHANNELS: Final = {
    "a.0": {"weight": 0},
    "a.1": BATCH_NORM,
    "b.1": BATCH_NORM,
    "se.fc1": {"weight": 1},
    "se.fc2": {"weight": 0, "bias": 0},
    "c.0": {"weight": 1},
}
"""Layers of a residual block that know its inner channels, and the axis of each tensor that does."""


def feature_graph(model: ExpressionModel) -> bytes:
    """Return what `ExpressionModel.embed` does, as an ONNX file for batches of any length.

    Args:
        model: on the CPU, in evaluation mode.

    Raises:
        ValueError: the backbone has a layer that is not known here.
    """
    builder = _GraphBuilder()
    pixels = _pixels(builder, model)
    features = _network(builder, model.backbone, pixels, model.config.input_size)
    builder.nodes.append(helper.make_node("Identity", [features], [FEATURES]))
    size = model.config.crop.size
    crops = helper.make_tensor_value_info(CROPS, TensorProto.UINT8, ["n", size, size, 3])
    features_info = helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["n", model.width])
    graph = helper.make_graph(builder.nodes, "embed", [crops], [features_info], builder.constants)
    opset = helper.make_opsetid("", OPSET)
    file = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    return bytes(file.SerializeToString())


class _GraphBuilder:
    """Nodes and constants as they are added, each with a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def tensors(self, *values: Tensor | None) -> list[str]:
        """Add a layer's tensors; return their names, those left out that it does not have."""
        return [self.constant(one.detach().numpy()) for one in values if one is not None]

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def on_both_sides(self, x: str, matrix: NDArray[np.float32]) -> str:
        """Add ``matrix @ x @ matrix.T`` for every channel: rows first, then columns."""
        columns = self.add("MatMul", x, self.constant(matrix.T))
        return self.add("MatMul", self.constant(matrix), columns)


def _pixels(builder: _GraphBuilder, model: ExpressionModel) -> str:
    """Add what the backbone gets of the crops; all of it is linear, so its order does not matter."""
    config = model.config
    x = builder.add("Transpose", CROPS, perm=[0, 3, 1, 2])
    x = builder.add("Cast", x, to=TensorProto.FLOAT)
    if not config.color:
        x = builder.add("ReduceMean", x, builder.constant(np.array([1], np.int64)), keepdims=1)
    if config.input_size != config.crop.size:
        x = builder.on_both_sides(x, _resizing(config.crop.size, config.input_size))
    mean, std = model.mean[0].numpy(), model.std[0].numpy()  # (3, 1, 1)
    x = builder.add("Mul", x, builder.constant(1 / (255 * std)))
    return builder.add("Add", x, builder.constant(-mean / std))


def _resizing(size: int, side: int) -> NDArray[np.float32]:
    """Return the matrix (side, size) that does with a column what torch's antialiased resize does."""
    unit = torch.eye(size)[None, None]
    resized = functional.interpolate(unit, (side, size), mode="bilinear", antialias=True)
    return np.asarray(resized[0, 0].numpy(), np.float32)


def _network(builder: _GraphBuilder, network: nn.Module, pixels: str, side: int) -> str:
    """Add a whole backbone; return the name of its features."""
    if isinstance(network, VGG):
        x = _layer(builder, network.features, pixels)
        x = _average_pool(builder, network.avgpool, x, side // VGG_STRIDE)
        return _layer(builder, network.classifier, builder.add("Flatten", x))
    if isinstance(network, RegNet):
        x = _chain(builder, (network.stem, network.trunk_output, network.avgpool), pixels)
        return _layer(builder, network.fc, builder.add("Flatten", x))
    raise ValueError(f"no graph is known of a {type(network).__name__}")


def _chain(builder: _GraphBuilder, layers: Iterable[nn.Module], x: str) -> str:
    for layer in layers:
        x = _layer(builder, layer, x)
    return x


def _layer(builder: _GraphBuilder, layer: nn.Module, x: str) -> str:
    """Add a layer, or layers within layers, of the tensor `x`; return the name of its output."""
    if isinstance(layer, nn.Identity | nn.Dropout):
        return x
    if type(layer) in PLAIN:
        return builder.add(PLAIN[type(layer)], x)
    for kind, add in LAYERS.items():
        if isinstance(layer, kind):
            return add(builder, layer, x)
    raise ValueError(f"no ONNX operator is known for {layer}")


def _residual_block(builder: _GraphBuilder, block: ResBottleneckBlock, x: str) -> str:
    shortcut = x if block.proj is None else _layer(builder, block.proj, x)
    inner = block.f
    if torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        inner = widen_groups(inner, AVX512_CHANNELS)
    residual = _layer(builder, inner, x)
    return _layer(builder, block.activation, builder.add("Add", shortcut, residual))


def _squeeze(builder: _GraphBuilder, layer: SqueezeExcitation, x: str) -> str:
    steps = (layer.avgpool, layer.fc1, layer.activation, layer.fc2, layer.scale_activation)
    return builder.add("Mul", _chain(builder, steps, x), x)


def _batch_norm(builder: _GraphBuilder, layer: nn.BatchNorm2d, x: str) -> str:
    parts = builder.tensors(layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return builder.add("BatchNormalization", x, *parts, epsilon=layer.eps)


def _linear(builder: _GraphBuilder, layer: nn.Linear, x: str) -> str:
    return builder.add("Gemm", x, *builder.tensors(layer.weight, layer.bias), transB=1)


def _max_pool(builder: _GraphBuilder, layer: nn.MaxPool2d, x: str) -> str:
    sides = {"kernel_shape": _pair(layer.kernel_size), "strides": _pair(layer.stride)}
    return builder.add("MaxPool", x, **sides, pads=_pair(layer.padding) * 2)


def _convolution(builder: _GraphBuilder, layer: nn.Conv2d, x: str) -> str:
    return builder.add(
        "Conv",
        x,
        *builder.tensors(layer.weight, layer.bias),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.stride),
        pads=[*layer.padding] * 2,
        dilations=list(layer.dilation),
        group=layer.groups,
    )


def widen_groups(block: BottleneckTransform, multiple: int) -> BottleneckTransform:
    """Return a residual block's layers with fewer and wider groups, zeros between the old ones.

    It computes more, but where a group's channels fill whole registers it is quicker by far. Groups
    that cannot be put together evenly get empty ones beside them, which the layers before and after
    know of: between the first and the last convolution there may be more channels than there were.

    Args:
        block: it stays as it is.
        multiple: of which a group's channels are to be one.
    """
    wide = copy.deepcopy(block)
    layers = dict(wide.named_modules())
    grouped = layers["b.0"]
    grouped.weight.data, grouped.groups = _widen(grouped.weight.data, grouped.groups, multiple)
    empty = len(grouped.weight) - grouped.out_channels
    grouped.in_channels = grouped.out_channels = len(grouped.weight)
    for name, parts in INNER_CHANNELS.items():
        for part, axis in parts.items() if name in layers else ():
            tensor = getattr(layers[name], part)
            tensor.data = _pad_axis(tensor.data, axis, empty)
    return wide


def _widen(weight: Tensor, groups: int, multiple: int) -> tuple[Tensor, int]:
    """Return weights (out, in of one group, height, width) of wider groups, and their number."""
    channels = weight.shape[1]
    together = math.lcm(channels, multiple) // channels
    wider = -(-groups // together)
    apart = weight.view(groups, -1, *weight.shape[1:])  # (groups, out of one, in of one, ...)
    apart = _pad_axis(apart, 0, wider * together - groups)
    apart = apart.view(wider, together, *apart.shape[1:])
    wide = apart.new_zeros(*apart.shape[:3], together, *apart.shape[3:])
    for place in range(together):
        wide[:, place, :, place] = apart[:, place]
    return wide.flatten(0, 2).flatten(1, 2), wider


def _pad_axis(tensor: Tensor, axis: int, more: int) -> Tensor:
    """Return a tensor with zeros at the end of one axis."""
    shape = [more if place == axis else length for place, length in enumerate(tensor.shape)]
    return torch.cat([tensor, tensor.new_zeros(shape)], axis)


def _average_pool(
    builder: _GraphBuilder, layer: nn.AdaptiveAvgPool2d, x: str, side: int | None = None
) -> str:
    """Add adaptive mean pooling; to more than one pixel only where the side of its input is known."""
    sides = _pair(layer.output_size)
    if sides == [1, 1]:
        return builder.add("GlobalAveragePool", x)
    if side is None or sides[0] != sides[1]:
        raise ValueError(f"no ONNX operator is known for {layer}")
    pooled = functional.adaptive_avg_pool1d(torch.eye(side)[None], sides[0])[0]
    return builder.on_both_sides(x, pooled.T.numpy())


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


PLAIN: Final[dict[type[nn.Module], str]] = {nn.ReLU: "Relu", nn.Sigmoid: "Sigmoid"}
"""Operators that need nothing but their input."""

LAYERS: Final[dict[type[nn.Module], Callable[[_GraphBuilder, Any, str], str]]] = {
    ResBottleneckBlock: _residual_block,
    SqueezeExcitation: _squeeze,
    nn.Sequential: _chain,
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: _linear,
    nn.MaxPool2d: _max_pool,
    nn.AdaptiveAvgPool2d: _average_pool,
}
