"""videxpr: the facial expression of every frame of your videos.

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
    from videxpr.annotation.annotator import Annotator
    from videxpr.annotation.options import AnnotationOptions
    from videxpr.core.expressions import EXPRESSIONS
    from videxpr.core.structures import Face, Frame
    from videxpr.faces.detection.load import load_detector
    from videxpr.faces.options import DetectionOptions
    from videxpr.formats.record import Annotation, FaceRows
    from videxpr.model.checkpoint import Checkpoint, load_checkpoint, load_model
    from videxpr.model.network import ExpressionModel, ModelConfig
    from videxpr.temporal.options import WindowOptions
    from videxpr.video.reader import Video
    from videxpr.video.sources import Source, find_sources

__all__ = [
    "EXPRESSIONS",
    "Annotation",
    "AnnotationOptions",
    "Annotator",
    "Checkpoint",
    "DetectionOptions",
    "ExpressionModel",
    "Face",
    "FaceRows",
    "Frame",
    "ModelConfig",
    "Source",
    "Video",
    "WindowOptions",
    "__version__",
    "find_sources",
    "load_checkpoint",
    "load_detector",
    "load_model",
]

_HOMES = {
    "Annotator": "annotation.annotator",
    "AnnotationOptions": "annotation.options",
    "Annotation": "formats.record",
    "FaceRows": "formats.record",
    "Checkpoint": "model.checkpoint",
    "load_checkpoint": "model.checkpoint",
    "load_model": "model.checkpoint",
    "DetectionOptions": "faces.detection.load",
    "load_detector": "faces.detection.load",
    "EXPRESSIONS": "core.expressions",
    "ExpressionModel": "model.network",
    "ModelConfig": "model.config",
    "Source": "video.sources",
    "find_sources": "video.sources",
    "Face": "core.structures",
    "Frame": "core.structures",
    "Video": "video.reader",
    "WindowOptions": "temporal.windows",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'videxpr' has no attribute {name!r}")
    return getattr(import_module(f"videxpr.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
