"""What the tests of the benchmark share: figures made up by hand, and a small model."""

from pathlib import Path

import torch

from videxpr.annotation.benchmark.figures import PipelineFigures, Speed, StageFigures, VideoFigures
from videxpr.core.stage_timer import STAGES
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.hub.resolve import ModelFile, resolve_model
from videxpr.model.network import ExpressionModel, ModelConfig

SPEEDS = {"decode": 400.0, "detect": 40.0, "align": 1000.0, "embed": 100.0, "write": 5000.0}


def figures(overlap: bool = False) -> VideoFigures:
    """100 frames with 2 faces in each; nothing to classify."""
    items = {"align": 200, "embed": 200}
    stages = [
        StageFigures(name, items.get(name, 100), Speed(100, (100 / SPEEDS[name],)))
        if name in SPEEDS
        else StageFigures(name, 0, None)
        for name in STAGES
    ]
    return VideoFigures(
        width=640,
        height=360,
        codec="h264",
        stages=tuple(stages),
        overlap=overlap,
        pipeline=PipelineFigures(Speed(100, (4.0, 5.0, 8.0)), 900_000_000, None),
    )


def small_model(path: Path) -> ModelFile:
    """A checkpoint with random weights that is quick to load and to run."""
    torch.manual_seed(3)
    config = ModelConfig(backbone="regnet_y_400mf", variant="backbone", input_size=32)
    save_checkpoint(path, ExpressionModel(config), TrainingSummary("noise", "none", 0, 0), "none")
    return resolve_model(path)
