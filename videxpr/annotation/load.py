"""From options to an annotator that is ready: the one way, for every command and for Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.options import PAPER_WINDOW, STORED, AnnotationOptions, paper_preset
from videxpr.core.device import use_cpu_threads
from videxpr.core.errors import UsageError
from videxpr.core.stage_timer import StageTimer
from videxpr.faces.detection.load import load_detector
from videxpr.faces.options import FaceOptions
from videxpr.model.checkpoint import Checkpoint, load_checkpoint
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
    options = _for_models(replace(options, faces=faces, keep_features=keep), checkpoints)
    detector = load_detector(options.faces.detection)
    return Annotator(checkpoints, detector, options, stated, timer)


def on_device(faces: FaceOptions, device: str, threads: int) -> FaceOptions:
    """Return options of faces that are decoded and detected on a device, with so many threads."""
    detection = replace(faces.detection, device=device, threads=threads)
    return replace(faces, detection=detection, decoding=replace(faces.decoding, device=device))


def _for_models(options: AnnotationOptions, checkpoints: Sequence[Checkpoint]) -> AnnotationOptions:
    """Take from the models what options leave to them: strength and the preset's window."""
    if options.logit_adjustment == STORED:
        options = replace(options, logit_adjustment=_stored_strength(checkpoints))
    if options.preset != "paper":
        return options
    windows = sorted({one.model.config.window for one in checkpoints})
    if len(windows) > 1:
        raise UsageError(
            f"--preset paper sets the stride to the window, and the models' windows have "
            f"{' and '.join(map(str, windows))} frames; run each model by itself"
        )
    if options.windows.stride not in (PAPER_WINDOW, windows[0]):
        raise UsageError("--preset paper sets the stride to the window; leave out --stride")
    return paper_preset(options, windows[0])


def _stored_strength(checkpoints: Sequence[Checkpoint]) -> float:
    stored = {one.name: one.model.config.logit_adjustment for one in checkpoints}
    if not all(one.model.config.class_shares for one in checkpoints):
        raise UsageError(
            f"nothing is stored for logit adjustment in {' or '.join(stored)}: the share of each "
            "expression among the training labels is unknown; leave out --logit-adjustment"
        )
    if len(set(stored.values())) > 1:
        each = ", ".join(f"{name} {value:g}" for name, value in stored.items())
        raise UsageError(f"the models store different strengths ({each}); give a number")
    return checkpoints[0].model.config.logit_adjustment
