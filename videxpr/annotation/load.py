"""From options to an annotator that is ready: the one way, for every command and for Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.fingerprint import resolve_options
from videxpr.annotation.options import AnnotationOptions
from videxpr.core.device import use_cpu_threads
from videxpr.core.stage_timer import StageTimer
from videxpr.faces.detection.load import load_detector
from videxpr.faces.identity import load_recognizer
from videxpr.faces.options import FaceOptions
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.hub.resolve import ModelFile


def load_annotator(
    models: Sequence[ModelFile],
    options: AnnotationOptions,
    device: str,
    threads: int,
    *,
    keep_features: bool = False,
    stated: Mapping[str, Any] | None = None,
    timer: StageTimer | None = None,
) -> Annotator:
    """Load models and detector.

    Args:
        models: the files that answer together.
        options: what a user can choose.
        device: where networks run, e.g. ``cuda:0``.
        threads: of each network on the CPU.
        keep_features: whether annotations hold features and logits.
        stated: options beside those, for the metadata.
        timer: that measures the stages, which then do not overlap.

    Raises:
        CheckpointError, DetectorError: a file cannot be read.
        UsageError: the options do not go with the models.
    """
    use_cpu_threads(threads)
    checkpoints = [load_checkpoint(file, device) for file in models]
    faces = on_device(options.faces, device, threads)
    keep = options.keep_features or keep_features
    options = resolve_options(
        replace(options, faces=faces, keep_features=keep),
        {one.name: one.model.config for one in checkpoints},
    )
    detector = load_detector(options.faces.detection)
    recognizer = load_recognizer(options.faces.detection)
    return Annotator(checkpoints, detector, options, stated, timer, recognizer)


def on_device(faces: FaceOptions, device: str, threads: int) -> FaceOptions:
    """Return options of faces that are decoded and detected on a device, with so many threads."""
    detection = replace(faces.detection, device=device, threads=threads)
    return replace(faces, detection=detection, decoding=replace(faces.decoding, device=device))
