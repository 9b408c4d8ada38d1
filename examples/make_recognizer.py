"""Makes the recognition model that ships: the first stages of starter-1 and a projection.

    ATEN_CPU_CAPABILITY=avx2 python examples/make_recognizer.py videxpr/weights/starter-1.safetensors \\
        faces.zip split.csv -o recognizer.onnx

Crops are brought to one brightness and contrast, since dark pictures of different people would else be
alike. What the second stage of the backbone sees of them is averaged to 4 x 4 places, and projected to
128 directions, in which photographs of one person lie near each other and those of different people far
apart (linear discriminant analysis). It is fitted on the people of the split's train part whose name
stands in their file names (`web_NAME_0001.webp`), each photograph as it is and twice with other light,
size and alignment. docs/log/identity.md has what it is worth. Two minutes on two quiet cores.
"""

import argparse
import copy
import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import nn

from videxpr.core.onnx_runtime import open_session
from videxpr.model.checkpoint import load_model
from videxpr.model.engine.onnx_export import CROPS, feature_graph

SIDE, PLACES = 112, 4
MOST_PHOTOGRAPHS = 16  # of one person
COMPONENTS, DIRECTIONS, SHRINKAGE = 400, 128, 0.1
BATCH = 32

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


# ---- photographs of people


def photographs(archive: Path, split: Path) -> dict[str, list[Pixels]]:
    """Photographs of each person of the train part of whom there are two or more."""
    with split.open() as file:
        train = {row["image"] for row in csv.DictReader(file) if row["split"] == "train"}
    names = defaultdict(list)
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(train.intersection(opened.namelist())):
            if found := re.fullmatch(r".*/web_(.*)_\d+\.webp", name):
                names[found[1]].append(name)
        random = np.random.default_rng(0)
        return {
            who: [
                np.array(Image.open(io.BytesIO(opened.read(name))).convert("RGB"))
                for name in random.permutation(own)[:MOST_PHOTOGRAPHS]
            ]
            for who, own in sorted(names.items())
            if len(own) > 1
        }


def varied(crop: Pixels, random: np.random.Generator) -> Pixels:
    """The same face smaller, a little out of place, in other light."""
    image = crop.astype(np.float32)
    if random.random() < 0.5:
        side = int(random.integers(28, 80))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (SIDE, SIDE))
    angle, scale = random.normal(0, 2.5), np.exp(random.normal(0, 0.03))
    move = cv2.getRotationMatrix2D((56, 70), angle, scale)
    move[:, 2] += random.normal(0, 1.2, 2)
    image = cv2.warpAffine(image, move, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    image = 255 * (np.clip(image, 0, 255) / 255) ** np.exp(random.normal(0, 0.25))
    image = image * random.uniform(0.6, 1.25) + random.uniform(-15, 20)
    if random.random() < 0.4:
        rows, columns = np.mgrid[:SIDE, :SIDE] / (SIDE - 1) - 0.5
        toward, depth = random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.7)
        side_light = 1 + depth * (np.cos(toward) * columns + np.sin(toward) * rows)
        image = image * side_light[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


# ---- the projection


def fit(features: Floats, people: NDArray[np.str_]) -> tuple[Floats, Floats]:
    """The mean (F,), and directions (F, D) that tell people apart."""
    mean, deviation = features.mean(0), features.std(0)
    deviation += 1e-3 * features.std()
    standardized = (features - mean) / deviation
    _, components = np.linalg.eigh(standardized.T @ standardized)
    components = components[:, ::-1][:, :COMPONENTS]
    points = standardized @ components
    within, weight, centers = np.zeros((COMPONENTS, COMPONENTS)), 0.0, []
    for who in np.unique(people):
        own = points[people == who]
        share = min(len(own), 8) / len(own)  # nobody with many photographs decides
        within += share * (own - own.mean(0)).T @ (own - own.mean(0))
        weight += share * (len(own) - 1)
        centers.append(own.mean(0))
    within /= weight
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / COMPONENTS * np.eye(
        COMPONENTS
    )
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values)
    between = np.array(centers) @ whitening
    between -= between.mean(0)
    spread, turned = np.linalg.eigh(between.T @ between / len(between))
    spread, turned = spread[::-1][:DIRECTIONS], turned[:, ::-1][:, :DIRECTIONS]
    directions = components @ whitening @ turned * np.sqrt(spread / (spread + 1))
    return mean, directions / deviation[:, None]


