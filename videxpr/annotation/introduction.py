"""What a run says of itself before its first number: models, detector, device, and warnings."""

from collections.abc import Iterator

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.options import STORED, AnnotateCommand
from videxpr.core.crop_template import UNVERIFIED
from videxpr.core.device import describe, unused_gpu_reason
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.ensemble import partly_known
from videxpr.model.hub.resolve import A_FILE, IN_PACKAGE


def introduction(annotator: Annotator, has_videos: bool) -> str:
    """Return which models and detector work where; a detector only if there are videos."""
    detector = annotator.detector
    models = " + ".join(map(_named, annotator.checkpoints))
    found_by = f"detector {detector.name} on {detector.device}, " if has_videos else ""
    return f"model {models}, {found_by}device {describe(annotator.device)}"


def warnings(
    command: AnnotateCommand, annotator: Annotator, *, has_videos: bool, has_crops: bool
) -> Iterator[str]:
    """Yield what a user should know before the first number.

    Args:
        command: the call.
        annotator: that does it.
        has_videos: whether there are sources whose faces are detected.
        has_crops: whether there are sources without times.
    """
    yield from _warnings_of_models(annotator, has_videos)
    stated = command.model.sha256
    if stated and stated != tuple(one.sha256 for one in annotator.checkpoints):
        yield f"the configuration was made with SHA-256 {' + '.join(stated)}, not with this model"
    options = annotator.options
    if command.annotation.logit_adjustment == STORED and options.logit_adjustment == 0:
        yield "the strength of logit adjustment that the model stores is 0: nothing is adjusted"
    is_left_to_us = (command.run.device, annotator.device.type) == ("auto", "cpu")
    if is_left_to_us and (reason := unused_gpu_reason()):
        yield f"the CPU does the work although there is an NVIDIA GPU: {reason}"
    if options.smooth_seconds and has_crops:
        yield (
            f"crops have no times: {options.faces.crop_fps:g} frames a second are assumed for "
            "smoothing (--crop-fps)"
        )


def _named(checkpoint: Checkpoint) -> str:
    """Return a model's name with its hash and, if it came from elsewhere, where that was."""
    origin = "" if checkpoint.origin in (A_FILE, IN_PACKAGE) else f", {checkpoint.origin}"
    return f"{checkpoint.name} ({checkpoint.sha256[:12]}{origin})"


def _warnings_of_models(annotator: Annotator, has_videos: bool) -> Iterator[str]:
    configs = {one.name: one.model.config for one in annotator.checkpoints}
    if never := annotator.ensemble.untrained:
        names = " + ".join(configs)
        yield f"model {names} was never trained on {', '.join(never)} and never answers it"
    for expression in partly_known(list(configs.values())):
        voters = [name for name, c in configs.items() if expression in c.trained_expressions]
        yield (
            f"only {', '.join(voters)} was trained on {expression}: its probability is the mean over "
            "the models that were"
        )
    unmeasured = [name for name, config in configs.items() if config.crop.name == UNVERIFIED.name]
    if unmeasured and has_videos:
        yield (
            f"nobody measured the crops that {', '.join(unmeasured)} was trained on, and ArcFace's "
            "template is assumed for raw video: find theirs with videxpr crops measure, and give it "
            "to videxpr train clips --geometry"
        )
