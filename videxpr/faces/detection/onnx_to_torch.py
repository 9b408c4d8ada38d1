"""Convolutional networks of ONNX files in torch, on any device and for batches of any size.

Only what face detectors are made of: each node of the graph is one function of torch. Sizes, which
the graph computes from shapes, stay on the CPU, so that nothing waits for the device.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from videxpr.core.errors import DetectorError

Attributes = Mapping[str, Any]
"""Of a node, by name: numbers, lists of numbers, or bytes."""

Operator = Callable[[Sequence[Tensor], Attributes], Tensor]
"""Inputs that are left out are empty tensors."""

SIZES_ON_CPU: Final = {"Resize": 1, "Upsample": 1}
"""Nodes whose inputs from that one on are sizes or scales, whatever their type."""


USUAL: Final = {
    "auto_pad": b"NOTSET",
    "mode": b"nearest",
    "nearest_mode": b"floor",
    "coordinate_transformation_mode": b"asymmetric",
    "storage_order": 0,
    "training_mode": 0,
    "allowzero": 0,
}
"""Attributes that the operators below take for granted."""


DEFAULTS: Final[dict[str, Any]] = {
    "pads": (0, 0, 0, 0),
    "strides": (1, 1),
    "dilations": (1, 1),
    "group": 1,
    "ceil_mode": 0,
    "count_include_pad": 0,
    "epsilon": 1e-5,
}
"""ONNX's values of attributes that a node leaves out."""


@dataclass(frozen=True)
class Step:
    """A node: its operator, the values it reads and makes, and those that nobody reads after it."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: Attributes
    last_read: tuple[str, ...]


class Graph(nn.Module):
    """A network read from an ONNX file.

    Attributes:
        input_side: side of the square input if the file pins it; None if any multiple of 32 will do.
        outputs: names of what it computes, in the file's order.
    """

    def __init__(self, path: Path) -> None:
        """Read the network.

        Args:
            path: the ONNX file.

        Raises:
            DetectorError: the file cannot be read, or has a node that is not known here.
        """
        super().__init__()
        try:
            graph = onnx.load(str(path)).graph
        except Exception as exc:  # onnx's and protobuf's errors share no base class
            raise DetectorError(f"cannot load the detector {path}: {exc}") from exc
        nodes = [node for node in graph.node if node.op_type != "Constant"]
        _check(nodes, path)
        constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        constants |= {n.output[0]: _constant(n) for n in graph.node if n.op_type == "Constant"}
        entry = next(one for one in graph.input if one.name not in constants)
        self._input = entry.name
        pinned = [dim.dim_value for dim in entry.type.tensor_type.shape.dim[2:]]
        self.input_side = int(pinned[0]) if pinned and min(pinned) > 0 else None
        self.outputs = tuple(one.name for one in graph.output)
        self._steps = _steps(nodes, {*constants, *self.outputs})
        self._sizes: dict[str, Tensor] = {"": torch.empty(0)}
        self._weights: dict[str, str] = {}
        on_cpu = {x for n in nodes for x in n.input[SIZES_ON_CPU.get(n.op_type, len(n.input)) :]}
        for number, (name, value) in enumerate(constants.items()):
            tensor = torch.from_numpy(value.copy())
            if name in on_cpu or not tensor.is_floating_point():
                self._sizes[name] = tensor
            else:  # a buffer goes where the module goes
                self._weights[name] = f"constant_{number}"
                self.register_buffer(self._weights[name], tensor)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Return the network's outputs for pixels (N, 3, height, width) float32."""
        values = dict(self._sizes)
        values |= {name: self.get_buffer(buffer) for name, buffer in self._weights.items()}
        values[self._input] = pixels
        for step in self._steps:
            inputs = [values[name] for name in step.inputs]
            values[step.output] = OPERATORS[step.kind](inputs, step.attributes)
            for name in step.last_read:
                del values[name]  # a large batch takes much memory
        return [values[name] for name in self.outputs]


def _check(nodes: Sequence[onnx.NodeProto], path: Path) -> None:
    """Refuse nodes that the operators below do not compute."""
    unknown = sorted({node.op_type for node in nodes} - set(OPERATORS))
    if not unknown:
        unknown = [f"{node.op_type} of a kind ({odd})" for node in nodes if (odd := _odd(node))]
    if unknown:
        raise DetectorError(
            f"{path} is computed with {', '.join(unknown)}, which videxpr knows on the CPU only; "
            "choose --device cpu, --detector mtcnn or another pack"
        )


