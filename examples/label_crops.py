"""What a model of ours, or the library `fer`, sees on face crops: a table for compare_answers.py.

    python examples/label_crops.py FOLDER images.csv ours.csv [MODEL]
    scratch/bin/python examples/label_crops.py FOLDER images.csv fer.csv fer

The second line runs in an environment of fer's own, without videxpr (beside_fer.py says how to make
it). The column `image` of images.csv has names of crops below FOLDER. Each is answered by itself: for
ours it is a window of one frame, and for fer the whole picture is the face.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

SEVEN = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")
NAMES_OF_FER = ("neutral", "angry", "disgust", "fear", "happy", "sad", "surprise")


def ask_fer(crops: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield probabilities (7,) by fer as it comes, for BGR crops."""
    from fer.fer import FER

    recognizer = FER(
        offsets=(0, 0)
    )  # it widens a face by 10 px each way; a crop has no more to give
    for crop in crops:
        whole = (0, 0, crop.shape[1], crop.shape[0])
        (found,) = recognizer.detect_emotions(crop, face_rectangles=[whole])
        yield np.array([found["emotions"][name] for name in NAMES_OF_FER])


def ask_ours(crops: Iterator[np.ndarray], model: str | None) -> Iterator[np.ndarray]:
    """Yield probabilities (7,) by a model of ours, for BGR crops; of Other, which rivals lack, none."""
    import torch

    import videxpr

    network = videxpr.load_model(model) if model else videxpr.load_model()
    for crop in crops:
        features = network.embed(crop[None, ..., ::-1].copy())
        yield torch.softmax(network.classify(features[None])[0, 0, : len(SEVEN)], dim=-1).numpy()


def main(folder: str, images: str, output: str, model: str | None = None) -> None:
    with Path(images).open(newline="", encoding="utf-8") as stream:
        names = [row["image"] for row in csv.DictReader(stream)]
    crops = (cv2.imread(str(Path(folder, name))) for name in names)
    asked = ask_fer(crops) if model == "fer" else ask_ours(crops, model)
    with Path(output).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "label", *SEVEN])
        for name, row in zip(names, asked, strict=True):
            writer.writerow([name, SEVEN[row.argmax()], *(f"{value:.4f}" for value in row)])


if __name__ == "__main__":
    main(*sys.argv[1:])
