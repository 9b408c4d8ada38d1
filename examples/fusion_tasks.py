"""Why fuse a backbone with an encoder: two made-up tasks that single frames cannot decide.

    python examples/fusion_tasks.py set    # the set of frames around a frame decides
    python examples/fusion_tasks.py order  # their order decides

Each task is a folder in Aff-Wild2's layout with pictures of 32 x 32 pixels. A small backbone is trained
on it from random weights by itself; then a transformer that knows no positions, and one that does, on
that backbone's features. The macro F1 on validation videos is printed. Minutes on two cores.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WINDOW = 64
SIDE = 32
SYMBOLS = 8
"""Pictures that a frame can show."""

Frames = NDArray[np.int64]


def set_block(label: int, generator: np.random.Generator) -> Frames:
    """Symbols (64,) of a window of a class: classes 0 to 3 show one symbol, 4 to 7 two of them, mixed.

    Every symbol is more frequent where it is alone than where it is mixed: whatever a frame shows, it
    speaks against the mixed classes, and so does any mean over what single frames say. Only that
    another symbol is among the frames around it tells them.
    """
    if label < SYMBOLS // 2:
        return np.full(WINDOW, label)
    share = generator.uniform(0.3, 0.7)
    other = generator.random(WINDOW) < share
    return (label + other) % (SYMBOLS // 2)


def order_block(label: int, generator: np.random.Generator) -> Frames:
    """Symbols (64,) of a window of a class: two symbols, one before the other.

    Classes 2n and 2n + 1 show the same two symbols, in one order and in the other.
    """
    first = 2 * (label // 2) + label % 2
    second = 2 * (label // 2) + 1 - label % 2
    change = generator.integers(WINDOW // 4, 3 * WINDOW // 4)
    return np.where(np.arange(WINDOW) < change, first, second)


TASKS: dict[str, Callable[[int, np.random.Generator], Frames]] = {
    "set": set_block,
    "order": order_block,
}


def picture(symbol: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """A noisy picture of a symbol: a bright bar in one of four places, upright or lying."""
    pixels = generator.normal(90, 12, (SIDE, SIDE, 3))
    place = 3 + 7 * (symbol // 2) + generator.integers(-1, 2)
    bar = slice(place, place + 4)
    if symbol % 2:
        pixels[bar, 2:-2] += 110
    else:
        pixels[2:-2, bar] += 110
    return pixels.clip(0, 255).astype(np.uint8)


def write_task(root: Path, task: str, seed: int = 0, blocks: int = 6) -> Path:
    """Videos of eight windows, one a class: 12 x `blocks` for training, 4 x `blocks` for validation."""
    from videxpr.core.expressions import EXPRESSIONS

    generator = np.random.default_rng(seed)
    for split, count in (("Train_Set", 12 * blocks), ("Validation_Set", 4 * blocks)):
        for number in range(count):
            name = f"{split[0].lower()}{number}"
            labels = generator.permutation(8).repeat(WINDOW)
            symbols = np.concatenate([TASKS[task](one, generator) for one in labels[::WINDOW]])
            text = root / "EXPR_Set" / split / f"{name}.txt"
            text.parent.mkdir(parents=True, exist_ok=True)
            text.write_text("\n".join([",".join(EXPRESSIONS), *map(str, labels)]) + "\n")
            folder = root / "cropped_aligned" / name
            folder.mkdir(parents=True)
            for frame, symbol in enumerate(symbols.tolist(), 1):
                Image.fromarray(picture(symbol, generator)).save(folder / f"{frame:05d}.jpg")
    return root


def moving_mean_f1(checkpoint: Path, root: Path) -> float:
    """The best macro F1 that any moving mean of a model's probabilities gives on validation."""
    import videxpr
    from videxpr.datasets.affwild2.layout import find_layout
    from videxpr.datasets.affwild2.videos import read_affwild2
    from videxpr.datasets.clips import read_crops
    from videxpr.evaluation.metrics import confusion_matrix, macro_f1
    from videxpr.model.inference import embed_crops, predict_sequence
    from videxpr.temporal.options import WindowOptions
    from videxpr.temporal.smoothing import moving_mean

    model = videxpr.load_model(checkpoint)
    spans = (0, 3, 7, 15, 31, 63, 127)
    confusions = dict.fromkeys(spans, 0)
    for video in read_affwild2(find_layout(root)).videos["validation"]:
        features = embed_crops(model, list(read_crops(video, 0, len(video), SIDE)), 256)
        answers = predict_sequence(model, features, WindowOptions(WINDOW, "padded"))
        for span in spans:
            smooth = moving_mean(answers, np.arange(len(video), dtype=float), span)
            found = np.nanargmax(smooth, axis=1)
            confusions[span] = confusions[span] + confusion_matrix(video.labels.astype(int), found)
    return max(float(macro_f1(confusion)) for confusion in confusions.values())


def main(task: str) -> None:
    """Train the backbone alone, then every variant on its features; print a table."""
    from videxpr.core.config import with_values
    from videxpr.datasets.affwild2.layout import find_layout
    from videxpr.datasets.affwild2.videos import read_affwild2
    from videxpr.training.clips.fit import train_on_clips
    from videxpr.training.clips.options import RECIPES
    from videxpr.training.options import CheckpointOptions, Machine

    folder = Path(tempfile.mkdtemp())
    videos = read_affwild2(find_layout(write_task(folder / "data", task))).videos
    small = with_values(
        RECIPES["paper"], {"backbone": "regnet_y_400mf", "augment": "none", "learning-rate": 1e-3}
    )

    def run(name: str, values: dict[str, object]) -> Path:
        output, begun = folder / f"{name}.safetensors", perf_counter()
        best = train_on_clips(
            videos,
            CheckpointOptions(output),
            options=with_values(small, values),
            machine=Machine(device="cpu"),
        )
        print(f"{name:32} {best.macro_f1:.3f}  {perf_counter() - begun:4.0f} s", flush=True)
        return output

    backbone = run(
        "backbone alone",
        {
            "variant": "backbone",
            "backbone-weights": "none",
            "freeze": "none",
            "epochs": 3,
            "batch-size": 4,
        },
    )
    print(f"{'backbone, best moving mean':32} {moving_mean_f1(backbone, folder / 'data'):.3f}")
    for position in ("none", "learned"):
        run(
            f"transformer, positions {position}",
            {
                "position": position,
                "backbone-weights": str(backbone),
                "freeze": "block4",
                "epochs": 40,
            },
        )


if __name__ == "__main__":
    main(sys.argv[1])
