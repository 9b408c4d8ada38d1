"""What videxpr calls its commands, flags, columns and modules: all that golden results know of names.

Results are stored by the names on the left. After a renaming only the right-hand sides change here,
and the stored results stay as they are, byte for byte.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Final

import numpy as np
import pandas
import torch

from videxpr.cli import main
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.config import ModelConfig
from videxpr.model.header import TrainingSummary, read_card
from videxpr.model.network import ExpressionModel

__all__ = ["main", "read_settings", "save_small_model", "stated_figures", "with_main"]

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "annotate": ("annotate",),
    "crop": ("crops", "make"),
    "evaluate": ("evaluate",),
    "evaluate a model": ("evaluate",),
    "tune": ("tune",),
    "submission": ("submission", "build"),
    "check": ("submission", "check"),
    "train": ("train", "clips"),
    "stitch": ("synthesize",),
    "measure": ("crops", "measure"),
    "train on stills": ("train", "images"),
}

FLAGS: Final = {
    name: "--" + name.replace(" ", "-")
    for name in (
        *("augment", "backbone", "backbone weights", "batch size", "bootstrap", "crop fps"),
        *("detect every", "detector", "detector dir", "device", "edition", "end", "epochs"),
        *(
            "folds",
            "format",
            "freeze",
            "images",
            "json",
            "learning rate",
            "logit adjustment",
            "missing",
        ),
        *(
            "model",
            "part",
            "people",
            "person",
            "preset",
            "sample",
            "seconds",
            "seed",
            "size",
        ),
        *("smooth", "split", "start", "stills", "stride", "template", "validation videos"),
        *("videos", "windows", "workers"),
    )
} | {"output folder": "--output-dir", "output file": "--output", "settings": "--config"}

FORMATS: Final = {
    "text": "aff-wild2",
    "predictions": "predictions",
    "parquet": "parquet",
    "csv": "csv",
    "features": "features",
}

FILES: Final = {
    "predictions": "predictions.txt",
    "summary": "summary.csv",
    "changes": "changes.csv",
    "crops": "cropped_aligned",
    "annotations": "EXPR_Set",
    "features": ".features.npz",
}

EXPRESSIONS: Final = (
    *("Neutral", "Anger", "Disgust", "Fear"),
    *("Happiness", "Sadness", "Surprise", "Other"),
)

ROW: Final = {
    "frame": "frame_index",
    "time": "pts_seconds",
    "shot": "shot",
    "track": "track_id",
    "main": "main",
    "source": "source",
    "label": "label",
    "confidence": "confidence",
    "score": "score",
    "unsmoothed": tuple(f"{name}_unsmoothed" for name in EXPRESSIONS),
    "box": ("x1", "y1", "x2", "y2"),
    "landmarks": tuple(
        f"{point}_{axis}"
        for point in ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
        for axis in ("x", "y")
    ),
}
"""Columns of Parquet and CSV."""

SUMMARY: Final = {
    "video": "video",
    "frames": "frames",
    "coverage": "coverage",
    "filled": "filled_frames",
    "shares": EXPRESSIONS,
    "detector": "detector",
    "model": "model",
    "decoding errors": "decode_errors",
    "warnings": "warnings",
    "error": "error",
}

FEATURES: Final = {
    "frames": "frame_index",
    "tracks": "track_id",
    "ranks": "rank",
    "bridged": "bridged",
    "features": "features",
    "logits": "logits",
}

EVALUATION: Final = {
    "macro F1": "macro_f1",
    "macro F1 of present classes": "macro_f1_present",
    "accuracy": "accuracy",
    "frames": "frames",
    "coverage": "coverage",
    "per class": "per_class",
    "confusion": "confusion",
    "unpredicted": "unpredicted",
    "macro F1 interval": "macro_f1_interval",
    "groups": "groups",
    "videos": "videos",
}
"""Keys of the JSON that evaluate writes; those below are of a class in it, of a video, and so on."""

CLASS: Final = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "F1 interval": "f1_interval",
    "frames": "support",
}
VIDEO: Final = {
    "name": "name",
    "frames": "frames",
    "coverage": "coverage",
    "macro F1": "macro_f1",
    "accuracy": "accuracy",
    "length difference": "length_difference",
}

STILLS: Final = {"accuracy": "accuracy", "macro F1": "macro_f1", "calibration": "calibration"}
CALIBRATION: Final = {
    "expected error": "expected_error",
    "confidence": "confidence",
    "counts": "counts",
}
SETTINGS: Final = {
    "stride": "stride",
    "smooth": "smooth",
    "logit adjustment": "logit-adjustment",
    "tuned": "tuned",
}
TUNED: Final = {
    "videos": "videos",
    "frames": "frames",
    "macro F1": "macro F1",
    "macro F1 before": "before",
    "gain": "gain",
}
"""Keys of the configuration that tune writes, and names of the figures in its comments."""

TUNED_SAID: Final = re.compile(
    r"# (?P<videos>\d+) source videos, (?P<frames>\d+) labeled frames\n"
    r"# macro F1 (?P<macro_F1>[\d.]+), before (?P<before>[\d.]+), .*\n"
    r"# cross-validated gain (?P<gain>[-+\d.]+)\n"
)

MEASURED: Final = {"size": "size", "landmarks": "landmarks"}
"""Keys of the geometry that measure writes."""

TENSORS: Final = {"backbone": "backbone.", "encoder": "transformer.", "head": "head."}
"""How the names of a checkpoint's tensors begin."""

LOSS: Final = re.compile(r"epoch 1/1: loss (\d+\.\d+)")
"""Where a training says its loss."""

FIGURE: Final = re.compile(r"[+-]?\d\.\d{4}")
"""How tune says the scores of all that it tried."""

TEXT_HEADER: Final = ",".join(EXPRESSIONS)
PREDICTIONS_HEADER: Final = f"image_location,{TEXT_HEADER}"


def with_main(table: pandas.DataFrame) -> pandas.DataFrame:
    """Say whether a row is of the main person, as the results do; files state the rank."""
    return table.assign(main=table["rank"].eq(0).where(table["rank"].notna()))


def save_small_model(path: Path, faces: np.ndarray) -> Path:
    """Write a model of random weights, whose answers differ from face to face, of all expressions."""
    torch.manual_seed(11)
    shares = (0.3, 0.05, 0.04, 0.04, 0.2, 0.15, 0.07, 0.15)
    config = ModelConfig(backbone="regnet_y_400mf", input_size=64, window=32, class_shares=shares)
    model = ExpressionModel(config).eval()
    with torch.no_grad():
        features = model.embed(faces)
        logits = model.logits(features[None])[0]
        model.head.weight.div_(logits.std(dim=0)[:, None]).mul_(0.5)
        logits = model.logits(features[None])[0]
        model.head.bias.sub_(logits.mean(dim=0))
    save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none", torch.float32)
    return path


def read_settings(path: Path) -> dict[str, object]:
    """Read what tune wrote: the settings, and the figures in its comments under ``tuned``."""
    text = path.read_text()
    said = TUNED_SAID.search(text)
    assert said is not None
    figures = {name.replace("_", " "): json.loads(value.removeprefix("+"))
               for name, value in said.groupdict().items()}  # fmt: skip
    return tomllib.loads(text) | {"tuned": figures}


def stated_figures(path: Path) -> dict[str, float | int | None]:
    """Give what a checkpoint says of its own validation."""
    training = read_card(path).training
    return {
        "validation accuracy": training.validation_accuracy,
        "validation macro F1": training.validation_macro_f1,
        "images": training.images,
    }