# ---- the graph


def stage_graph(weights: Path) -> onnx.ModelProto:
    """From pixels (n, 3, 112, 112), -1 to 1, to what the second stage sees, (n, 1920)."""
    model = copy.deepcopy(load_model(weights, device="cpu"))
    trunk = dict(model.backbone.trunk_output.named_children())
    model.backbone.trunk_output = nn.Sequential(trunk["block1"], trunk["block2"])
    model.backbone.avgpool = model.backbone.fc = nn.Identity()
    file = onnx.load_from_string(feature_graph(model))
    graph = file.graph
    transpose, cast, *nodes = graph.node
    flatten = next(node for node in nodes if node.op_type == "Flatten")
    nodes = nodes[: nodes.index(flatten)]
    # the brightness and contrast of most photographs; noise is no contrast
    numbers = {
        "level": 114.0,
        "contrast": 58.0,
        "least": 4.0 / 127.5,
        "root": (3 * SIDE * SIDE) ** 0.5,
    }
    half = [numpy_helper.from_array(np.float32(v), n) for n, v in numbers.items()]
    half.append(numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"))
    matrix = averaging(SIDE // 8, PLACES)
    pooling = [numpy_helper.from_array(m, n) for m, n in ((matrix, "rows"), (matrix.T, "columns"))]
    first = [
        helper.make_node("ReduceMean", ["input.1", "axes"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["input.1", "mean"], ["centered"]),
        helper.make_node("ReduceL2", ["centered", "axes"], ["length"], keepdims=1),
        helper.make_node("Div", ["length", "root"], ["deviation"]),
        helper.make_node("Max", ["deviation", "least"], ["divisor"]),
        helper.make_node("Div", ["centered", "divisor"], ["even"]),
        helper.make_node("Mul", ["even", "contrast"], ["scaled"]),
        helper.make_node("Add", ["scaled", "level"], [cast.output[0]]),
    ]
    last = [
        helper.make_node("MatMul", [flatten.input[0], "columns"], ["narrow"]),
        helper.make_node("MatMul", ["rows", "narrow"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
    ]
    assert transpose.input[0] == CROPS
    pixels = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    output = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "features"])
    constants = [*graph.initializer, *half, *pooling]
    made = helper.make_graph([*first, *nodes, *last], "recognizer", [pixels], [output], constants)
    return helper.make_model(made, opset_imports=file.opset_import, ir_version=file.ir_version)


def averaging(side: int, places: int) -> NDArray[np.float32]:
    """The matrix (places, side) that averages a column to so many places of equal length."""
    edges = np.linspace(0, side, places + 1)
    pixels = np.arange(side)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(shared, 0, None) * places / side).astype(np.float32)


def with_projection(file: onnx.ModelProto, mean: Floats, directions: Floats) -> onnx.ModelProto:
    """The same graph up to the vector of each face."""
    graph = file.graph
    for name, value in (("directions", directions), ("offset", -mean @ directions)):
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    project = helper.make_node("Gemm", ["features", "directions", "offset"], ["vector"])
    graph.node.append(project)
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", DIRECTIONS])
    graph.output[0].CopyFrom(vector)
    onnx.checker.check_model(file)
    return file


def features_of(file: onnx.ModelProto, crops: Iterable[Pixels]) -> Floats:
    session, every = open_session(file.SerializeToString(), 0), list(crops)
    parts = []
    for first in range(0, len(every), BATCH):
        pixels = np.stack(every[first : first + BATCH]).astype(np.float32).transpose(0, 3, 1, 2)
        parts.append(session.run(None, {"input.1": (pixels - 127.5) / 127.5})[0])
    return np.concatenate(parts).astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the recognition model that ships.")
    parser.add_argument("weights", type=Path, help="checkpoint whose first stages it takes")
    parser.add_argument("archive", type=Path, help="zip file of aligned crops")
    parser.add_argument("split", type=Path, help="its split: image,split")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    people = photographs(arguments.archive, arguments.split)
    random = np.random.default_rng(0)
    crops, names = [], []
    for who, own in people.items():
        for crop in own:
            crops += [crop, varied(crop, random), varied(crop, random)]
            names += [who] * 3
    print(f"{len(crops) // 3} photographs of {len(people)} people")
    file = stage_graph(arguments.weights)
    made = with_projection(file, *fit(features_of(file, crops), np.array(names)))
    onnx.save(made, str(arguments.output))
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
