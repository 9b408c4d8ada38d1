"""videxpr: the facial expression of every frame of your videos.

    annotation = videxpr.annotate("talk.mp4")
    annotation.to_pandas()

The names below are the library's public face; each is imported when it is first used, so that
``import videxpr`` and ``videxpr --help`` stay instant.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from videxpr.core import version as _version

__version__ = _version.VERSION

# Some builds of ONNX Runtime report to Microsoft as soon as they are imported, by whomever; who looks
# at faces tells nobody. Whoever wants it says ORT_DISABLE_TELEMETRY=0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from videxpr.annotation.annotate import Result, annotate, annotate_many
    from videxpr.annotation.annotator import Annotator
    from videxpr.annotation.options import AnnotationOptions
    from videxpr.core.expressions import EXPRESSIONS
    from videxpr.core.structures import Face, Frame
    from videxpr.evaluation.report import Evaluation
    from videxpr.evaluation.videos import evaluate
    from videxpr.formats.parquet import read_annotation
    from videxpr.formats.record import Annotation, FaceRows
    from videxpr.model.checkpoint import Checkpoint, load_checkpoint, load_model
    from videxpr.model.config import ModelConfig
    from videxpr.model.network import ExpressionModel
    from videxpr.video.reader import Video
    from videxpr.video.search import find_sources
    from videxpr.video.sources import Source

_ROOMS = {
    "annotation.annotate": ("annotate", "annotate_many", "Result"),
    "annotation.annotator": ("Annotator",),
    "annotation.options": ("AnnotationOptions",),
    "core.expressions": ("EXPRESSIONS",),
    "core.structures": ("Face", "Frame"),
    "evaluation.report": ("Evaluation",),
    "evaluation.videos": ("evaluate",),
    "formats.parquet": ("read_annotation",),
    "formats.record": ("Annotation", "FaceRows"),
    "model.checkpoint": ("Checkpoint", "load_checkpoint", "load_model"),
    "model.config": ("ModelConfig",),
    "model.network": ("ExpressionModel",),
    "video.reader": ("Video",),
    "video.search": ("find_sources",),
    "video.sources": ("Source",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "EXPRESSIONS",
    "Annotation",
    "AnnotationOptions",
    "Annotator",
    "Checkpoint",
    "Evaluation",
    "ExpressionModel",
    "Face",
    "FaceRows",
    "Frame",
    "ModelConfig",
    "Result",
    "Source",
    "Video",
    "__version__",
    "annotate",
    "annotate_many",
    "evaluate",
    "find_sources",
    "load_checkpoint",
    "load_model",
    "read_annotation",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'videxpr' has no attribute {name!r}")
    return getattr(import_module(f"videxpr.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
