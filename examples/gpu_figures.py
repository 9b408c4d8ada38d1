"""What a GPU (or any other device of torch) does a second, and whether its answers are the CPU's.

    python examples/gpu_figures.py VIDEO --device cuda [--quick] -o figures.json

Measures detection with SCRFD in torch (whole, and its network alone) by batch; embedding by way,
precision, layout and batch; steps of training; decoding on the CPU and by NVDEC. Compares faces with
ONNX Runtime's on the CPU, features and expressions with float32's, times with the CPU decoder's.
Writes a JSON file and prints tables. For the whole pipeline: videxpr benchmark --device cuda.

Ways to embed: ``model`` is `ExpressionModel.embed` under autocast; ``fused`` has its batch norms folded
and its weights converted; ``captured`` is that as a CUDA graph, from crops in the CPU's memory to
features there, as `annotate` does it; ``compiled`` is fused, by torch.compile.
"""

import argparse
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from videxpr.annotation.benchmark.measure import timed
from videxpr.core.device import describe, resolve_device
from videxpr.core.structures import Image
from videxpr.core.threads import cpu_threads
from videxpr.faces.align import align_face
from videxpr.faces.detection.detector import Detector
from videxpr.faces.detection.letterbox import input_shape, letterbox
from videxpr.faces.detection.load import load_detector
from videxpr.faces.detection.onnx_to_torch import Graph
from videxpr.faces.detection.packs import Pack, find_pack
from videxpr.faces.detection.scrfd import INPUT_SIZE, LARGEST_STRIDE, Scrfd
from videxpr.faces.detection.scrfd_cuda import ScrfdTorch
from videxpr.faces.options import DetectionOptions
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.engine.cuda_graph import CapturedNetwork, fused_network
from videxpr.model.inference import sequence_logits
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video

Row = dict[str, Any]
"""One line of a table: what was measured, and what came out; `error` where it could not be."""

Embed = Callable[[Tensor], Tensor]

PRECISIONS: Final = ("float32", "bfloat16", "float16")
LAYOUTS: Final = {"NCHW": torch.contiguous_format, "channels-last": torch.channels_last}


@dataclass(frozen=True)
class Script:
    """How much is measured.

    Attributes:
        device: on which.
        detect_batches: frames that go through the detector together.
        embed_batches: crops that go through the backbone together.
        train: batch and side in pixels of the steps of training.
        compiled: whether the backbone is compiled too, with the largest batch.
        frames: of the video kept in memory, at most.
        runs: whose median counts.
        warm_ups: before them: kernels are chosen, code is compiled.
    """

    device: torch.device
    detect_batches: tuple[int, ...] = (1, 16, 64)
    embed_batches: tuple[int, ...] = (16, 64, 1024)
    train: tuple[tuple[int, int], ...] = ((512, 64), (512, 112))
    compiled: bool = False
    frames: int = 256
    runs: int = 3
    warm_ups: int = 2


def main() -> None:
    """Measure, write and print."""
    asked = _arguments()
    device = resolve_device(asked.device)
    torch.set_num_threads(cpu_threads())
    quick = Script(device, (1, 2), (1, 2), ((2, 32),), frames=4, runs=1, warm_ups=0)
    plan = quick if asked.quick else Script(device, compiled=asked.compiled)
    images = _first_frames(asked.video, plan.frames)
    model = load_checkpoint(asked.model, str(device)).model
    pack = find_pack(asked.pack, asked.detector_dir)
    crops = _crops(images, _detector(pack, device), model)
    if not crops:
        raise SystemExit(f"no face in the first {len(images)} frames of {asked.video}")
    tables: dict[str, list[Row]] = {}
    if pack is not None:
        tables["detection"] = list(detection(pack, images, plan))
        tables["network of the detector alone"] = network(pack, images, plan)
        tables["faces beside ONNX Runtime's"] = [agreement(pack, images, plan)]
    tables["embedding"] = list(embedding(model, crops, plan))
    tables["training"] = list(training(plan))
    tables["decoding"] = list(decoding(asked.video, plan))
    figures = {"machine": machine(device), "video": asked.video.name, "tables": tables}
    asked.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print("\n".join(f"{name}: {value}" for name, value in figures["machine"].items()))
    for title, rows in tables.items():
        print(f"\n{title}\n\n{table(rows)}")


def detection(pack: Pack, images: Sequence[Image], plan: Script) -> Iterator[Row]:
    """Frames a second from pictures in the CPU's memory to faces, by batch."""
    detector = ScrfdTorch(pack, _options(plan.device))
    for size in plan.detect_batches:
        batch = _filled(images, size)
        work = partial(detector.detect_at, batch, INPUT_SIZE)
        yield _row({"batch": size}, "frames/s", size, work, plan)


