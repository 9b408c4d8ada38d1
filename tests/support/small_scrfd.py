"""A network of random weights with the nodes of SCRFD's files, small enough to be made in a test."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HEADS = {"score": 2, "bbox": 8, "kps": 20}
LEVELS = (8, 16, 32)
NUMBERS = {"score": 1, "bbox": 4, "kps": 10}


class Drawing:
    """Nodes and weights as they are added."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: object, kind: type = np.float32) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def conv(self, x: str, name: str, size: tuple[int, int], bias: float = 0.0, **at) -> str:
        inside, outside = size
        drawn = self.generator.normal(0, 1.2 / np.sqrt(9 * inside), (outside, inside, 3, 3))
        weights = self.weight(f"{name}.weight", drawn)
        biases = self.weight(f"{name}.bias", np.full(outside, bias))
        at = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], **at}
        return self.node("Conv", [x, weights, biases], name, **at)


def write_small_scrfd(path: Path, seed: int = 0, side: int | None = None) -> Path:
    """Write one; `side` pins the input, as some files do."""
    drawing = Drawing(seed)
    levels = _trunk(drawing)
    outputs: dict[str, list[str]] = {head: [] for head in HEADS}
    for stride, x in zip(LEVELS, levels, strict=True):
        for head, channels in HEADS.items():
            outputs[head].append(_head(drawing, x, head, channels, stride))
    shape: list[int | str] = [1, 3, side or "height", side or "width"]
    made = helper.make_graph(
        drawing.nodes,
        "small",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", NUMBERS[head]])
            for head, names in outputs.items()
            for name in names
        ],
        drawing.weights,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    opset = helper.make_opsetid("", 11)
    onnx.save(helper.make_model(made, ir_version=6, opset_imports=[opset]), str(path))
    return path


def _trunk(drawing: Drawing) -> list[str]:
    """Levels 8, 16 and 32; 16 is brought up to 8's size, whatever that is, and added to it."""
    x = drawing.node("Relu", [drawing.conv("input.1", "stem", (3, 8), strides=[2, 2])], "stem.relu")
    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    x = drawing.node("MaxPool", [x], "pool", **pool)
    x = drawing.conv(x, "down8", (8, 8), strides=[2, 2])
    numbers = [drawing.weight(f"norm.{n}", np.linspace(0.9, 1.1, 8)) for n in range(4)]
    eight = drawing.node("BatchNormalization", [x, *numbers], "level8", epsilon=1e-3)
    half = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}
    sixteen = drawing.conv(drawing.node("AveragePool", [eight], "half", **half), "level16", (8, 8))
    deep = {"strides": [2, 2], "group": 8}
    thirty_two = drawing.conv(sixteen, "level32", (1, 8), **deep)
    none = drawing.weight("none", [])
    up = drawing.node(
        "Resize", [sixteen, none, none, _size(drawing, eight, sixteen)], "up", **NEAREST
    )
    return [drawing.node("Add", [eight, up], "joined8"), sixteen, thirty_two]


NEAREST = {
    "mode": "nearest",
    "nearest_mode": "floor",
    "coordinate_transformation_mode": "asymmetric",
}


def _size(drawing: Drawing, like: str, of: str) -> str:
    """The shape of one level with the rows and columns of another, computed by the graph."""
    zero, two = (drawing.weight(f"n{n}", [n], np.int64) for n in (0, 2))
    parts = [
        drawing.node("Slice", [drawing.node("Shape", [of], "of"), zero, two, zero], "of.first")
    ]
    shape = drawing.node("Shape", [like], "like")
    for axis in (2, 3):
        index = drawing.weight(f"axis{axis}", axis, np.int64)
        number = drawing.node("Gather", [shape, index], f"side{axis}", axis=0)
        parts.append(drawing.node("Unsqueeze", [number], f"list{axis}", axes=[0]))
    return drawing.node("Concat", parts, "size", axis=0)


def _head(drawing: Drawing, x: str, head: str, channels: int, stride: int) -> str:
    name = f"{head}_{stride}"
    bias = {"score": -2.0, "bbox": 2.0, "kps": 0.0}[head]
    y = drawing.conv(x, f"{name}.conv", (8, channels), bias)
    if head == "bbox":
        y = drawing.node("Mul", [y, drawing.weight(f"{name}.scale", 0.9)], f"{name}.scaled")
    y = drawing.node("Transpose", [y], f"{name}.last", perm=[2, 3, 0, 1])
    rows = drawing.weight(f"{name}.rows", [-1, NUMBERS[head]], np.int64)
    if head != "score":
        return drawing.node("Reshape", [y, rows], name)
    return drawing.node("Sigmoid", [drawing.node("Reshape", [y, rows], f"{name}.raw")], name)
