"""videxpr: the facial expression of every frame of your videos.

The names below are the library's public face; each is imported when it is first used, so that
``import videxpr`` and ``videxpr --help`` stay instant.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from videxpr import version as _version

__version__ = _version.VERSION

# Some builds of ONNX Runtime report to Microsoft as soon as they are imported, by whomever; who looks
# at faces tells nobody. Whoever wants it says ORT_DISABLE_TELEMETRY=0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from videxpr.annotate.annotator import Annotator
    from videxpr.annotate.options import AnnotateOptions
    from videxpr.annotation import Annotation, FaceRows
    from videxpr.checkpoint import Checkpoint, load_checkpoint, load_model
    from videxpr.detection import DetectionOptions, load_detector
    from videxpr.expressions import EXPRESSIONS
    from videxpr.model import ExpressionModel, ModelConfig
    from videxpr.sources import Source, find_sources
    from videxpr.structures import Face, Frame
    from videxpr.video import Video
    from videxpr.windows import WindowOptions

__all__ = [
    "EXPRESSIONS",
    "AnnotateOptions",
    "Annotation",
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
    "Annotator": "annotate.annotator",
    "AnnotateOptions": "annotate.options",
    "Annotation": "annotation",
    "FaceRows": "annotation",
    "Checkpoint": "checkpoint",
    "load_checkpoint": "checkpoint",
    "load_model": "checkpoint",
    "DetectionOptions": "detection",
    "load_detector": "detection",
    "EXPRESSIONS": "expressions",
    "ExpressionModel": "model",
    "ModelConfig": "model",
    "Source": "sources",
    "find_sources": "sources",
    "Face": "structures",
    "Frame": "structures",
    "Video": "video",
    "WindowOptions": "windows",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'videxpr' has no attribute {name!r}")
    return getattr(import_module(f"videxpr.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