@torch.inference_mode()
def network(pack: Pack, images: Sequence[Image], plan: Script) -> list[Row]:
    """Frames a second of the network alone, pictures on the device already, and what TF32 costs."""
    graph = Graph(pack.model).eval().to(plan.device)
    exact: dict[int, Tensor] = {}
    rows = []
    for tf32, size in product((False, True), plan.detect_batches):
        torch.backends.cudnn.allow_tf32 = tf32
        shape = input_shape(images[0], INPUT_SIZE, LARGEST_STRIDE[len(graph.outputs)])
        pixels = letterbox(_filled(images, size), INPUT_SIZE, shape, plan.device)
        kind = {"TF32": tf32, "batch": size}
        rows.append(_row(kind, "frames/s", size, partial(graph, pixels), plan))
        if "error" not in rows[-1]:
            scores = torch.cat(graph(pixels)[:3])
            rows[-1]["scores off by"] = float((scores - exact.setdefault(size, scores)).abs().max())
    torch.backends.cudnn.allow_tf32 = False
    return rows


def agreement(pack: Pack, images: Sequence[Image], plan: Script) -> Row:
    """How far the device's faces are from those of ONNX Runtime on the CPU."""
    expected = Scrfd(pack, _options(torch.device("cpu"))).detect(images)
    found = ScrfdTorch(pack, _options(plan.device)).detect(images)
    same = [pair for pair in zip(found, expected, strict=True) if len(pair[0]) == len(pair[1])]
    pairs = [pair for frame in same for pair in zip(*frame, strict=True)]
    return {
        "pack": pack.name,
        "frames": len(images),
        "frames with as many faces": len(same),
        "faces": len(pairs),
        "boxes off by px": max((float(abs(a.bbox - b.bbox).max()) for a, b in pairs), default=0.0),
        "scores off by": max((abs(a.score - b.score) for a, b in pairs), default=0.0),
    }


def embedding(model: ExpressionModel, crops: Sequence[Image], plan: Script) -> Iterator[Row]:
    """Crops a second from crops on the device to features, and how far these are from float32's."""
    largest = plan.embed_batches[-1]
    exact = torch.inference_mode()(model.embed)
    reference = _features(exact, crops, largest, plan)
    expressions = _expressions(model, reference)
    for kind, embed in _ways(model, plan):
        sizes = (largest,) if kind["way"] == "compiled" else plan.embed_batches
        for size in sizes:
            batch = torch.from_numpy(np.stack(_filled(crops, size))).to(plan.device)
            work = partial(embed, batch)
            if kind["way"] == "captured":
                work = partial(embed, _filled(crops, size))
            row = _row({**kind, "batch": size}, "crops/s", size, work, plan)
            if "error" not in row and size == largest:
                features = _features(embed, crops, size, plan, kind["way"] == "captured")
                off = np.linalg.norm(features - reference) / np.linalg.norm(reference)
                row["features off by"] = float(off)
                row["same expression"] = float(
                    (_expressions(model, features) == expressions).mean()
                )
            yield row


def _ways(model: ExpressionModel, plan: Script) -> Iterator[tuple[Row, Callable[..., Any]]]:
    """Ways to embed, and what each of them is called."""
    for precision in PRECISIONS:
        yield {"way": "model", "precision": precision}, _under_autocast(model, precision)
    for precision, layout in product(PRECISIONS, LAYOUTS):
        fused = fused_network(model, getattr(torch, precision), LAYOUTS[layout])
        kind = {"precision": precision, "layout": layout}
        yield {"way": "fused", **kind}, fused
        if plan.device.type == "cuda" and precision != "float32":
            yield (
                {"way": "captured", **kind},
                CapturedNetwork(fused, model.config.crop.size, plan.device),
            )
    if plan.compiled:
        torch.compiler.reset()
        kind = {"way": "compiled", "precision": "float16", "layout": "NCHW"}
        yield kind, torch.compile(fused_network(model))


def training(plan: Script) -> Iterator[Row]:
    """Crops a second, forward and backward, of random crops by layout."""
    for (size, side), layout in product(plan.train, LAYOUTS):
        model = ExpressionModel(ModelConfig(variant="backbone", input_size=side)).to(plan.device)
        model.backbone.to(memory_format=LAYOUTS[layout])
        pixels = torch.rand(size, 3, side, side, device=plan.device)
        pixels = pixels.contiguous(memory_format=LAYOUTS[layout])

        def step(model: ExpressionModel = model, pixels: Tensor = pixels) -> None:
            with torch.autocast(plan.device.type, torch.bfloat16):
                loss = model.backbone(pixels).square().mean()
            loss.backward()

        kind = {"precision": "bf16-mixed", "layout": layout, "side": side, "batch": size}
        with torch.backends.cudnn.flags(benchmark=True):
            yield _row(kind, "crops/s", size, step, plan)


