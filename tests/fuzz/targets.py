"""How each kind of file is read: as the commands read it, and nothing more."""

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
from typer.main import get_command

from videxpr.annotation.run_log import RunLog
from videxpr.cli import app
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.datasets.image_folder import LabeledImage, read_split
from videxpr.datasets.votes import read_votes
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.intervals import intervals_of
from videxpr.formats.npz import read_features
from videxpr.formats.parquet import read_annotation
from videxpr.formats.predictions import Block, read_predictions, read_template
from videxpr.formats.shares import read_shares
from videxpr.formats.summary import read_summary
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.hub.registry import read_registry
from videxpr.model.pretrained import import_checkpoint
from videxpr.model.publish.export import read_report
from videxpr.submission.check import check_submission
from videxpr.temporal.options import IntervalOptions
from videxpr.video.images import image_size, read_image
from videxpr.video.reader import Video
from videxpr.video.search import find_sources

IMAGES: Final = [
    LabeledImage(Path(name), name, 0) for name in ("anger/a.png", "neutral/b.png", "other/c.png")
]
TEMPLATE: Final = [Block(name, np.arange(3), None) for name in ("a", "b_left")]
BINARY: Final = {"video", "parquet", "features", "checkpoint", "pickle", "image", "submission"}
"""Targets whose files are no text."""

WEIGHTS: Final = {"video": 40, "parquet": 6, "image": 6, "checkpoint": 2}
"""How many of a hundred cases or so a target gets; the others get three."""


def _video(path: Path) -> None:
    with Video(path) as video:
        for frame in video:
            assert frame.image.shape[2] == 3
        assert len(video.warnings) < 9


def _config(path: Path) -> None:
    words = ["annotate", "a.mp4", "--print-config", "--config", str(path)]
    with redirect_stdout(StringIO()):
        get_command(app).main(words, standalone_mode=False)


def _image(path: Path) -> None:
    assert read_image(path).shape[1::-1] == image_size(path)


def _annotation(path: Path) -> None:
    for interval in intervals_of(read_annotation(path), IntervalOptions(min_seconds=0.0)):
        assert interval.start_seconds < interval.end_seconds


def _sources(path: Path) -> None:
    for source in find_sources([f"@{path}"]):
        is_inside = not source.relative.is_absolute() and ".." not in source.key.split("/")
        assert is_inside or source.kind == "missing"


READERS: Final[dict[str, Callable[[Path], object]]] = {
    "video": _video,
    "labels": read_labels,
    "predictions": read_predictions,
    "template": read_template,
    "parquet": _annotation,
    "features": read_features,
    "checkpoint": load_checkpoint,
    "pickle": lambda path: import_checkpoint(path, path.with_suffix(".safetensors")),
    "image": _image,
    "geometry": read_crop_geometry,
    "summary": read_summary,
    "votes": read_votes,
    "split": lambda path: read_split(path, IMAGES),
    "shares": lambda path: read_shares(path, 3),
    "registry": read_registry,
    "config": _config,
    "list": _sources,
    "report": read_report,
    "submission": lambda path: check_submission(path, TEMPLATE),
    "run-log": lambda path: RunLog(path).refresh(),
}
