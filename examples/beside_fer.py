"""The library `fer` on a video, frame by frame, and how many frames a second it does.

    python -m venv scratch && scratch/bin/pip install 'setuptools<81' fer==25.10.3 av
    scratch/bin/python examples/beside_fer.py VIDEO...

It needs an environment of its own, without videxpr. Beside it, on the same machine and right after:

    videxpr benchmark VIDEO... --detector mtcnn
    videxpr benchmark VIDEO... --detector scrfd:buffalo_sc

Frames are decoded by PyAV before the clock starts, which is in fer's favor; its MTCNN mode looks at
every frame. The first frames warm it up.
"""

import sys
import time
from statistics import median

import av
from fer.fer import FER

WARM_UP = 3
RUNS = 3
FRAMES = 60
"""Of a video, evenly spread: it takes a quarter of a second for one of 1280 x 720."""


def frames_of(path: str) -> list:
    """BGR pictures."""
    with av.open(path) as container:
        pictures = [one.to_ndarray(format="bgr24") for one in container.decode(video=0)]
    return pictures[:: max(1, len(pictures) // FRAMES)][:FRAMES]


def main(paths: list[str]) -> None:
    detector = FER(mtcnn=True)
    for path in paths:
        pictures = frames_of(path)
        for picture in pictures[:WARM_UP]:
            detector.detect_emotions(picture)
        speeds, found = [], 0
        for _ in range(RUNS):
            begun = time.perf_counter()
            found = sum(bool(detector.detect_emotions(picture)) for picture in pictures)
            speeds.append(len(pictures) / (time.perf_counter() - begun))
        spread = (max(speeds) - min(speeds)) / median(speeds)
        faces = f"a face in {found} of {len(pictures)} frames"
        print(f"{path}: {median(speeds):.2f} frames/s (spread {spread:.0%}), {faces}")


if __name__ == "__main__":
    main(sys.argv[1:])
