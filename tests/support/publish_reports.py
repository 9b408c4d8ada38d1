"""What tests of publish reports share."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import Interval, Intervals
from videxpr.evaluation.report import Evaluation, VideoResult, as_json

CONFUSION = np.diag([30, 5, 0, 4, 20, 10, 6, 0, 0])[:8] + np.eye(8, 9, 1, dtype=np.int64)


ON_IMAGES = Evaluation(
    name="mine",
    predictions="model mine (0123456789ab)",
    labels="/home/me/my faces (test part of ../data/split.csv)",
    confusion=CONFUSION,
    intervals=Intervals(Interval(0.5, 0.6), (Interval(0.0, 1.0),) * 8),
    groups=83,
    unit="images",
    items="images",
    notes=("model mine was never trained on Other",),
    reliability=Reliability(np.array([0.5, 0.8]), np.array([0.75, 0.8]), np.array([20, 60])),
)


ON_VIDEOS = replace(
    ON_IMAGES,
    predictions="/home/me/out (Parquet files)",
    labels="/home/me/labels (text files)",
    intervals=None,
    groups=1,
    unit="source videos",
    items="frames",
    videos=(
        VideoResult(name="Anna", confusion=CONFUSION, difference=-2),
        VideoResult(name="Berta", confusion=CONFUSION * 0, difference=None),
    ),
    unmatched=("Clara",),
    notes=("/home/me/out/Anna.parquet knows one person only of Anna",),
    reliability=None,
)


def written(path: Path, evaluation: Evaluation) -> Path:
    path.write_text(as_json(evaluation), encoding="utf-8")
    return path
