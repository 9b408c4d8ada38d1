"""The models and the detector, loaded as `annotate` loads them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.options import AnnotateOptions
from videxpr.core.device import use_cpu_threads
from videxpr.faces.detection.load import Detector, load_detector
from videxpr.model.checkpoint import Checkpoint, load_checkpoint
from videxpr.model.ensemble import Ensemble
from videxpr.model.hub.resolve import ModelFile


@dataclass(frozen=True)
class Tools:
    """What is measured.

    Attributes:
        checkpoints: the models, in the order in which they were given.
        detector: that looks for faces.
        options: how videos are annotated.
        annotator: the pipeline, made of these.
        ensemble: the models as one.
    """

    checkpoints: tuple[Checkpoint, ...]
    detector: Detector
    options: AnnotateOptions
    annotator: Annotator
    ensemble: Ensemble


def load_tools(
    models: Sequence[ModelFile], options: AnnotateOptions, device: str, threads: int
) -> Tools:
    """Load everything, with so many threads on the CPU for each network.

    Raises:
        CheckpointError, DetectorError: a file cannot be read.
        UsageError: the options do not go with the models.
    """
    use_cpu_threads(threads)
    checkpoints = tuple(load_checkpoint(file, device) for file in models)
    detector = load_detector(replace(options.detection, threads=threads))
    annotator = Annotator(checkpoints, detector, options)
    return Tools(checkpoints, detector, options, annotator, annotator.ensemble)
