"""How fast training's loader is beside plain decoding of the same files, and what the index weighs.

    python examples/benchmark_loading.py [FOLDER_OF_FACES]

Writes a tree in Aff-Wild2's layout with 112 x 112 JPEG crops (drawn, or the images of a folder), then
prints crops a second of Pillow alone and of the loader, both with as many processes as there are cores,
in the same run; and the memory of an index of 600,000 frames.
"""

import sys
import tempfile
import tracemalloc
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from videxpr.core.threads import cpu_threads
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import LabeledVideo, read_affwild2
from videxpr.datasets.clips import WindowDataset, WindowSampler
from videxpr.datasets.options import SamplingOptions
from videxpr.training.clips.loader import WindowLoader

VIDEOS, FRAMES, SIDE, WINDOW, BATCH = 8, 3200, 112, 64, 4


def write_tree(root: Path, faces: list[Path]) -> None:
    """A training set of `VIDEOS` videos of `FRAMES` crops."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (64, 14, 14, 3), dtype=np.uint8)
    drawn = [Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for one in coarse]
    for video in range(VIDEOS):
        folder = root / "cropped_aligned" / f"video{video}"
        folder.mkdir(parents=True)
        for frame in range(FRAMES):
            picture = drawn[frame % len(drawn)]
            if faces:
                face = faces[(video * FRAMES + frame) % len(faces)]
                picture = Image.open(face).convert("RGB").resize((SIDE, SIDE))
            picture.save(folder / f"{frame + 1:05d}.jpg", quality=95)
        labels = root / "EXPR_Set" / "Train_Set" / f"video{video}.txt"
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text("".join(f"{frame % 8}\n" for frame in range(FRAMES)))


def decode(paths: list[str]) -> int:
    """Pillow alone: open, decode, hand over as an array."""
    return sum(np.asarray(Image.open(path).convert("RGB")).shape[0] > 0 for path in paths)


def decoding_speed(videos: list[LabeledVideo], cores: int) -> float:
    """Crops a second of plain decoding, the files shared out to the cores."""
    paths = [str(video.path(n)) for video in videos for n in range(len(video))]
    with get_context("fork").Pool(cores) as pool:
        pool.map(decode, [paths[:10]] * cores)
        begun = perf_counter()
        done = sum(pool.map(decode, [paths[n::cores] for n in range(cores)]))
    return done / (perf_counter() - begun)


def loader_speed(videos: list[LabeledVideo], cores: int) -> float:
    """Crops a second of the loader that training uses, over one epoch, its processes warm."""
    loader = WindowLoader(
        WindowDataset(videos, WINDOW, SIDE),
        WindowSampler(videos, WINDOW, SamplingOptions()),
        BATCH,
        workers=cores,
    )
    for _ in loader:  # the processes start, and every slot is written once
        pass
    begun = perf_counter()
    done = sum(crops.shape[0] * crops.shape[1] for crops, *_ in loader)
    return done / (perf_counter() - begun)


def index_megabytes(frames: int) -> float:
    """Memory of an index of so many frames, in videos of 2,000."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    videos = [
        LabeledVideo(
            f"video{n}", 2000, 2000, 0,
            np.arange(2000, dtype=np.int32), np.zeros(2000, np.int8), (Path(f"video{n}"),),
            np.zeros(2000, np.uint8), np.array([f"{i + 1:05d}.jpg".encode() for i in range(2000)]),
        )
        for n in range(frames // 2000)
    ]  # fmt: skip
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()  # else whatever this process does later is traced, and takes twice as long
    assert sum(map(len, videos)) == frames
    return used / 1e6


if __name__ == "__main__":
    faces = sorted(Path(sys.argv[1]).rglob("*.jpg")) if len(sys.argv) > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), faces)
        videos = list(read_affwild2(find_layout(Path(folder))).videos["train"])
        cores = cpu_threads()
        alone, loaded = [], []
        for _ in range(3):
            alone.append(decoding_speed(videos, cores))
            loaded.append(loader_speed(videos, cores))
    print(f"decoding alone: {max(alone):,.0f} crops/s on {cores} cores ({alone})")
    print(f"loader:         {max(loaded):,.0f} crops/s on {cores} cores ({loaded})")
    print(f"ratio:          {max(loaded) / max(alone):.2f}")
    print(f"index of 600,000 frames: {index_megabytes(600_000):.0f} MB")