def _odd(node: onnx.NodeProto) -> dict[str, Any]:
    """Return what a node asks for that the operators below do not do."""
    attributes = _attributes(node)
    odd = {
        key: attributes[key] for key, usual in USUAL.items() if attributes.get(key, usual) != usual
    }
    return odd if len(node.output) == 1 else odd | {"outputs": list(node.output)}


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _constant(node: onnx.NodeProto) -> np.ndarray[Any, Any]:
    value = next(iter(_attributes(node).values()))
    is_tensor = isinstance(value, onnx.TensorProto)
    return numpy_helper.to_array(value) if is_tensor else np.asarray(value)


def _steps(nodes: Sequence[onnx.NodeProto], lasting: set[str]) -> list[Step]:
    readers = {name: number for number, node in enumerate(nodes) for name in node.input}
    return [
        Step(
            node.op_type,
            tuple(node.input),
            node.output[0],
            DEFAULTS | _attributes(node),
            tuple({name for name in node.input if readers[name] == number and name} - lasting),
        )
        for number, node in enumerate(nodes)
    ]


def _padded(x: Tensor, pads: Sequence[int], value: float) -> tuple[Tensor, tuple[int, int]]:
    """Return the image and the padding (rows, columns) that is left to the operator itself."""
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return functional.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _conv(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    x, padding = _padded(inputs[0], at["pads"], 0.0)
    bias = inputs[2] if len(inputs) > 2 else None
    return functional.conv2d(
        x, inputs[1], bias, tuple(at["strides"]), padding, tuple(at["dilations"]), at["group"]
    )


def _max_pool(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    x, padding = _padded(inputs[0], at["pads"], float("-inf"))
    shape, ceil = (at["kernel_shape"], at["strides"], padding), bool(at["ceil_mode"])
    pooled: Tensor = functional.max_pool2d(x, *shape, at["dilations"], ceil)
    return pooled


def _average_pool(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    shape, ceil = (at["kernel_shape"], at["strides"], at["pads"][:2]), bool(at["ceil_mode"])
    return functional.avg_pool2d(inputs[0], *shape, ceil, bool(at["count_include_pad"]))


def _batch_norm(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    x, weight, bias, mean, variance = inputs
    return functional.batch_norm(x, mean, variance, weight, bias, eps=at["epsilon"])


def _resize(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    """Take the nearest pixel; the last input is the sizes or, where there are none, the scales."""
    last = inputs[-1].tolist()
    if inputs[-1].is_floating_point():
        height, width = inputs[0].shape[2:]
        last = [0, 0, int(height * last[2]), int(width * last[3])]
    return functional.interpolate(inputs[0], size=(last[2], last[3]), mode="nearest")


def _slice(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    """Take a part of a list of sizes, which has one axis."""
    start, end = int(inputs[1]), int(inputs[2])
    step = int(inputs[4]) if len(inputs) > 4 else 1
    return inputs[0][start:end:step]


def _reshape(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    """Reshape; a 0 keeps the axis as it is."""
    shape = [x or inputs[0].shape[axis] for axis, x in enumerate(inputs[1].tolist())]
    return inputs[0].reshape(shape)


def _unsqueeze(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    """Add an axis to sizes: the axes are an attribute, from opset 13 on an input."""
    (axis,) = at["axes"] if "axes" in at else inputs[1].tolist()
    return inputs[0].unsqueeze(axis)


def _gather(inputs: Sequence[Tensor], at: Attributes) -> Tensor:
    """Take some of a list of sizes, or one if the index has no axis."""
    return inputs[0][inputs[1]]


OPERATORS: Final[Mapping[str, Operator]] = {
    "Add": lambda inputs, at: inputs[0] + inputs[1],
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Concat": lambda inputs, at: torch.cat(list(inputs), dim=at["axis"]),
    "Conv": _conv,
    "Gather": _gather,
    "Identity": lambda inputs, at: inputs[0],
    "MaxPool": _max_pool,
    "Mul": lambda inputs, at: inputs[0] * inputs[1],
    "Relu": lambda inputs, at: functional.relu(inputs[0]),
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": lambda inputs, at: torch.tensor(inputs[0].shape),
    "Sigmoid": lambda inputs, at: torch.sigmoid(inputs[0]),
    "Slice": _slice,
    "Transpose": lambda inputs, at: inputs[0].permute(at["perm"]),
    "Unsqueeze": _unsqueeze,
    "Upsample": _resize,
}