def decoding(path: Path, plan: Script) -> Iterator[Row]:
    """Frames a second from the file to RGB in the CPU's memory; whether all times are the same."""
    expected = _times(path, DecodingOptions("cpu"))
    for options in (DecodingOptions("cpu"), DecodingOptions("cuda", str(plan.device))):
        kind = {"decoder": options.decoder, "frames": len(expected)}
        row = _row(kind, "frames/s", len(expected), partial(_times, path, options), plan)
        yield row if "error" in row else {**row, "same times": _times(path, options) == expected}


def machine(device: torch.device) -> Row:
    """What was measured on."""
    return {
        "device": describe(device),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "python": platform.python_version(),
        "cores": cpu_threads(),
    }


def table(rows: Sequence[Row]) -> str:
    """Rows in Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names)]
    lines += [[_cell(row.get(name)) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"
    return "" if value is None else str(value)


def _row(kind: Row, unit: str, items: int, work: Callable[[], object], plan: Script) -> Row:
    """The speed of some work on so many items: the median run's; or why it cannot be done."""

    def done() -> None:
        work()
        if plan.device.type != "cpu":
            torch.accelerator.synchronize()  # a device goes on by itself

    try:
        for _ in range(plan.warm_ups):
            done()
        seconds = timed(done, plan.runs)
    except Exception as exc:  # the other lines are still worth having
        return {**kind, "error": f"{type(exc).__name__}: {str(exc).partition(chr(10))[0]}"}
    return {**kind, unit: items / median(seconds)}


def _under_autocast(model: ExpressionModel, precision: str) -> Embed:
    half = precision != "float32"
    kind = getattr(torch, precision) if half else torch.bfloat16

    @torch.inference_mode()
    def run(crops: Tensor) -> Tensor:
        with torch.autocast(model.device.type, kind, enabled=half):
            return model.embed(crops).float()

    return run


def _features(
    embed: Callable[..., Any],
    crops: Sequence[Image],
    size: int,
    plan: Script,
    from_cpu: bool = False,
) -> np.ndarray:
    """Features of all crops, in batches that are all of one size, as compiled code wants them."""
    made = []
    for first in range(0, len(crops), size):
        part = _filled(crops[first : first + size], size)
        if from_cpu:
            made.append(embed(part))
        else:
            made.append(embed(torch.from_numpy(np.stack(part)).to(plan.device)).cpu().numpy())
    return np.concatenate(made)[: len(crops)]


def _expressions(model: ExpressionModel, features: np.ndarray) -> np.ndarray:
    return sequence_logits(model, features, WindowOptions()).argmax(axis=1)


def _options(device: torch.device, detector: str = "scrfd") -> DetectionOptions:
    return DetectionOptions(detector, device=str(device), threads=cpu_threads())


def _filled(items: Sequence[Image], size: int) -> list[Image]:
    """So many items, the same ones again where there are too few."""
    return [items[number % len(items)] for number in range(size)]


def _first_frames(path: Path, count: int) -> list[Image]:
    with Video(path) as video:
        return [frame.image for frame, _ in zip(video, range(count), strict=False)]


def _times(path: Path, options: DecodingOptions) -> list[float]:
    with Video(path, options) as video:
        return [frame.pts_seconds for frame in video]


def _detector(pack: Pack | None, device: torch.device) -> Detector:
    """SCRFD, or MTCNN where no pack is installed."""
    return (
        load_detector(_options(device, "mtcnn"))
        if pack is None
        else ScrfdTorch(pack, _options(device))
    )


def _crops(images: Sequence[Image], detector: Detector, model: ExpressionModel) -> list[Image]:
    pairs = zip(images, detector.detect(images), strict=True)
    template = model.config.crop
    return [align_face(image, found[0].landmarks, template) for image, found in pairs if found]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument(
        "--pack", default="", help="SCRFD's pack; the best installed one if not given"
    )
    parser.add_argument("--detector-dir", type=Path, help="insightface's root")
    parser.add_argument("-m", "--model", default="starter")
    parser.add_argument(
        "--compiled", action="store_true", help="torch.compile too, which takes a minute or more"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small batches, one run, nothing compiled"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="the JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
